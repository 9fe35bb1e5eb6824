import type { Price } from '../../provider.ts';
import { readText } from './read-value.ts';

/** What carriers tell beside a status. Each is left out when it is not what it should be. */

const DECIMAL = /^[+-]?(\d{1,9}(?:\.\d{1,12})?)$/;

/** Some carriers write what they take from us as a negative amount. */
export function readPrice(amount: unknown, currency: unknown): Price | undefined {
  const text = typeof amount === 'number' && Math.abs(amount) < 1e9 ? plainDecimal(amount) : readText(amount);
  const digits = text === undefined ? undefined : DECIMAL.exec(text)?.[1];
  const iso = readText(currency)?.toUpperCase();
  return digits !== undefined && iso !== undefined && /^[A-Z]{3}$/.test(iso)
    ? { amount: digits, currency: iso }
    : undefined;
}

/** Small numbers would otherwise be written as 7.5e-7. */
function plainDecimal(amount: number): string {
  return amount.toFixed(12).replace(/\.?0+$/, '');
}

/** `20801`, or mobile country code and network code apart, the latter perhaps without its leading zero. */
export function readMccMnc(value: unknown, mnc?: unknown): string | undefined {
  const text = readText(value) ?? '';
  const network = readText(mnc);
  const joined = network === undefined ? text : `${text}${network.padStart(2, '0')}`;
  return /^[2-79]\d{4,5}$/.test(joined) ? joined : undefined;
}

const EARLIEST = Date.UTC(2000);
const LATEST = Date.UTC(2100);

/** ISO 8601 and its kin; a time without a zone is UTC. ms. */
export function readTime(value: unknown): number | undefined {
  const text = readText(value)?.trim() ?? '';
  const bare = /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?$/.test(text);
  return withinReason(Date.parse(bare ? `${text.replace(' ', 'T')}Z` : text));
}

/** Seconds since 1970, as a number or as digits. ms. */
export function readUnixSeconds(value: unknown): number | undefined {
  const text = readText(value) ?? '';
  return /^\d{1,12}(\.\d+)?$/.test(text) ? withinReason(Math.round(Number(text) * 1_000)) : undefined;
}

function withinReason(at: number): number | undefined {
  return at >= EARLIEST && at <= LATEST ? at : undefined;
}
