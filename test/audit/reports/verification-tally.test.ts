import { expect, it } from 'vitest';
import type { CountedSend, CountedVerification } from '../../../src/audit/reports/read-verifications.ts';
import { createTopCounts } from '../../../src/audit/reports/top-counts.ts';
import { createVerificationTally } from '../../../src/audit/reports/verification-tally.ts';

const send = (changes: Partial<CountedSend> = {}): CountedSend => ({
  ...{ channel: 'sms', provider: 'acme', isSent: true, isCarried: true, isDelivered: true, cost: null },
  ...changes,
});
const verification = (changes: Partial<CountedVerification> = {}): CountedVerification => ({
  ...{ createdAt: 0, country: 'FR', attempts: 1, approvedAfterMs: null, sends: [send()] },
  ...changes,
});

it('percentiles are the values of their rank, neither interpolated nor estimated', () => {
  const tally = createVerificationTally([]);
  // 1 s to 200 s, in no order.
  for (let n = 0; n < 200; n += 1) tally.add(verification({ approvedAfterMs: (((n * 77) % 200) + 1) * 1_000 }));
  expect(tally.total().seconds_to_approve).toEqual({ p50: 100, p95: 190 });
});

it('prices are added without rounding', () => {
  const tally = createVerificationTally([]);
  const cost = { amount: '0.1', currency: 'EUR' };
  for (let n = 0; n < 3; n += 1) tally.add(verification({ sends: [send({ cost })] }));
  expect(tally.total().cost).toEqual([{ amount: '0.3', currency: 'EUR' }]);
});

it('an approval is of the last provider that took the code, and of the last tried where none did', () => {
  const tally = createVerificationTally(['provider']);
  const failed = { isCarried: false, isDelivered: false };
  const approvedAfterMs = 1;
  tally.add(verification({ approvedAfterMs, sends: [send(), send({ provider: 'broken', ...failed })] }));
  tally.add(verification({ approvedAfterMs, sends: [send(failed), send({ provider: 'broken', ...failed })] }));
  tally.add(verification({ approvedAfterMs, sends: [send({ provider: 'broken' }), send()] }));
  expect(tally.groups()).toMatchObject([
    { provider: 'acme', starts: 3, sends: 3, delivered: 2, approved: 2 },
    { provider: 'broken', starts: 3, sends: 3, delivered: 1, approved: 1 },
  ]);
});

it('what was started and not sent is started, by no provider', () => {
  const tally = createVerificationTally(['channel', 'provider']);
  tally.add(verification({ sends: [] }));
  tally.add(verification({ sends: [send({ provider: null, isSent: false, isCarried: false, isDelivered: false })] }));
  expect(tally.groups()).toMatchObject([
    { channel: null, provider: null, starts: 1, sends: 0 },
    { channel: 'sms', provider: null, starts: 1, sends: 0 },
  ]);
});

it('two sends of one group are one start of it', () => {
  const tally = createVerificationTally(['channel']);
  tally.add(verification({ sends: [send(), send()] }));
  expect(tally.groups()).toMatchObject([{ channel: 'sms', starts: 1, sends: 2 }]);
});

it('the most frequent keys are found in bounded memory, and how far the counts may be off is said', () => {
  const counts = createTopCounts<null>(100);
  for (let n = 0; n < 5_000; n += 1) {
    counts.add(`rare ${n}`, () => null);
    if (n % 10 === 0) counts.add('often', () => null);
  }
  const [first, ...rest] = counts.top();
  const missed = counts.undercount();
  expect(first?.key).toBe('often');
  expect(first?.count).toBeLessThanOrEqual(500);
  expect(first?.count).toBeGreaterThanOrEqual(500 - missed);
  expect(missed).toBeGreaterThan(0);
  expect(rest.length).toBeLessThan(100);
});

it('few keys are counted exactly', () => {
  const counts = createTopCounts<string>();
  for (const key of ['b', 'a', 'b']) counts.add(key, () => `detail of ${key}`);
  expect(counts.top()).toEqual([
    { key: 'b', count: 2, detail: 'detail of b' },
    { key: 'a', count: 1, detail: 'detail of a' },
  ]);
  expect(counts.undercount()).toBe(0);
});
