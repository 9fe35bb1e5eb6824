/**
 * What must not reach a message from a value: control characters, line and paragraph separators, lone surrogates,
 * and formatting characters (bidirectional overrides hide text) except the joiners that scripts and emoji need.
 */
const UNSAFE = /[[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]--[\u200c\u200d]]+/gv;

/** One line of visible text, nothing interpreted. */
export function cleanText(value: string): string {
  return value.replace(UNSAFE, ' ').replace(/\s+/gu, ' ').trim();
}
