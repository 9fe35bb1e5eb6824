import { type Static, Type } from 'typebox';
import { closed, TimestampSchema } from '../../http/schemas.ts';
import type { FieldError } from '../../lib/errors.ts';
import { isTimeZone } from '../contacts/time-zone.ts';
import { weekdayOf } from '../windows/holidays.ts';
import { DAY_MS, instantOf, wallTime } from '../windows/local-time.ts';
import { WEEKDAYS } from '../windows/own-windows.ts';
import { minutesOf } from '../windows/week.ts';

/** A closed set instead of RFC 5545: every rule of it has one meaning in every zone. */
export const RepeatSchema = Type.Object(
  {
    every: Type.Enum(['day', 'week', 'month']),
    interval: Type.Optional(Type.Integer({ minimum: 1, maximum: 52 })),
    on: Type.Optional(
      Type.Array(Type.Enum([...WEEKDAYS]), {
        ...{ minItems: 1, maxItems: 7, uniqueItems: true },
        description: 'Of weeks: on these days; default: the day it begins on. Weeks begin on Monday.',
      }),
    ),
    day: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 31, description: 'Of months; the last day of those that are shorter.' }),
    ),
    at: Type.String({ pattern: '^(?:[01][0-9]|2[0-3]):[0-5][0-9]$' }),
    time_zone: Type.String({ maxLength: 64, description: 'IANA' }),
    until: Type.Optional(TimestampSchema),
  },
  { ...closed, title: 'CampaignRepeat' },
);
export type Repeat = Static<typeof RepeatSchema>;

export function checkRepeat({ every, on, day, time_zone }: Repeat, pointer: string): FieldError[] {
  return [
    ...(isTimeZone(time_zone) ? [] : [{ pointer: `${pointer}/time_zone`, message: 'is not an IANA time zone' }]),
    ...(on && every !== 'week' ? [{ pointer: `${pointer}/on`, message: 'is for weeks' }] : []),
    ...(day !== undefined && every !== 'month' ? [{ pointer: `${pointer}/day`, message: 'is for months' }] : []),
  ];
}

const MINUTE_MS = 60_000;

/**
 * The first occurrence after an instant; intervals are counted from `since`. A time that a change of the clocks leaves
 * out is the instant of the change, one that comes twice is the first. Null: `until` is past.
 */
export function nextOccurrence(repeat: Repeat, since: number, after: number): number | null {
  const { time_zone: zone, at, until } = repeat;
  const first = Math.floor(wallTime(zone, since) / DAY_MS);
  const from = Math.floor(wallTime(zone, after) / DAY_MS);
  for (let day = Math.max(first, from); day <= Math.max(first, from) + MAX_DAYS; day++) {
    if (!isOn(repeat, first, day)) continue;
    const instant = instantOf(zone, day * DAY_MS + minutesOf(at) * MINUTE_MS, 0);
    if (instant <= after || instant < since) continue;
    return until !== undefined && instant > Date.parse(until) ? null : instant;
  }
  return null;
}

/** 52 months, and one more. */
const MAX_DAYS = 53 * 31;

/** Days are counted from 1970-01-01. */
function isOn({ every, interval = 1, on, day: ofMonth }: Repeat, first: number, day: number): boolean {
  if (every === 'day') return (day - first) % interval === 0;
  if (every === 'week') {
    const wanted = on ?? [WEEKDAYS[weekdayOf(first)]];
    return ((mondayOf(day) - mondayOf(first)) / 7) % interval === 0 && wanted.includes(WEEKDAYS[weekdayOf(day)]);
  }
  const [date, begun] = [new Date(day * DAY_MS), new Date(first * DAY_MS)];
  const months = (date.getUTCFullYear() - begun.getUTCFullYear()) * 12 + date.getUTCMonth() - begun.getUTCMonth();
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  return months % interval === 0 && date.getUTCDate() === Math.min(ofMonth ?? begun.getUTCDate(), last);
}

const mondayOf = (day: number) => day - ((weekdayOf(day) + 6) % 7);
