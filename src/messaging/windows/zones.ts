import { isTimeZone } from '../contacts/time-zone.ts';
import { offsetMs } from './local-time.ts';
import type { Place } from './place.ts';

/** ECMA-402 has the zones of a region since 2025; the library's types do not yet. */
interface RegionLocale extends Intl.Locale {
  getTimeZones(): string[] | undefined;
}

const ofCountry = new Map<string, readonly string[]>();

/** All zones somebody may be in: the known one, else the country's, else the fallback. */
export function zonesOf(
  { country, timeZone }: Pick<Place, 'country' | 'timeZone'>,
  fallback: string,
): readonly string[] {
  // Zones of yesterday's database may be gone from today's.
  if (timeZone !== null && isTimeZone(timeZone)) return [timeZone];
  if (country === null) return [fallback];
  let zones = ofCountry.get(country);
  if (zones === undefined) {
    zones = differing((new Intl.Locale(`und-${country}`) as RegionLocale).getTimeZones() ?? []);
    ofCountry.set(country, zones);
  }
  return zones.length > 0 ? zones : [fallback];
}

/** One of those whose clocks agree, in a winter and in a summer. */
function differing(zones: readonly string[]): string[] {
  const seasons = [Date.UTC(2026, 0, 15), Date.UTC(2026, 3, 1), Date.UTC(2026, 6, 15), Date.UTC(2026, 9, 28)];
  const byClocks = new Map(zones.map((zone) => [seasons.map((at) => offsetMs(zone, at)).join(), zone]));
  return [...byClocks.values()];
}
