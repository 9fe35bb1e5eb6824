import { HOST_NAME } from '../../lib/host-name.ts';
import { measureText } from '../../lib/text/encode-text.ts';

export interface SmsBinding {
  code: string;
  origin?: string;
  androidAppHash?: string;
}

export interface BoundSms {
  text: string;
  /** The text is too long to be read by an Android app, so its hash was left out. */
  hashLeftOut: boolean;
}

/** Google's SMS Retriever reads no longer message. */
const ANDROID_MAX_BYTES = 140;
const ANDROID_HASH = /^[A-Za-z0-9+/]{11}$/;

/**
 * Appends what browsers and apps read by themselves, always as the last lines. `bodies`: the text, then shorter ones
 * that are taken where they save a segment. `shortest` is for the 140 bytes of Android alone.
 */
export function bindSms(bodies: readonly string[], shortest: readonly string[], binding: SmsBinding): BoundSms {
  const { code, origin, androidAppHash } = binding;
  // https://wicg.github.io/sms-one-time-codes/: the origin-bound line is the last one.
  const webOtp = origin !== undefined && HOST_NAME.test(origin) ? [`@${origin} #${code}`] : [];
  const withTail = (body: string, tail: readonly string[]) => [unbind(body), ...tail].join('\n');
  if (androidAppHash !== undefined && ANDROID_HASH.test(androidAppHash)) {
    const fitting = (texts: readonly string[]) =>
      texts
        .map((body) => withTail(body, [androidAppHash, ...webOtp]))
        .filter((text) => Buffer.byteLength(text) <= ANDROID_MAX_BYTES);
    const text = fewestSegments(fitting(bodies)) ?? fewestSegments(fitting(shortest));
    if (text !== null) return { text, hashLeftOut: false };
  }
  const text = fewestSegments(bodies.map((body) => withTail(body, webOtp))) ?? '';
  return { text, hashLeftOut: androidAppHash !== undefined };
}

/** What binds a code to an origin, for one parser or another, wherever in the text it stands. */
export const BOUND_LINE = /(?<=^|\s)@[^\t\n\f\r ]+(?: #[^\t\n\f\r ]*)+/m;
const EACH_BOUND_LINE = new RegExp(BOUND_LINE, 'gm');

/**
 * Nobody but `bindSms` binds a code to an origin: without its space a value's or a template's `@host #code` is one to
 * no parser. The specification looks at the last line only; Chromium takes the first match in the whole text.
 */
function unbind(body: string): string {
  return body.replace(EACH_BOUND_LINE, (found) => found.replaceAll(' #', '#'));
}

function fewestSegments(texts: readonly string[]): string | null {
  let best: { text: string; segments: number } | null = null;
  for (const text of texts) {
    const { segments } = measureText(text);
    if (!best || segments < best.segments) best = { text, segments };
  }
  return best?.text ?? null;
}
