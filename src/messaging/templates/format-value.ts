import { findUnsendable } from './check-text.ts';
import type { Money, Value, Variable } from './template.ts';

export type Formatted = { kind: 'ok'; text: string } | { kind: 'invalid'; message: string };

export const MAX_STRING = 255;
export const MAX_URL = 1_000;
const DECIMAL = /^-?\d{1,15}(?:\.\d{1,6})?$/;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
/** RFC 3339 §5.6. */
const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;
const HOST = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{1,59})$/;

const ok = (text: string): Formatted => ({ kind: 'ok', text });
const invalid = (message: string): Formatted => ({ kind: 'invalid', message });

/** A value as readers of the locale write it; or what is wrong with it. */
export function formatValue(variable: Variable, value: Value, locale: string): Formatted {
  switch (variable.type) {
    case 'string':
      return formatString(value, variable.max_length ?? MAX_STRING);
    case 'number':
      return formatNumber(value, variable.decimals, locale);
    case 'date':
      return formatDate(value, variable, locale);
    case 'money':
      return formatMoney(value, locale);
    case 'url':
      return formatUrl(value, variable.hosts);
  }
}

function formatString(value: Value, maxLength: number): Formatted {
  if (typeof value !== 'string') return invalid('is not a text');
  if (value.trim() === '') return invalid('is empty');
  if ([...value].length > maxLength) return invalid(`is longer than ${maxLength} characters`);
  const found = findUnsendable(value);
  return found === null ? ok(value) : invalid(found);
}

function formatNumber(value: Value, decimals: number | undefined, locale: string): Formatted {
  const number = readDecimal(value);
  if (number === null) return invalid('is not a number');
  const digits = decimals === undefined ? { maximumFractionDigits: 6 } : fixed(decimals);
  return ok(numberFormat(locale, digits).format(number));
}

const fixed = (decimals: number) => ({ minimumFractionDigits: decimals, maximumFractionDigits: decimals });

/** Decimal text stays exact: no binary fraction comes between. */
function readDecimal(value: Value): `${number}` | null {
  if (typeof value === 'object') return null;
  const text = typeof value === 'number' ? plainDecimal(value) : value;
  return DECIMAL.test(text) ? (text as `${number}`) : null;
}

function plainDecimal(value: number): string {
  const text = String(value);
  return text.includes('e') ? String(Number(value.toFixed(6))) : text;
}

function formatMoney(value: Value, locale: string): Formatted {
  if (typeof value !== 'object') return invalid('is not an amount with its currency');
  const { amount, currency }: Money = value;
  const number = readDecimal(amount);
  if (number === null) return invalid('has an amount that is not a decimal number');
  if (!CURRENCIES.has(currency)) return invalid(`has no currency of ISO 4217: ${currency.slice(0, 3)}`);
  return ok(numberFormat(locale, { style: 'currency', currency }).format(number));
}

const CURRENCIES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

function formatDate(value: Value, variable: Extract<Variable, { type: 'date' }>, locale: string): Formatted {
  if (typeof value !== 'string') return invalid('is not a date');
  const { format = 'date', style = 'long', time_zone: timeZone = 'UTC' } = variable;
  const isDay = DATE.test(value);
  if (isDay && format !== 'date') return invalid('needs a time: RFC 3339');
  if (!isDay && !DATE_TIME.test(value)) return invalid('is not a date (2027-01-31) nor a time (RFC 3339)');
  const at = Date.parse(value);
  // The 31st of February is parsed as a day of March.
  if (Number.isNaN(at) || Number(value.slice(8, 10)) > daysIn(value)) return invalid('is no day of the calendar');
  const shown = {
    ...(format !== 'time' && { dateStyle: style }),
    ...(format !== 'date' && { timeStyle: 'short' as const }),
    // A day is the same day everywhere.
    timeZone: isDay ? 'UTC' : timeZone,
  };
  return ok(dateFormat(locale, shown).format(at));
}

function daysIn(date: string): number {
  return new Date(Date.UTC(Number(date.slice(0, 4)), Number(date.slice(5, 7)), 0)).getUTCDate();
}

function formatUrl(value: Value, hosts: readonly string[] | undefined): Formatted {
  if (typeof value !== 'string') return invalid('is not a URL');
  if (value.length > MAX_URL) return invalid(`is longer than ${MAX_URL} characters`);
  const url = URL.parse(value);
  if (url?.protocol !== 'https:') return invalid('is not a URL that begins with https://');
  if (url.username !== '' || url.password !== '') return invalid('names a user, which hides where it leads');
  if (!HOST.test(url.hostname)) return invalid('does not lead to a host name');
  if (hosts && !hosts.some((host) => isWithin(url.hostname, host))) {
    return invalid(`leads to ${url.hostname.slice(0, 60)}, which is none of the variable’s hosts`);
  }
  // As parsed: what was checked is what is sent.
  return url.href.length > MAX_URL ? invalid(`is longer than ${MAX_URL} characters`) : ok(url.href);
}

const isWithin = (hostname: string, host: string) => hostname === host || hostname.endsWith(`.${host}`);

/** Making a formatter costs more than using it a hundred times. */
const numberFormat = remembering((locale, options: Intl.NumberFormatOptions) => new Intl.NumberFormat(locale, options));
const dateFormat = remembering(
  (locale, options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, options),
);

const MAX_REMEMBERED = 500;

function remembering<Options, Format>(make: (locale: string, options: Options) => Format) {
  const known = new Map<string, Format>();
  return (locale: string, options: Options): Format => {
    const key = `${locale} ${JSON.stringify(options)}`;
    const found = known.get(key) ?? make(locale, options);
    if (known.size >= MAX_REMEMBERED) known.clear();
    known.set(key, found);
    return found;
  };
}
