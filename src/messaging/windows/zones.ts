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
  const zones = country === null ? [] : zonesOfCountry(country);
  return zones.length > 0 ? zones : [fallback];
}

/** Whether the clocks of a zone are those of some place in a country. */
export function hasClocksOf(timeZone: string, country: string): boolean {
  if (!isTimeZone(timeZone)) return false;
  const clocks = clocksOf(timeZone);
  return zonesOfCountry(country).some((zone) => clocksOf(zone) === clocks);
}

function zonesOfCountry(country: string): readonly string[] {
  let zones = ofCountry.get(country);
  if (zones === undefined) {
    const all = (new Intl.Locale(`und-${country}`) as RegionLocale).getTimeZones() ?? [];
    // One of those whose clocks agree.
    zones = [...new Map(all.map((zone) => [clocksOf(zone), zone])).values()];
    ofCountry.set(country, zones);
  }
  return zones;
}

const SEASONS = [Date.UTC(2026, 0, 15), Date.UTC(2026, 3, 1), Date.UTC(2026, 6, 15), Date.UTC(2026, 9, 28)];
const ofZone = new Map<string, string>();

/** Those that are the same in a winter and in a summer agree. */
function clocksOf(timeZone: string): string {
  let clocks = ofZone.get(timeZone);
  if (clocks === undefined) {
    clocks = SEASONS.map((at) => offsetMs(timeZone, at)).join();
    ofZone.set(timeZone, clocks);
  }
  return clocks;
}
