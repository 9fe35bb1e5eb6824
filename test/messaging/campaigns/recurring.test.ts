import { describe, expect, it } from 'vitest';
import { nextOccurrence, type Repeat } from '../../../src/messaging/campaigns/recurring.ts';

function occurrences(
  repeat: Omit<Repeat, 'time_zone'> & { time_zone?: string },
  since: string,
  count: number,
): string[] {
  const found: string[] = [];
  let after = Date.parse(since) - 1;
  while (found.length < count) {
    const at = nextOccurrence({ time_zone: 'Europe/Paris', ...repeat }, Date.parse(since), after);
    if (at === null) break;
    found.push(new Date(at).toISOString().slice(0, 16));
    after = at;
  }
  return found;
}

describe('a campaign is repeated', () => {
  it.each<[string, Omit<Repeat, 'time_zone'> & { time_zone?: string }, string, string[]]>([
    [
      'every day at its hour, also when clocks change',
      { every: 'day', at: '09:00' },
      '2027-03-26T12:00Z',
      ['2027-03-27T08:00', '2027-03-28T07:00', '2027-03-29T07:00'],
    ],
    [
      'every day, once where an hour comes twice',
      { every: 'day', at: '02:30' },
      '2027-10-30T12:00Z',
      ['2027-10-31T00:30', '2027-11-01T01:30'],
    ],
    [
      'at the change, where clocks leave the hour out',
      { every: 'day', at: '02:30' },
      '2027-03-27T12:00Z',
      ['2027-03-28T01:00', '2027-03-29T00:30'],
    ],
    [
      'on days of every second week',
      { every: 'week', interval: 2, on: ['monday', 'thursday'], at: '10:00' },
      '2027-01-05T00:00Z',
      ['2027-01-07T09:00', '2027-01-18T09:00', '2027-01-21T09:00'],
    ],
    [
      'on the last day of months that are shorter',
      { every: 'month', day: 31, at: '12:00', time_zone: 'UTC' },
      '2027-01-01T00:00Z',
      ['2027-01-31T12:00', '2027-02-28T12:00', '2027-03-31T12:00', '2027-04-30T12:00'],
    ],
    [
      'until its end, which is included',
      { every: 'day', at: '12:00', time_zone: 'UTC', until: '2027-01-02T12:00:00Z' },
      '2027-01-01T00:00Z',
      ['2027-01-01T12:00', '2027-01-02T12:00'],
    ],
  ])('%s', (_, repeat, since, expected) => {
    const count = repeat.until === undefined ? expected.length : 10;
    expect(occurrences(repeat, since, count)).toEqual(expected);
  });
});
