import { NANP_ZONES } from '../contacts/nanp-zones.ts';
import { inferState } from './nanp-states.ts';
import { hasClocksOf } from './zones.ts';

/** Where somebody is, as far as it is known. */
export interface Place {
  /** ISO 3166-1 alpha-2. */
  country: string | null;
  /** ISO 3166-2 without the country; of the United States only. */
  region: string | null;
  /** IANA; null: any zone of the country. */
  timeZone: string | null;
}

/** Everywhere somebody may be: what is sent has to be allowed in all of them, by the clocks of all of them. */
export type Places = readonly [Place, ...Place[]];

export interface PlacedContact {
  country: string | null;
  time_zone: string | null;
  time_zone_source: 'given' | 'inferred' | null;
}

export interface PlacedNumber {
  e164: string;
  /** ISO 3166-1 alpha-2; null for numbers of no country. */
  country: string | null;
}

/**
 * Where a contact says it is, and where its number is from: people take numbers along, and the law may go by either. A
 * zone that was inferred from a country is one of several and not taken for granted; one that the area code tells is.
 */
export function placesOf(contact: PlacedContact, number: PlacedNumber | null): Places {
  const state = inferState(number?.e164 ?? null);
  const zoneOfNumber = (number?.e164.startsWith('+1') && NANP_ZONES.get(number.e164.slice(2, 5))) || null;
  const given = contact.time_zone_source === 'given' ? contact.time_zone : null;
  const country = contact.country ?? number?.country ?? null;
  const said: Place = { country, region: country === 'US' ? state : null, timeZone: given ?? zoneOfNumber };
  if (number === null || number.country === null) return [said];
  // Where the country has several zones the person knows best which one it is.
  const isThere = given !== null && zoneOfNumber === null && hasClocksOf(given, number.country);
  const from: Place = { country: number.country, region: state, timeZone: isThere ? given : zoneOfNumber };
  const isSame = said.country === from.country && said.region === from.region && said.timeZone === from.timeZone;
  return isSame ? [said] : [said, from];
}

/** Those of the same name are the same. */
export function nameOfPlaces(places: Places): string {
  return places.map(({ country, region, timeZone }) => `${country} ${region} ${timeZone}`).join();
}
