import { DAY_MS } from './local-time.ts';

/** A day of any year: by its date, as the nth (from the end: -1) weekday of a month, or so many days after Easter. */
type Rule = { month: number; day: number } | { month: number; weekday: number; nth: number } | { easter: number };

/** What becomes of one on a weekend: `nearest`: Friday or Monday is one too; `monday`: Monday, of a Sunday. */
type Observance = 'nearest' | 'monday';

const MONDAY = 1;
const TUESDAY = 2;
const THURSDAY = 4;

const date = (month: number, day: number): Rule => ({ month, day });
const nth = (month: number, weekday: number, count: number): Rule => ({ month, weekday, nth: count });
const easter = (days: number): Rule => ({ easter: days });

/** Code du travail, art. L3133-1. */
const FRENCH = [
  date(1, 1),
  easter(1),
  date(5, 1),
  date(5, 8),
  easter(39),
  easter(50),
  date(7, 14),
  date(8, 15),
  date(11, 1),
  date(11, 11),
  date(12, 25),
];

/** 5 U.S.C. § 6103; the states that close on holidays keep these and have more. */
const FEDERAL = [
  date(1, 1),
  nth(1, MONDAY, 3),
  nth(2, MONDAY, 3),
  nth(5, MONDAY, -1),
  date(6, 19),
  date(7, 4),
  nth(9, MONDAY, 1),
  nth(10, MONDAY, 2),
  date(11, 11),
  nth(11, THURSDAY, 4),
  date(12, 25),
];
const MARDI_GRAS = easter(-47);

const CALENDARS = {
  FR: { days: FRENCH },
  /** Code du travail, art. L3422-2. */
  GP: { days: [...FRENCH, date(5, 27)] },
  MQ: { days: [...FRENCH, date(5, 22)] },
  GF: { days: [...FRENCH, date(6, 10)] },
  RE: { days: [...FRENCH, date(12, 20)] },
  YT: { days: [...FRENCH, date(4, 27)] },
  BL: { days: [...FRENCH, date(10, 9)] },
  // The code says the 27th; it is kept on the 28th.
  MF: { days: [...FRENCH, date(5, 27), date(5, 28)] },
  /** Public Holidays Act 36 of 1994. */
  ZA: {
    observed: 'monday',
    days: [
      date(1, 1),
      date(3, 21),
      easter(-2),
      easter(1),
      date(4, 27),
      date(5, 1),
      date(6, 16),
      date(8, 9),
      date(9, 24),
      date(12, 16),
      date(12, 25),
      date(12, 26),
    ],
  },
  /** Those of all states and territories. */
  AU: {
    observed: 'monday',
    days: [date(1, 1), date(1, 26), easter(-2), easter(-1), easter(1), date(4, 25), date(12, 25), date(12, 26)],
  },
  US: { observed: 'nearest', days: FEDERAL },
  'US-AL': { observed: 'nearest', days: [...FEDERAL, MARDI_GRAS, nth(4, MONDAY, 4), nth(6, MONDAY, 1)] },
  'US-LA': {
    observed: 'nearest',
    days: [...FEDERAL, date(1, 8), date(1, 19), MARDI_GRAS, easter(-2), date(8, 30), date(11, 1), nth(11, TUESDAY, 1)],
  },
  'US-MS': { observed: 'nearest', days: [...FEDERAL, nth(4, MONDAY, -1)] },
  'US-RI': { observed: 'nearest', days: [...FEDERAL, nth(8, MONDAY, 2), nth(11, TUESDAY, 1)] },
  'US-UT': { observed: 'nearest', days: [...FEDERAL, date(7, 24)] },
} as const satisfies Record<string, { days: readonly Rule[]; observed?: Observance }>;

export type Calendar = keyof typeof CALENDARS;

const years = new Map<string, ReadonlySet<number>>();

/** Whether a day, counted from 1970-01-01, is a public holiday. */
export function isHoliday(calendar: Calendar, day: number): boolean {
  return holidaysOf(calendar, new Date(day * DAY_MS).getUTCFullYear()).has(day);
}

function holidaysOf(calendar: Calendar, year: number): ReadonlySet<number> {
  const key = `${calendar} ${year}`;
  let days = years.get(key);
  if (days === undefined) {
    const { days: rules, observed }: { days: readonly Rule[]; observed?: Observance } = CALENDARS[calendar];
    // A New Year's Day on a Saturday closes the Friday before: of the year before.
    const around = [year - 1, year, year + 1].flatMap((y) => rules.map((rule) => dayOf(rule, y)));
    days = new Set(around.flatMap((day) => [day, ...substitutes(day, observed)]));
    years.set(key, days);
  }
  return days;
}

function substitutes(day: number, observed: Observance | undefined): number[] {
  const weekday = weekdayOf(day);
  if (weekday === 0 && observed !== undefined) return [day + 1];
  return weekday === 6 && observed === 'nearest' ? [day - 1] : [];
}

/** Of a day counted from 1970-01-01, a Thursday. */
export function weekdayOf(day: number): number {
  return (((day + 4) % 7) + 7) % 7;
}

function dayOf(rule: Rule, year: number): number {
  if ('easter' in rule) return easterOf(year) + rule.easter;
  if ('day' in rule) return dayNumber(year, rule.month, rule.day);
  const { month, weekday, nth: count } = rule;
  if (count < 0) {
    const last = dayNumber(year, month + 1, 0);
    return last - ((weekdayOf(last) - weekday + 7) % 7) + (count + 1) * 7;
  }
  const first = dayNumber(year, month, 1);
  return first + ((weekday - weekdayOf(first) + 7) % 7) + (count - 1) * 7;
}

function dayNumber(year: number, month: number, day: number): number {
  return Date.UTC(year, month - 1, day) / DAY_MS;
}

/** Western Easter, by the anonymous Gregorian computus (Meeus, Astronomical Algorithms, ch. 8). */
function easterOf(year: number): number {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const d = Math.floor(b / 4);
  const e = b % 4;
  const f = Math.floor((b + 8) / 25);
  const g = Math.floor((b - f + 1) / 3);
  const h = (19 * a + b - d - g + 15) % 30;
  const i = Math.floor(c / 4);
  const k = c % 4;
  const l = (32 + 2 * e + 2 * i - h - k) % 7;
  const m = Math.floor((a + 11 * h + 22 * l) / 451);
  const n = h + l - 7 * m + 114;
  return dayNumber(year, Math.floor(n / 31), (n % 31) + 1);
}
