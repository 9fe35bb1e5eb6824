import type { Channel } from '../../lib/channels.ts';
import { type Calendar, isHoliday, weekdayOf } from './holidays.ts';
import { LEGAL_WINDOWS, type LegalWindow } from './legal-windows.ts';
import { DAY_MS, instantOf, wallTime } from './local-time.ts';
import { type OwnWindow, weekOfOwn } from './own-windows.ts';
import type { Place, Places } from './place.ts';
import type { Week } from './week.ts';
import { zonesOf } from './zones.ts';

export interface SendingRules {
  /** Of whoever no zone and no country is known of. */
  timeZone: string;
  /** The project's, the campaign's: what is sent has to fit all of them, besides the law. */
  layers: readonly (readonly OwnWindow[])[];
}

export interface Occasion {
  places: Places;
  channel: Channel;
  purpose: 'marketing' | 'transactional';
  now: number;
  rules: SendingRules;
}

/** Longer than any pair of windows takes to meet, with holidays and clock changes between. */
const HORIZON_MS = 60 * DAY_MS;

interface Constraint {
  week: Week;
  closed?: Calendar;
  /** By whose clocks. */
  zones: readonly string[];
}

/**
 * When it may be sent: `now`, or the first later instant that the law, the project and the campaign allow; ms. Null when
 * they never agree, and whoever waits has to be told so. Pure: ask again just before sending, for time passes in queues.
 */
export function nextAllowedAt({ now, rules, ...occasion }: Occasion): number | null {
  const constraints = [...legalConstraints(occasion, rules.timeZone), ...ownConstraints(occasion, rules)];
  let at = now;
  while (at <= now + HORIZON_MS) {
    const next = firstOpen(constraints, at);
    if (next === null || next === at) return next;
    at = next;
  }
  return null;
}

/** The latest of what each of them allows from `at` on: before it at least one does not. */
function firstOpen(constraints: readonly Constraint[], at: number): number | null {
  let latest = at;
  for (const constraint of constraints) {
    for (const zone of constraint.zones) {
      const open = nextOpen(constraint, zone, latest);
      if (open === null) return null;
      latest = open;
    }
  }
  return latest;
}

const MINUTE_MS = 60_000;
/** A week, and the holidays that may fall into it. */
const DAYS_AHEAD = 14;

function nextOpen({ week, closed }: Constraint, zone: string, at: number): number | null {
  const today = Math.floor(wallTime(zone, at) / DAY_MS);
  for (let day = today; day <= today + DAYS_AHEAD; day++) {
    if (closed !== undefined && isHoliday(closed, day)) continue;
    for (const [from, to] of week[weekdayOf(day)] ?? []) {
      const opens = day * DAY_MS + from * MINUTE_MS;
      const closes = day * DAY_MS + to * MINUTE_MS;
      const wall = wallTime(zone, at);
      if (wall >= closes) continue;
      const instant = wall >= opens ? at : instantOf(zone, opens, at);
      // Clocks may leave out the whole of it.
      if (wallTime(zone, instant) < closes) return instant;
    }
  }
  return null;
}

type Asked = Omit<Occasion, 'now' | 'rules'>;

/** The law of every place, by the clocks of every place. */
function legalConstraints({ places, channel, purpose }: Asked, fallback: string): Constraint[] {
  if (purpose !== 'marketing') return [];
  const rows = LEGAL_WINDOWS.filter(({ channels }) => channels.includes(channel));
  const zones = [...new Set(places.flatMap((place) => zonesOf(place, fallback)))];
  return places.flatMap((place) => rowsOf(place, rows)).map((row) => ({ ...row, zones }));
}

function rowsOf({ country, region }: Place, rows: readonly LegalWindow[]): readonly LegalWindow[] {
  const national = rows.filter((row) => row.country === country);
  if (national.length === 0) return rows.filter((row) => row.country === '*');
  // Of a part that is not known, what every part allows.
  return national.filter((row) => row.region === undefined || region === null || row.region === region);
}

/** Those of the place where the contact says it is. */
function ownConstraints(
  { places: [place], channel, purpose }: Asked,
  { layers, timeZone }: SendingRules,
): Constraint[] {
  const zones = zonesOf(place, timeZone);
  return layers.flatMap((windows) => {
    const week = weekOfOwn(windows, { country: place.country, channel, purpose });
    return week === null ? [] : [{ week, zones }];
  });
}
