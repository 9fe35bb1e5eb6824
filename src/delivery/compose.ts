import { cleanText } from '../lib/text/clean.ts';
import { measureText } from '../lib/text/encode-text.ts';
import { messagesFor } from './locale.ts';
import type { Messages } from './messages.ts';
import type { OutboundMessage } from './provider.ts';

export interface CodeText {
  channel: OutboundMessage['channel'];
  code: string;
  locale: string;
  brand: string;
  /** What the code is bound to: shown first, amount and payee before the rest (Regulation (EU) 2018/389, Art. 5(1)(a)). */
  context: Record<string, string> | null;
  /** Host for the WebOTP line. */
  origin?: string;
  androidAppHash?: string;
  validitySeconds: number;
}

/** The text of a code message and the locale it is really in. Values are data: one line each, nothing interpreted. */
export function composeCode(message: CodeText): { text: string; locale: string } {
  const { tag, words } = messagesFor(message.locale);
  return { text: composers[message.channel](message, words), locale: tag };
}

const composers = {
  sms: composeSms,
  voice: composeScript,
  email: (message, words) => composeLines(message, words, 3, []).join('\n\n'),
  whatsapp: (message, words) => composeLines(message, words, 3, []).join('\n'),
  telegram: (message, words) => composeLines(message, words, 3, []).join('\n'),
} satisfies Record<OutboundMessage['channel'], (message: CodeText, words: Messages) => string>;

/** Google's SMS Retriever reads no longer message. */
const ANDROID_MAX_BYTES = 140;
const ANDROID_HASH = /^[A-Za-z0-9+/]{11}$/;
const HOST = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/;

function composeSms(message: CodeText, words: Messages): string {
  const { origin, androidAppHash } = message;
  // https://wicg.github.io/sms-one-time-codes/: the origin-bound line is the last one.
  const webOtp = origin !== undefined && HOST.test(origin) ? [`@${origin} #${message.code}`] : [];
  const sms = (sentences: number, tail: string[]) => composeLines(message, words, sentences, tail).join('\n');
  if (androidAppHash !== undefined && ANDROID_HASH.test(androidAppHash)) {
    const tail = [androidAppHash, ...webOtp];
    const candidates = [shortest(sms(3, tail), sms(2, tail)), sms(2, tail), sms(1, tail)];
    const readable = candidates.find((text) => Buffer.byteLength(text) <= ANDROID_MAX_BYTES);
    if (readable !== undefined) return readable;
  }
  return shortest(sms(3, webOtp), sms(2, webOtp));
}

/** The warning goes along only where it does not cost a segment. */
function shortest(full: string, brief: string): string {
  return measureText(full).segments > measureText(brief).segments ? brief : full;
}

/** `sentences`: 1 = the code, 2 = and how long it lives, 3 = and the warning. */
function composeLines(message: CodeText, words: Messages, sentences: number, tail: string[]): string[] {
  const show = (value: string) => isolate(cleanText(value), words);
  const facts = contextLines(message.context, words, show);
  const lead = facts.length > 0 ? words.confirm : words.code;
  const code = lead(show(message.brand), message.code);
  const text = [code, words.expires(minutesOf(message.validitySeconds)), words.secret].slice(0, sentences);
  return [...facts, text.join(words.space), ...tail];
}

function composeScript(message: CodeText, words: Messages): string {
  const digits = [...message.code].join(words.pause);
  const brand = cleanText(message.brand);
  const facts = contextLines(message.context, words, cleanText);
  const lead = facts.length > 0 ? words.spokenConfirm : words.spokenCode;
  return [...facts.map((fact) => `${fact}.`), lead(brand, digits), words.again(digits)].join(' ');
}

function contextLines(
  context: Record<string, string> | null,
  words: Messages,
  show: (value: string) => string,
): string[] {
  const { amount, currency, payee, ...rest } = context ?? {};
  const lines: string[] = [];
  const sum = [amount, currency].filter(Boolean).join(' ');
  if (sum) lines.push(words.amount(show(sum)));
  if (payee) lines.push(words.payee(show(payee)));
  for (const [name, value] of Object.entries(rest)) lines.push(`${cleanText(name)}: ${show(value)}`);
  return lines;
}

const RTL_LETTER = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;
const ONE_RUN = /^([\p{Script=Latin} ]+|[\p{Script=Arabic} ]+|\d+)$/u;

/**
 * First-strong isolates (UAX #9) around a value that would be shown in the wrong order: right-to-left letters in other
 * text, and in right-to-left text whatever mixes letters, digits and signs. Both are UCS-2 already.
 */
function isolate(value: string, words: Messages): string {
  const needed = words.rtl ? !ONE_RUN.test(value) : RTL_LETTER.test(value);
  return needed ? `\u2068${value}\u2069` : value;
}

const GRACE_SECONDS = 5;

/** Never promises more than the code has, but for the seconds that the send itself took. */
function minutesOf(validitySeconds: number): number {
  return Math.max(1, Math.floor((validitySeconds + GRACE_SECONDS) / 60));
}
