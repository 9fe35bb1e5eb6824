import { expect, it } from 'vitest';
import { endOfWait } from '../../../src/messaging/automations/wait.ts';

const end = (step: Parameters<typeof endOfWait>[0], zone: string | null, now: string) =>
  new Date(endOfWait(step, zone, Date.parse(now))).toISOString();

it('a wait for a time goes by the clock of the contact, over changes of the clocks too', () => {
  const nine = { type: 'wait_for_time', time: '09:00' } as const;
  expect(end(nine, 'Europe/Paris', '2027-01-15T07:59:00Z')).toBe('2027-01-15T08:00:00.000Z');
  expect(end(nine, 'Europe/Paris', '2027-01-15T08:00:00Z')).toBe('2027-01-15T08:00:00.000Z');
  expect(end(nine, 'Europe/Paris', '2027-01-15T08:00:01Z')).toBe('2027-01-16T08:00:00.000Z');
  expect(end(nine, 'Europe/Paris', '2027-03-27T12:00:00Z')).toBe('2027-03-28T07:00:00.000Z');
  expect(end(nine, null, '2027-01-15T08:00:00Z')).toBe('2027-01-15T09:00:00.000Z');
  expect(end({ ...nine, time_zone: 'Asia/Tokyo' }, 'Europe/Paris', '2027-01-15T08:00:00Z')).toBe(
    '2027-01-16T00:00:00.000Z',
  );
  // 15 January 2027 is a Friday.
  const weekly = { ...nine, days: ['friday', 'tuesday'] as ('friday' | 'tuesday')[] };
  expect(end(weekly, 'UTC', '2027-01-15T09:00:00Z')).toBe('2027-01-15T09:00:00.000Z');
  expect(end(weekly, 'UTC', '2027-01-15T09:00:01Z')).toBe('2027-01-19T09:00:00.000Z');
  // Clocks leave it out.
  const gap = { type: 'wait_for_time', time: '02:30' } as const;
  expect(end(gap, 'Europe/Paris', '2027-03-28T00:30:00Z')).toBe('2027-03-28T01:00:00.000Z');
});

it('other waits are as long as they say', () => {
  expect(end({ type: 'wait', seconds: 90 }, null, '2027-01-15T08:00:00Z')).toBe('2027-01-15T08:01:30.000Z');
  const until = { type: 'wait_until', at: '2027-01-15T10:00:00+01:00' } as const;
  expect(end(until, null, '2027-01-15T08:00:00Z')).toBe('2027-01-15T09:00:00.000Z');
});
