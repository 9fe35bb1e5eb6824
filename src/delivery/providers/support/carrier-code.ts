import { readText } from './read-value.ts';

/**
 * A carrier's own code or word for something, kept only when it is one: short, of few kinds of characters, and without
 * a run of digits that could be a phone number.
 */
export function readCarrierCode(value: unknown): string | undefined {
  const code = readText(value) ?? '';
  return /^[\w.:-]{1,40}$/.test(code) && !/\d{9}/.test(code) ? code : undefined;
}
