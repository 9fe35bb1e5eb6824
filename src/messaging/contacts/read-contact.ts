import type { KeyObject } from 'node:crypto';
import type { FieldError } from '../../lib/errors.ts';
import { newId } from '../../lib/ids.ts';
import { type Attributes, checkAttribute } from './attributes.ts';
import { ADDRESS_KINDS, type AddressKind, type AttributeValue, type ContactDraft } from './contact.ts';
import { readAddress } from './read-address.ts';
import { isTimeZone } from './time-zone.ts';

/** As the API and imports give it. */
export interface ContactInput extends Partial<Record<AddressKind, string | null>> {
  external_id?: string | null;
  attributes?: Record<string, unknown>;
  locale?: string | null;
  country?: string | null;
  time_zone?: string | null;
  tags?: readonly string[];
}

/**
 * Parses and checks what a schema cannot. Nothing is thrown: of many contacts the others may be good. Numbers are
 * international ones, or of `country`.
 */
export function readContact(
  hashKey: KeyObject,
  defined: Attributes,
  input: ContactInput,
  id: string = newId('con'),
  country: string | null = null,
): { draft: ContactDraft; errors: FieldError[] } {
  const errors: FieldError[] = [];
  const fail = (pointer: string, message: string) => {
    errors.push({ pointer, message });
  };

  const addresses: ContactDraft['addresses'] = {};
  let numberCountry: string | null = null;
  for (const kind of ADDRESS_KINDS) {
    const text = input[kind];
    if (text === undefined) continue;
    const read = text === null ? null : readAddress(hashKey, kind, text, country);
    if (text !== null && read === null) fail(`/${kind}`, wrongAddress(kind, text, country));
    addresses[kind] = read && { address: read.address, hash: read.hash };
    numberCountry ??= read?.country ?? null;
  }

  const attributes: Record<string, AttributeValue | null> = {};
  for (const [name, value] of Object.entries(input.attributes ?? {})) {
    const type = defined.get(name);
    const wrong = type === undefined ? 'is not defined' : value === null ? null : checkAttribute(type, value);
    if (wrong !== null) fail(`/attributes/${name}`, wrong);
    else attributes[name] = value as AttributeValue | null;
  }

  const locale = input.locale && canonicalLocale(input.locale);
  if (input.locale && !locale) fail('/locale', 'is not a language tag');
  if (input.country && !isCountry(input.country)) fail('/country', 'is not a country of ISO 3166-1');
  if (input.time_zone && !isTimeZone(input.time_zone)) fail('/time_zone', 'is not an IANA time zone');

  const draft: ContactDraft = { id, addresses, attributes, numberCountry, tags: [...new Set(input.tags)] };
  if (input.external_id !== undefined) draft.externalId = input.external_id;
  if (locale !== undefined) draft.locale = locale || null;
  if (input.country !== undefined) draft.country = input.country;
  if (input.time_zone !== undefined) draft.timeZone = input.time_zone;
  return { draft, errors };
}

const WRONG_ADDRESS: Record<AddressKind, string> = {
  phone: 'is not a valid phone number',
  email: 'is not an e-mail address',
  whatsapp: 'is neither a valid phone number nor an id',
  telegram: 'is neither a valid phone number nor an id',
};

/** A number as it is dialled at home, of who knows where. */
const NATIONAL = /^[0-9(][0-9().\-/ ]{2,}$/;

function wrongAddress(kind: AddressKind, text: string, country: string | null): string {
  if (kind !== 'phone' || country !== null || !NATIONAL.test(text)) return WRONG_ADDRESS[kind];
  return 'is no international number: it has to begin with + and a country code';
}

/** Whether anything says who it is. */
export function isIdentified({ externalId, addresses }: ContactDraft): boolean {
  return (externalId ?? null) !== null || Object.values(addresses).some((address) => address !== null);
}

/** CLDR has names for these as well. */
const NO_COUNTRIES = new Set(['EU', 'EZ', 'QO', 'UN', 'XA', 'XB', 'ZZ']);
let regions: Intl.DisplayNames | undefined;
/** Asking takes longer than all else about a country; of two letters there are few. */
const countries = new Map<string, boolean>();

/** Of ISO 3166-1. */
export function isCountry(code: string): boolean {
  const before = countries.get(code);
  if (before !== undefined) return before;
  regions ??= new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
  const is = !NO_COUNTRIES.has(code) && regions.of(code) !== undefined;
  countries.set(code, is);
  return is;
}

const locales = new Map<string, string | null>();

/** BCP 47 in its canonical form; null: not well-formed. */
function canonicalLocale(tag: string): string | null {
  const before = locales.get(tag);
  if (before !== undefined) return before;
  let canonical: string | null;
  try {
    canonical = Intl.getCanonicalLocales(tag.replaceAll('_', '-'))[0] ?? null;
  } catch {
    canonical = null;
  }
  // Callers choose the tags.
  if (locales.size < 10_000) locales.set(tag, canonical);
  return canonical;
}
