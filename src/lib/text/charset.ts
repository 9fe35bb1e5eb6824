import { graphemesOf } from './graphemes.ts';
import { encodeLatin1, isLatin1 } from './latin1.ts';
import { type NationalShift, septetTableOf } from './national-shift.ts';
import { countSeptets, encodeSeptets, endOfSeptets, hasCharacter } from './septet-table.ts';
import { encodeUcs2 } from './ucs2.ts';

/** How a text can be written: its units (septets or UTF-16 units), and where it may be cut. */
export interface Charset {
  encoding: 'gsm7' | 'ucs2';
  shift: NationalShift;
  has(unit: number): boolean;
  /** Null when it cannot be written so. */
  count(text: string): number | null;
  /** Parts of at most `room` units that join to the text. */
  split(text: string, room: number): string[];
  encode(text: string, units: number): Uint8Array;
}

export function gsm7(shift: NationalShift = {}): Charset {
  const table = septetTableOf(shift);
  return {
    encoding: 'gsm7',
    shift,
    has: (unit) => hasCharacter(table, unit),
    count: (text) => countSeptets(table, text),
    split: (text, room) =>
      cut(text, (start) => {
        const end = endOfSeptets(table, text, start, room);
        // The only grapheme of two characters that the tables can write.
        const cutsLineEnd = end - 1 > start && text[end - 1] === '\r' && text[end] === '\n';
        return cutsLineEnd ? end - 1 : end;
      }),
    encode: (text, septets) => encodeSeptets(table, text, septets),
  };
}

/**
 * What both the default alphabet and ISO 8859-1 hold, for carriers that take the one and send the other: counted and
 * cut in septets, written in octets of Latin-1.
 */
export function latin1(): Charset {
  const septets = gsm7();
  return {
    ...septets,
    has: (unit) => unit <= 0xff && septets.has(unit),
    count: (text) => (isLatin1(text) ? septets.count(text) : null),
    encode: encodeLatin1,
  };
}

export const ucs2: Charset = {
  encoding: 'ucs2',
  shift: {},
  has: () => true,
  count: (text) => text.length,
  split(text, room) {
    const graphemeAt = graphemesOf(text);
    return cut(text, (start) => {
      const end = start + room;
      if (end >= text.length) return text.length;
      const grapheme = graphemeAt(end);
      return grapheme.start > start ? grapheme.start : startOfCodePoint(text, end);
    });
  },
  encode: encodeUcs2,
};

function cut(text: string, endOf: (start: number) => number): string[] {
  const parts: string[] = [];
  for (let start = 0; start < text.length; ) {
    const end = endOf(start);
    parts.push(text.slice(start, end));
    start = end;
  }
  return parts;
}

/** The text is well-formed: a low surrogate has its high one before it. */
function startOfCodePoint(text: string, index: number): number {
  const unit = text.charCodeAt(index);
  return unit >= 0xdc00 && unit <= 0xdfff ? index - 1 : index;
}
