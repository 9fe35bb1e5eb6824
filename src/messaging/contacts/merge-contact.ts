import { ADDRESS_KINDS, type ContactDraft, MAX_TAGS } from './contact.ts';
import type { Matched } from './match-contacts.ts';
import { inferTimeZone } from './time-zone.ts';

/** The contact after a draft is worked into it; null: it would have too many tags. */
export function mergeContact(
  before: Matched | null,
  draft: ContactDraft,
  { replaceTags = false }: { replaceTags?: boolean },
): Matched | null {
  const addresses = { ...before?.addresses };
  for (const kind of ADDRESS_KINDS) {
    const address = draft.addresses[kind];
    if (address) addresses[kind] = address;
    if (address === null) delete addresses[kind];
  }
  const given = Object.entries({ ...before?.attributes, ...draft.attributes });
  const tags = new Set([...(replaceTags ? [] : (before?.tags ?? [])), ...draft.tags]);
  if (tags.size > MAX_TAGS) return null;
  const country = countryAfter(before, draft);
  return {
    id: before?.id ?? draft.id,
    externalId: draft.externalId === undefined ? (before?.externalId ?? null) : draft.externalId,
    addresses,
    attributes: Object.fromEntries(
      given.filter((entry): entry is [string, string | number | boolean] => entry[1] !== null),
    ),
    locale: draft.locale === undefined ? (before?.locale ?? null) : draft.locale,
    country,
    ...zoneAfter(
      before,
      draft,
      inferTimeZone(addresses.phone?.address ?? addresses.whatsapp?.address ?? null, country),
    ),
    tags,
  };
}

/** What was given is not replaced by what a number is taken for, unless the number is new. */
function countryAfter(before: Matched | null, { country, numberCountry, addresses }: ContactDraft): string | null {
  if (country) return country;
  const isNewNumber = before?.addresses.phone?.hash !== addresses.phone?.hash;
  const kept = country === null || (isNewNumber && numberCountry !== null) ? null : (before?.country ?? null);
  return kept ?? numberCountry;
}

function zoneAfter(
  before: Matched | null,
  { timeZone }: ContactDraft,
  inferred: string | null,
): Pick<Matched, 'timeZone' | 'timeZoneSource'> {
  if (timeZone) return { timeZone, timeZoneSource: 'given' };
  if (timeZone === undefined && before?.timeZoneSource === 'given') {
    return { timeZone: before.timeZone, timeZoneSource: 'given' };
  }
  return { timeZone: inferred, timeZoneSource: inferred === null ? null : 'inferred' };
}
