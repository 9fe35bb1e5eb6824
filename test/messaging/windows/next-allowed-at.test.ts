import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isHoliday } from '../../../src/messaging/windows/holidays.ts';
import { LEGAL_WINDOWS } from '../../../src/messaging/windows/legal-windows.ts';
import { DAY_MS } from '../../../src/messaging/windows/local-time.ts';
import { nextAllowedAt, type Occasion } from '../../../src/messaging/windows/next-allowed-at.ts';
import type { OwnWindow } from '../../../src/messaging/windows/own-windows.ts';
import { type Place, placesOf } from '../../../src/messaging/windows/place.ts';

const NO_RULES = { timeZone: 'UTC', layers: [] };

type Asked = Partial<Place & Omit<Occasion, 'places'>>;

const NOWHERE: Place = { country: null, region: null, timeZone: null };

function ask(now: string, { country = null, region = null, timeZone = null, ...occasion }: Asked): string | null {
  return askOf([{ country, region, timeZone }], now, occasion);
}

function askOf(places: Occasion['places'], now: string, occasion: Partial<Occasion> = {}): string | null {
  const usual = { channel: 'sms', purpose: 'marketing', rules: NO_RULES } as const;
  const at = nextAllowedAt({ ...usual, ...occasion, places, now: Date.parse(now) });
  return at === null ? null : new Date(at).toISOString().replace(':00.000Z', 'Z');
}

const own = (...layers: OwnWindow[][]) => ({ timeZone: 'UTC', layers });
const FRANCE = { country: 'FR' };
const florida = { country: 'US', region: 'FL', timeZone: 'America/New_York' };

describe('the law', () => {
  it.each<[string, Asked, string, string]>([
    ['France by day', FRANCE, '2026-11-24T14:00Z', '2026-11-24T14:00Z'],
    ['France in the evening', FRANCE, '2026-11-24T19:00Z', '2026-11-25T09:00Z'],
    ['France on a Saturday evening: Sunday is closed', FRANCE, '2026-11-21T18:00Z', '2026-11-23T09:00Z'],
    ['France on Easter Monday', FRANCE, '2026-04-06T10:00Z', '2026-04-07T08:00Z'],
    ['France on Ascension Day', FRANCE, '2027-05-06T10:00Z', '2027-05-07T08:00Z'],
    ['calls to France at lunch', { ...FRANCE, channel: 'voice' }, '2026-11-24T12:30Z', '2026-11-24T13:00Z'],
    ['La Réunion on the day it keeps for itself', { country: 'RE' }, '2027-12-20T08:00Z', '2027-12-21T06:00Z'],
    ['France on that day', FRANCE, '2027-12-20T09:00Z', '2027-12-20T09:00Z'],
    ['La Réunion by its own clock', { country: 'RE' }, '2026-11-24T05:00Z', '2026-11-24T06:00Z'],
    ['mail to France', { ...FRANCE, channel: 'email' }, '2026-11-22T02:00Z', '2026-11-22T02:00Z'],
    ['a transaction in France', { ...FRANCE, purpose: 'transactional' }, '2026-11-22T02:00Z', '2026-11-22T02:00Z'],
    ['the United Kingdom in summer', { country: 'GB' }, '2026-07-01T07:30Z', '2026-07-01T08:00Z'],
    ['New York until 21:00', { ...florida, region: 'NY' }, '2026-11-25T01:30Z', '2026-11-25T01:30Z'],
    ['Florida until 20:00', florida, '2026-11-25T01:30Z', '2026-11-25T13:00Z'],
    [
      'Texas on a Sunday',
      { country: 'US', region: 'TX', timeZone: 'America/Chicago' },
      '2026-11-22T15:00Z',
      '2026-11-22T18:00Z',
    ],
    [
      'Alabama on Labor Day',
      { country: 'US', region: 'AL', timeZone: 'America/Chicago' },
      '2026-09-06T15:00Z',
      '2026-09-08T13:00Z',
    ],
    [
      'a state that is not known: as the strictest',
      { country: 'US', timeZone: 'America/New_York' },
      '2026-11-24T13:00Z',
      '2026-11-24T15:00Z',
    ],
    [
      'South Africa on the Monday after a holiday on Sunday',
      { country: 'ZA' },
      '2027-08-09T08:00Z',
      '2027-08-10T06:00Z',
    ],
    ['mail to South Africa', { country: 'ZA', channel: 'email' }, '2026-11-22T10:00Z', '2026-11-23T06:00Z'],
    ['a country without a rule', { country: 'JP' }, '2026-11-24T14:00Z', '2026-11-24T23:00Z'],
    ['nobody knows where', {}, '2026-11-24T03:00Z', '2026-11-24T08:00Z'],
  ])('%s', (_, occasion, now, expected) => {
    expect(ask(now, occasion)).toBe(expected);
  });

  it('a zone that is not known: when all zones of the country allow it', () => {
    // 13:00 in New York is 8:00 in Hawaii, and no sooner.
    const rules = own([{ from: '08:00', to: '24:00' }]);
    expect(ask('2026-07-14T14:00Z', { country: 'US', region: 'NY', rules })).toBe('2026-07-14T18:00Z');
  });

  it('every row names a source and leaves time to send on five days', () => {
    for (const { sources, week, country, region } of LEGAL_WINDOWS) {
      expect(sources.length, `${country}-${region}`).toBeGreaterThan(0);
      expect(week.filter((spans) => spans.length > 0).length).toBeGreaterThanOrEqual(5);
    }
  });
});

it('the guide has every row with its sources', () => {
  const guide = readFileSync('docs/guides/sending-windows.md', 'utf8').split('\n');
  for (const { country, region, week, sources } of LEGAL_WINDOWS) {
    if (['GP', 'MQ', 'GF', 'RE', 'YT', 'BL', 'MF', 'PM'].includes(country)) continue;
    const place = region === undefined ? country : `${country}-${region}`;
    const hours = (week[1] ?? []).map(([from, to]) => `${text(from)}–${text(to)}`).join(', ');
    const row = guide.find((line) => line.startsWith(`| ${place} |`) && line.endsWith(`| ${sources.join('; ')} |`));
    expect(row, place).toContain(`| ${hours} |`);
  }
});

describe('holidays', () => {
  it.each([
    ['FR', '2024-05-20', 'Whit Monday'],
    ['FR', '2038-04-26', 'Easter Monday, as late as it gets'],
    ['US', '2026-11-26', 'Thanksgiving'],
    ['US', '2027-05-31', 'Memorial Day'],
    ['US', '2026-07-03', 'Independence Day, observed'],
    ['US', '2027-12-31', 'the New Year of 2028, observed in the year before'],
    ['US-LA', '2027-02-09', 'Mardi Gras'],
    ['US-UT', '2026-07-24', 'Pioneer Day'],
    ['ZA', '2026-08-10', "Women's Day, on a Sunday"],
  ] as const)('%s %s: %s', (calendar, date, _) => {
    expect(isHoliday(calendar, Date.parse(date) / DAY_MS)).toBe(true);
    expect(isHoliday(calendar, Date.parse('2026-03-03') / DAY_MS)).toBe(false);
  });
});

describe('windows of a project and of a campaign', () => {
  it('all of them hold, with the law', () => {
    const rules = own([{ from: '09:00', to: '18:00', days: ['tuesday'] }], [{ from: '11:00', to: '24:00' }]);
    expect(ask('2026-11-25T09:00Z', { ...FRANCE, rules })).toBe('2026-12-01T10:00Z');
  });

  it('those of other countries, channels and purposes do not', () => {
    const rules = own([{ from: '15:00', to: '16:00', countries: ['DE'] }]);
    expect(ask('2026-11-24T12:00Z', { ...FRANCE, rules })).toBe('2026-11-24T12:00Z');
    const calls = own([{ from: '15:00', to: '16:00', channels: ['voice'] }]);
    expect(ask('2026-11-24T12:00Z', { ...FRANCE, rules: calls })).toBe('2026-11-24T12:00Z');
    const reminders = own([{ from: '15:00', to: '16:00', purposes: ['transactional'] }]);
    expect(ask('2026-11-24T12:00Z', { ...FRANCE, rules: reminders })).toBe('2026-11-24T12:00Z');
    const occasion = { ...FRANCE, purpose: 'transactional', rules: reminders } as const;
    expect(ask('2026-11-24T12:00Z', occasion)).toBe('2026-11-24T14:00Z');
  });

  it('that never meet the law say so', () => {
    expect(ask('2026-11-24T12:00Z', { ...FRANCE, rules: own([{ from: '05:00', to: '07:00' }]) })).toBeNull();
  });
});

describe('at the date line', () => {
  const kiritimati = { country: 'KI', region: null, timeZone: 'Pacific/Kiritimati' } as const;
  const pagoPago = { country: 'AS', region: null, timeZone: 'Pacific/Pago_Pago' } as const;
  const mondays = own([{ days: ['monday'], from: '09:00', to: '10:00' }]);

  it('Monday morning is that of the place: twenty-five hours lie between the first and the last', () => {
    expect(ask('2026-11-22T12:00Z', { ...kiritimati, rules: mondays })).toBe('2026-11-22T19:00Z');
    expect(ask('2026-11-22T12:00Z', { ...pagoPago, rules: mondays })).toBe('2026-11-23T20:00Z');
    expect(ask('2026-11-22T20:00Z', { ...kiritimati, rules: mondays })).toBe('2026-11-29T19:00Z');
  });

  it('a country on three clocks, and whoever is on both sides, wait for the last', () => {
    // 8:00 in Tarawa is 10:00 in Kiritimati.
    expect(ask('2026-11-22T16:00Z', { country: 'KI' })).toBe('2026-11-22T20:00Z');
    expect(askOf([kiritimati, pagoPago], '2026-11-22T18:00Z')).toBe('2026-11-22T19:00Z');
    expect(askOf([kiritimati, pagoPago], '2026-11-23T06:00Z')).toBe('2026-11-23T19:00Z');
  });
});

describe('where clocks change', () => {
  it.each([
    ['Europe/Paris', 'is left out opens at the change', '02:30', '04:00', '2027-03-28T00:30Z', '2027-03-28T01:00Z'],
    ['Europe/Paris', 'is left out is not that day', '02:15', '02:45', '2027-03-28T00:30Z', '2027-03-29T00:15Z'],
    ['Europe/Paris', 'comes twice opens with the first', '02:00', '02:30', '2026-10-24T23:50Z', '2026-10-25T00:00Z'],
    ['Europe/Paris', 'comes twice is over after the first', '02:00', '02:30', '2026-10-25T00:40Z', '2026-10-26T01:00Z'],
    ['America/New_York', 'is left out opens at the change', '02:30', '04:00', '2027-03-14T06:30Z', '2027-03-14T07:00Z'],
    [
      'America/New_York',
      'comes twice is open in the second',
      '01:00',
      '01:30',
      '2026-11-01T06:10Z',
      '2026-11-01T06:10Z',
    ],
    [
      'Australia/Lord_Howe',
      'is left out by half an hour opens at the change',
      '02:15',
      '03:00',
      '2026-10-03T15:00Z',
      '2026-10-03T15:30Z',
    ],
    [
      'Australia/Lord_Howe',
      'comes twice is open in the second',
      '01:30',
      '01:45',
      '2027-04-03T15:10Z',
      '2027-04-03T15:10Z',
    ],
  ])('in %s a time that %s', (timeZone, _, from, to, now, expected) => {
    expect(ask(now, { timeZone, channel: 'email', rules: own([{ from, to }]) })).toBe(expected);
  });
});

it('France has its eleven holidays, of every year', () => {
  const of = (year: number) =>
    Array.from({ length: 365 }, (_, day) => Date.UTC(year, 0, 1) / DAY_MS + day)
      .filter((day) => isHoliday('FR', day))
      .map((day) => new Date(day * DAY_MS).toISOString().slice(5, 10));
  const fixed = ['01-01', '05-01', '05-08', '07-14', '08-15', '11-01', '11-11', '12-25'];
  expect(of(2027)).toEqual([...fixed, '03-29', '05-06', '05-17'].sort());
  // In 2008 Ascension was on the first of May.
  expect(of(2008)).toEqual([...fixed, '03-24', '05-12'].sort());
});

describe('where somebody is', () => {
  const inferred = { country: 'US', time_zone: 'America/Los_Angeles', time_zone_source: 'inferred' } as const;
  const given = (country: string | null, time_zone: string) =>
    ({ country, time_zone, time_zone_source: 'given' }) as const;
  const of = (e164: string, country: string | null = 'US') => ({ e164, country });
  const MIAMI = of('+13055550123');
  const PARIS = of('+33612345678', 'FR');

  it('the area code tells the state and the zone', () => {
    expect(placesOf({ ...inferred, time_zone: 'America/New_York' }, MIAMI)).toEqual([florida]);
  });

  it('a zone that is a guess among those of the country is none', () => {
    const anywhere = { country: 'US', region: null, timeZone: null };
    expect(placesOf(inferred, of('+18005550123'))).toEqual([anywhere]);
  });

  it('who took a number along is where it is from too', () => {
    const honolulu = { ...florida, timeZone: 'Pacific/Honolulu' };
    expect(placesOf(given('US', 'Pacific/Honolulu'), MIAMI)).toEqual([honolulu, florida]);
    const paris = { country: 'FR', region: null, timeZone: 'Europe/Paris' };
    expect(placesOf(given('FR', 'Europe/Paris'), MIAMI)).toEqual([paris, florida]);
    const abroad = { country: 'US', region: null, timeZone: 'America/Chicago' };
    expect(placesOf(given('US', 'America/Chicago'), PARIS)).toEqual([abroad, { ...NOWHERE, country: 'FR' }]);
  });

  it('of the zones of a country the contact knows its own, by any of its names', () => {
    const brazil = { country: 'BR', region: null, timeZone: 'America/Manaus' };
    expect(placesOf(given('BR', 'America/Manaus'), of('+5592991234567', 'BR'))).toEqual([brazil]);
    const india = { country: 'IN', region: null, timeZone: 'Asia/Calcutta' };
    expect(placesOf(given(null, 'Asia/Calcutta'), of('+919812345678', 'IN'))).toEqual([india]);
  });

  it('a number of no country says nothing, and no number either', () => {
    const there = { country: 'DE', region: null, timeZone: 'Europe/Berlin' };
    expect(placesOf(given('DE', 'Europe/Berlin'), of('+883510000000000', null))).toEqual([there]);
    expect(placesOf(given('DE', 'Europe/Berlin'), null)).toEqual([there]);
  });

  it('the stricter law holds, and the later clock', () => {
    const paris = { country: 'FR', region: null, timeZone: 'Europe/Paris' } as const;
    // 10:00 in Paris is 4:00 in Miami; from 20:00 in Paris on France is closed, on Sundays all day.
    expect(askOf([paris, florida], '2026-11-24T09:00Z')).toBe('2026-11-24T15:00Z');
    expect(askOf([paris, florida], '2026-11-24T19:00Z')).toBe('2026-11-25T15:00Z');
    expect(askOf([paris, florida], '2026-11-22T15:00Z')).toBe('2026-11-23T15:00Z');
    const honolulu = { ...florida, timeZone: 'Pacific/Honolulu' };
    expect(askOf([honolulu, florida], '2026-11-24T16:00Z')).toBe('2026-11-24T18:00Z');
  });

  it('the windows of the project go by the clock of the contact', () => {
    const rules = own([{ from: '09:00', to: '10:00', purposes: ['transactional'] }]);
    const paris = { country: 'FR', region: null, timeZone: 'Europe/Paris' } as const;
    expect(askOf([paris, florida], '2026-11-24T07:00Z', { purpose: 'transactional', rules })).toBe('2026-11-24T08:00Z');
  });
});

/** The wall clock as the runtime shows it: day of the week and minutes. */
function clock(timeZone: string, at: number): [weekday: string, minutes: number] {
  const parts = new Intl.DateTimeFormat('en', {
    timeZone,
    weekday: 'long',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(at);
  const part = (name: string) => parts.find(({ type }) => type === name)?.value ?? '';
  return [part('weekday').toLowerCase(), Number(part('hour')) * 60 + Number(part('minute'))];
}

const text = (value: number) =>
  `${String(Math.floor(value / 60)).padStart(2, '0')}:${String(value % 60).padStart(2, '0')}`;

it('around changes of the clocks nothing is sent outside of a window, and nothing waits past its opening', () => {
  const changes = [
    ['Europe/Paris', '2026-03-29T01:00Z'],
    ['Europe/Paris', '2026-10-25T01:00Z'],
    ['America/New_York', '2026-11-01T06:00Z'],
    ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
    ['Africa/Casablanca', '2026-02-15T02:00Z'],
    ['America/Santiago', '2026-09-06T04:00Z'],
    ['Asia/Kathmandu', '2026-05-01T00:00Z'],
  ] as const;
  fc.assert(
    fc.property(
      fc.constantFrom(...changes),
      fc.integer({ min: -36 * 60, max: 12 * 60 }),
      fc.integer({ min: 0, max: 47 }),
      fc.integer({ min: 1, max: 48 }),
      ([timeZone, change], before, start, length) => {
        const from = start * 30;
        const to = Math.min(1440, from + length * 30);
        const now = Date.parse(change) + before * 60_000;
        const rules = own([{ from: text(from), to: text(to) }]);
        const places = [{ ...NOWHERE, timeZone }] as const;
        const at = nextAllowedAt({ places, channel: 'email', purpose: 'marketing', rules, now });
        if (at === null) throw new Error('never');
        const isOpen = (instant: number) => {
          const [, minute] = clock(timeZone, instant);
          return minute >= from && minute < to;
        };
        expect(isOpen(at)).toBe(true);
        // A time that comes twice may open twice; what waits for the next day then is what was open just before.
        const hour = 3_600_000;
        for (let instant = now; instant < at; instant += 300_000) {
          if (isOpen(instant)) expect(clock(timeZone, instant - hour)[1]).toBe(clock(timeZone, instant)[1]);
        }
      },
    ),
    { numRuns: 100, seed: 31 },
  );
});
