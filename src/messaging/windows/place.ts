import { NANP_ZONES } from '../contacts/nanp-zones.ts';
import { inferState } from './nanp-states.ts';

/** Where somebody is, as far as it is known. */
export interface Place {
  /** ISO 3166-1 alpha-2. */
  country: string | null;
  /** ISO 3166-2 without the country; of the United States only. */
  region: string | null;
  /** IANA; null: any zone of the country. */
  timeZone: string | null;
}

/**
 * Of a contact's row and its number. A zone that was inferred from the country is one of several and not taken for
 * granted; one that the area code tells is. The state is always a guess, from the area code.
 */
export function placeOf(
  contact: { country: string | null; time_zone: string | null; time_zone_source: 'given' | 'inferred' | null },
  e164: string | null,
): Place {
  const { country, time_zone: timeZone, time_zone_source: source } = contact;
  const isKnown = source === 'given' || (e164?.startsWith('+1') && NANP_ZONES.has(e164.slice(2, 5)));
  return { country, region: country === 'US' ? inferState(e164) : null, timeZone: isKnown ? timeZone : null };
}
