import { createHmac, type KeyObject } from 'node:crypto';
import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { readE164 } from './read-e164.ts';

export interface Phone {
  /** E.164: `+` and up to 15 digits. The only form that is stored. */
  e164: string;
  /** Country code and last two digits, for events: +33612345678 → +33*******78 */
  masked: string;
  /** ISO 3166-1 alpha-2, null for numbers of no country (+883 …). */
  country: string | null;
}

/** ASCII only: other digits look alike and would be a second spelling of one number. */
const SHAPE = /^[+0-9().\-/ ]{3,40}$/;

/** Mexico dropped the 1 of mobile numbers in 2019; address books have not. */
const OLD_MEXICAN_MOBILE = /^\+521(\d{10})$/;
/** Argentina dials its mobiles with a 9 from abroad and without it at home: +54 9 11 … and +54 11 … are one line. */
const ARGENTINE_MOBILE = /^\+549(\d{10})$/;

/**
 * Parses any common spelling of an international number; with a country (ISO 3166-1 alpha-2) also as it is dialled
 * there. Null when it is not a valid one.
 */
export function parsePhone(input: string, country: string | null = null): Phone | null {
  if (!SHAPE.test(input)) return null;
  const digits = input.replace(/[^+0-9]/g, '');
  const text = digits.replace(OLD_MEXICAN_MOBILE, '+52$1');
  const read = readE164(text);
  if (read) return { e164: text, masked: mask(text, read.callingCode.length + 1), country: read.country };
  const parsed = parsePhoneNumberFromString(text, (country ?? undefined) as CountryCode | undefined);
  if (!parsed?.isValid() || parsed.ext) return null;
  const { number: e164, countryCallingCode } = parsed;
  return { e164, masked: mask(e164, countryCallingCode.length + 1), country: parsed.country ?? null };
}

function mask(e164: string, shown: number): string {
  return e164.slice(0, shown) + '*'.repeat(Math.max(0, e164.length - shown - 2)) + e164.slice(-2);
}

/** Still personal data (a hash of a phone number can be tried out), hence keyed. */
export function hashPhone(key: KeyObject, e164: string): string {
  return createHmac('sha256', key).update(lineOf(e164)).digest('base64url');
}

/** The same for the block of numbers it belongs to: all but the last four digits. */
export function hashPhonePrefix(key: KeyObject, e164: string): Buffer {
  return createHmac('sha256', key)
    .update(`prefix\0${lineOf(e164).slice(0, -4)}`)
    .digest();
}

/** What is limited, locked and found: one for all numbers that ring the same phone. Sent to is the number as given. */
function lineOf(e164: string): string {
  return e164.replace(ARGENTINE_MOBILE, '+54$1');
}
