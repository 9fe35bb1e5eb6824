import { describe, expect, it } from 'vitest';
import { readStart } from '../../../src/messaging/appointments/read-start.ts';
import { dueAtOf, nameOfRule } from '../../../src/messaging/appointments/reminder-rule.ts';

const at = (ms: number) => new Date(ms).toISOString();

describe('rules of reminders', () => {
  it('in hours are exact when the clocks change in between; in days they go by the wall', () => {
    // On 28 March 2027 the clocks of Paris skip an hour.
    const start = Date.parse('2027-03-28T15:00:00+02:00');
    expect(at(dueAtOf({ hours_before: 24 }, start, 'Europe/Paris'))).toBe('2027-03-27T13:00:00.000Z');
    expect(at(dueAtOf({ days_before: 1, at: '15:00' }, start, 'Europe/Paris'))).toBe('2027-03-27T14:00:00.000Z');
    expect(at(dueAtOf({ days_before: 0, at: '02:30' }, start, 'Europe/Paris'))).toBe('2027-03-28T01:00:00.000Z');
    const autumn = Date.parse('2027-10-31T15:00:00+01:00');
    expect(at(dueAtOf({ days_before: 1, at: '18:00' }, autumn, 'Europe/Paris'))).toBe('2027-10-30T16:00:00.000Z');
    expect(at(dueAtOf({ days_before: 0, at: '02:30' }, autumn, 'Europe/Paris'))).toBe('2027-10-31T00:30:00.000Z');
  });

  it('count days of the appointment’s zone, over months and years', () => {
    const start = Date.parse('2027-01-01T00:30:00+13:00');
    expect(at(dueAtOf({ days_before: 1, at: '18:00' }, start, 'Pacific/Auckland'))).toBe('2026-12-31T05:00:00.000Z');
    expect(at(dueAtOf({ days_before: 1, at: '18:00' }, start, '-11:00'))).toBe('2026-12-31T05:00:00.000Z');
  });

  it('that come to the same have one name', () => {
    expect(nameOfRule({ minutes_before: 120 })).toBe(nameOfRule({ hours_before: 2 }));
    expect(nameOfRule({ minutes_before: 90 })).toBe('90m');
    expect(nameOfRule({ days_before: 1, at: '18:00' })).toBe('1d 18:00');
  });
});

describe('the time of an appointment', () => {
  it.each([
    ['2027-03-27T15:00:00+01:00', null, '2027-03-27T14:00:00.000Z'],
    ['2027-03-29T15:00', 'Europe/Paris', '2027-03-29T13:00:00.000Z'],
    ['2027-03-27T15:00:30', 'Europe/Paris', '2027-03-27T14:00:30.000Z'],
    // Shown twice: the first; the offset says which.
    ['2027-10-31T02:30', 'Europe/Paris', '2027-10-31T00:30:00.000Z'],
    ['2027-10-31T02:30+01:00', 'Europe/Paris', '2027-10-31T01:30:00.000Z'],
    ['2027-06-01T12:00', 'Asia/Kathmandu', '2027-06-01T06:15:00.000Z'],
  ])('%s in %s is %s', (text, zone, expected) => {
    const start = readStart(text, zone);
    expect(start.kind === 'ok' && at(start.at)).toBe(expected);
  });

  it.each([
    ['2027-03-28T02:30', 'Europe/Paris', 'is left out by a change of the clocks'],
    ['2027-02-30T12:00', 'Europe/Paris', 'is no time of the calendar'],
    ['2027-02-03T25:00Z', null, 'is no time of the calendar'],
    ['2027-02-03T12:00', null, 'needs an offset, or a time_zone'],
    ['2027-02-03T12:00+99:00', null, 'has no such offset'],
  ])('%s in %s is refused: %s', (text, zone, message) => {
    expect(readStart(text, zone)).toEqual({ kind: 'invalid', message });
  });

  it('is known by its offset where no zone is', () => {
    expect(readStart('2027-03-27T15:00:00+05:30', null)).toMatchObject({ offset: '+05:30' });
    expect(dueAtOf({ days_before: 1, at: '09:00' }, Date.parse('2027-03-27T15:00:00+05:30'), '+05:30')).toBe(
      Date.parse('2027-03-26T09:00:00+05:30'),
    );
  });
});
