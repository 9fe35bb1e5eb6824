import type { SpokenPart } from '../provider.ts';
import type { CodeText, ComposedCode, Language } from './code-text.ts';
import { contextLines, renderLine } from './line.ts';
import { type Show, showPlain } from './show.ts';
import type { Wording } from './wording.ts';

const PAUSE = ', ';
const PAUSE_MS = 700;
/** Stands where digits are spoken; neither a template nor a value has control characters. */
const DIGITS = '\u0001';

/** What a call says: the digits one by one, twice. */
export function composeScript({ code, brand, context }: CodeText, { tag, wording }: Language): ComposedCode {
  const facts = contextLines(context, wording);
  const lead = facts.length > 0 ? wording.spokenConfirm : wording.spokenCode;
  const say = (text: string) => renderLine({ text, values: { brand, digits: code } }, showSpoken);
  const sentences = [...facts.map((line) => `${renderLine(line, showPlain)}.`), say(lead), say(wording.again)];
  return {
    text: [wording.hello, ...sentences.map((text) => readOut(text, code, wording)), wording.goodbye].join(' '),
    locale: tag,
    script: {
      locale: tag,
      greeting: wording.hello,
      body: sentences.flatMap((text) => partsOf(text, code)),
      repeats: 1,
      goodbye: wording.goodbye,
    },
  };
}

/** The same of a text that was rendered with `showSpoken`. */
export function toScript(text: string, code: string, { tag, wording }: Language): ComposedCode {
  return {
    text: readOut(text, code, wording),
    locale: tag,
    script: { locale: tag, greeting: '', body: partsOf(text, code), repeats: 1, goodbye: '' },
  };
}

export const showSpoken: Show = (value, name) =>
  name === 'digits' || name === 'code' ? DIGITS : showPlain(value, name);

function readOut(text: string, code: string, { pause = PAUSE }: Pick<Wording, 'pause'>): string {
  return text.replaceAll(DIGITS, [...code].join(pause));
}

/** The end of the sentence that the digits were in. */
const AFTER_DIGITS = /^[\s.,;:!?。、，।۔።։፣،]+/u;

function partsOf(text: string, code: string): SpokenPart[] {
  const parts = text.split(DIGITS).flatMap((piece): SpokenPart[] => {
    const words = piece.replace(AFTER_DIGITS, '').replaceAll('\n', ' ').trim();
    return [...(words === '' ? [] : [{ say: words }]), { digits: code }, { pauseMs: PAUSE_MS }];
  });
  return parts.slice(0, -2);
}
