import type { SpeechPart } from '../provider.ts';

const BETWEEN_DIGITS_MS = 350;
const BETWEEN_PARTS_MS = 200;

/**
 * The inside of `<speak>` (W3C SSML 1.1): text, breaks and, where a pace is asked for, one prosody around it all.
 * Digits stand alone between breaks: every voice reads them one by one then, whatever it makes of `say-as`.
 */
export function toSsml(parts: readonly SpeechPart[], pace = 1): string {
  const said = parts.map(partToSsml).join(pause(BETWEEN_PARTS_MS));
  return pace === 1 || said === '' ? said : `<prosody rate="${Math.round(pace * 100)}%">${said}</prosody>`;
}

function partToSsml(part: SpeechPart): string {
  if ('pauseMs' in part) return pause(part.pauseMs);
  return 'digits' in part ? [...part.digits].map(escapeXml).join(pause(BETWEEN_DIGITS_MS)) : escapeXml(part.say);
}

const pause = (ms: number) => `<break time="${Math.round(ms)}ms"/>`;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** For text and attributes; characters that XML 1.0 does not have are left out (§2.2). */
export function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
    .replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? '');
}

/** For voices that take plain text only: a comma is heard as a pause. */
export function toPlainSpeech(parts: readonly SpeechPart[], locale: string): string {
  const comma = commaOf(locale);
  return parts
    .flatMap((part) => ('pauseMs' in part ? [] : 'digits' in part ? `${[...part.digits].join(comma)}.` : part.say))
    .join(' ');
}

function commaOf(locale: string): string {
  const [language = ''] = locale.toLowerCase().split('-');
  if (['zh', 'ja', 'yue'].includes(language)) return '、';
  return ['ar', 'fa', 'ur'].includes(language) ? '، ' : ', ';
}
