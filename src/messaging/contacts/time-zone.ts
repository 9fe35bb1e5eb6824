import { NANP_ZONES } from './nanp-zones.ts';

const known = new Map<string, boolean>();

/** Whether it is the name of a zone in the IANA time zone database. */
export function isTimeZone(name: string): boolean {
  const before = known.get(name);
  if (before !== undefined) return before;
  const is = /^[A-Za-z]/.test(name) && canFormat(name);
  // Callers choose the names.
  if (known.size < 10_000) known.set(name, is);
  return is;
}

function canFormat(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return true;
  } catch {
    return false;
  }
}

/** Where hardly anybody lives in the westernmost zone. */
const MAIN_ZONE: Record<string, string> = {
  CL: 'America/Santiago',
  EC: 'America/Guayaquil',
  US: 'America/Los_Angeles',
};

const ofCountry = new Map<string, string | null>();

/**
 * A guess, and to be marked as one. By the area code where numbers have one that means a place (NANP), else the zone of
 * the country; of several the westernmost, where the day begins last: nobody is woken by a message.
 */
export function inferTimeZone(e164: string | null, country: string | null): string | null {
  if (country === null) return null;
  const byCode = e164?.startsWith('+1') ? NANP_ZONES.get(e164.slice(2, 5)) : undefined;
  if (byCode !== undefined) return byCode;
  const before = ofCountry.get(country);
  if (before !== undefined) return before;
  const zone = MAIN_ZONE[country] ?? westernmost(country);
  ofCountry.set(country, zone);
  return zone;
}

/** ECMA-402 has the zones of a region since 2025; the library's types do not yet. */
interface RegionLocale extends Intl.Locale {
  getTimeZones(): string[] | undefined;
}

function westernmost(country: string): string | null {
  const zones = (new Intl.Locale(`und-${country}`) as RegionLocale).getTimeZones() ?? [];
  return (
    zones.map((zone) => ({ zone, minutes: offsetMinutes(zone) })).sort((a, b) => a.minutes - b.minutes)[0]?.zone ?? null
  );
}

/** In a northern winter: summer time would move some zones past their neighbours. */
const WINTER = Date.UTC(2026, 0, 15, 12);

function offsetMinutes(timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' }).formatToParts(WINTER);
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT';
  const [, sign, hours = '0', minutes = '0'] = /^GMT([+-])(\d\d):(\d\d)$/.exec(name) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}
