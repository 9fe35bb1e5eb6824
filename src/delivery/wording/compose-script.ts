import type { SpokenPart, SpokenScript } from '../provider.ts';
import type { CodeText, ComposedCode, Language, SpokenManner } from './code-text.ts';
import { contextLines, renderLine } from './line.ts';
import { type Show, showPlain } from './show.ts';
import type { Wording } from './wording.ts';

const PAUSE = ', ';
const PAUSE_MS = 700;
/** Stands where digits are spoken; neither a template nor a value has control characters. */
const DIGITS = '\u0001';

/** What a call says: the digits one by one, twice unless the policy says otherwise. */
export function composeScript(message: CodeText, { tag, wording }: Language): ComposedCode {
  const { code, context, voice } = message;
  const brand = voice?.brand ?? message.brand;
  const facts = contextLines(context, wording);
  const lead = facts.length > 0 ? wording.spokenConfirm : wording.spokenCode;
  const say = (text: string) => renderLine({ text, values: { brand, digits: code } }, showSpoken);
  const again = Array.from({ length: (voice?.repeats ?? DEFAULT_REPEATS) - 1 }, () => say(wording.again));
  const sentences = [...facts.map((line) => `${renderLine(line, showPlain)}.`), say(lead), ...again];
  return {
    // The words of the gate are not among them: what is read out here is what the key would let be heard.
    text: [wording.hello, ...sentences.map((text) => readOut(text, code, wording)), wording.goodbye].join(' '),
    locale: tag,
    script: {
      ...gateOf(voice, brand, wording),
      locale: tag,
      body: sentences.flatMap((text) => partsOf(text, code)),
      repeats: 1,
      goodbye: wording.goodbye,
      ...mannerOf(voice),
    },
  };
}

/** The same of a text that was rendered with `showSpoken`. */
export function toScript(
  text: string,
  { code, brand, voice }: Pick<CodeText, 'code' | 'brand' | 'voice'>,
  { tag, wording }: Language,
): ComposedCode {
  const said = text.split(DIGITS).length - 1;
  const gated = gateOf(voice, voice?.brand ?? brand, wording);
  return {
    text: readOut(text, code, wording),
    locale: tag,
    script: {
      // A template has a greeting of its own; before a gate it is not heard.
      ...(gated.gate ? gated : { greeting: '' }),
      locale: tag,
      body: partsOf(text, code),
      repeats: Math.ceil((voice?.repeats ?? 1) / Math.max(1, said)),
      goodbye: '',
      ...mannerOf(voice),
    },
  };
}

const DEFAULT_REPEATS = 2;

/** Who is asked to press a key is told who is calling. */
function gateOf(
  voice: SpokenManner | undefined,
  brand: string,
  wording: Wording,
): Pick<SpokenScript, 'greeting' | 'gate'> {
  const key = voice?.pressKey ?? null;
  if (key === null) return { greeting: wording.hello };
  const prompt = renderLine({ text: wording.pressToHear, values: { key } }, showPlain);
  return { greeting: `${wording.hello} ${showPlain(brand, 'brand')}.`, gate: { key, prompt } };
}

function mannerOf(voice: SpokenManner | undefined): Pick<SpokenScript, 'pace' | 'voice'> {
  return {
    ...(voice && voice.pace !== 1 && { pace: voice.pace }),
    ...(voice && voice.voice !== null && { voice: voice.voice }),
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
