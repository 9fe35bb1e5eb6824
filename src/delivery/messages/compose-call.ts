import type { OutboundMessage, SpeechPart, SpokenScript } from '../provider.ts';
import { LOCALES, loadLocale } from '../wording/locales.ts';
import { matchLocale } from '../wording/match-locale.ts';
import type { CallContent, MessageContent } from './content.ts';
import { hasWords } from './read-call.ts';

/** Numbers of so many digits are no amounts: they are said digit by digit. */
const LONG_NUMBER = /(?<![\d.,])(\d{6,})(?![\d]|[.,]\d)/u;

/** What a call says that is no code. */
export async function composeCall(
  { text, call }: MessageContent & { call: CallContent },
  locale: string,
): Promise<Pick<OutboundMessage, 'text' | 'script'>> {
  const { recording, repeats, pressKey, optOutKey, brand, pace, voice } = call;
  const { name } = matchLocale(locale, (known) => LOCALES.has(known));
  const wording = hasWords(locale) ? await loadLocale(name) : null;
  const prompt = (words: string | undefined, key: string) => ({ key, prompt: words?.replace('{key}', key) ?? '' });
  const script: SpokenScript = {
    locale,
    // Who is asked to press a key is told who is calling.
    greeting: pressKey === undefined ? '' : [wording?.hello, brand && `${brand}.`].filter(Boolean).join(' '),
    ...(pressKey !== undefined && { gate: prompt(wording?.pressForMessage, pressKey) }),
    body: recording ? [{ recording: recording.id }] : partsOf(text),
    repeats,
    goodbye: wording?.goodbye ?? '',
    ...(optOutKey !== undefined && { optOut: prompt(wording?.pressToStop, optOutKey) }),
    ...(pace !== undefined && { pace }),
    ...(voice !== undefined && { voice }),
  };
  const said = recording ? `(${recording.id}, ${Math.round(recording.seconds)} s)` : text;
  // The words of the gate are not among them, as with codes.
  return { text: [said, script.optOut?.prompt].filter(Boolean).join(' '), script };
}

function partsOf(text: string): SpeechPart[] {
  return text.split(LONG_NUMBER).flatMap((piece, at): SpeechPart[] => {
    if (at % 2 === 1) return [{ digits: piece }];
    const say = piece.replaceAll(/\s+/gu, ' ').trim();
    return say === '' ? [] : [{ say }];
  });
}
