import { cleanText } from '../../lib/text/clean.ts';

/** How a value is written into a text; `name` is that of its place. */
export type Show = (value: string, name: string) => string;

const RTL_LETTER =
  /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;
const ONE_RUN = /^([\p{Script=Latin} ]+|[\p{Script=Arabic} ]+|[\p{Script=Hebrew} ]+|\d+)$/u;

/**
 * Values as visible text of one line, in first-strong isolates (UAX #9) where they would be shown in the wrong order:
 * right-to-left letters in other text, and in right-to-left text whatever mixes letters, digits and signs. Both are
 * UCS-2 already.
 */
export function showIn({ rtl }: { rtl: boolean }): Show {
  return (value) => {
    const cleaned = cleanText(value);
    const mixed = rtl ? !ONE_RUN.test(cleaned) : RTL_LETTER.test(cleaned);
    return mixed ? `\u2068${cleaned}\u2069` : cleaned;
  };
}

/** For texts that are read out. */
export const showPlain: Show = cleanText;
