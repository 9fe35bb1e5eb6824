import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Answer, newNumber, openTestService, type TestService } from '../service.ts';

describe('a full hashing queue', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await openTestService('embedded', {
      policy: { hash_preset: 'hardened' },
      hashing: { concurrency: 1, max_queued: 0 },
    });
  });
  afterAll(() => service?.close());

  it('refuses with 503 what it cannot hash now, and costs nobody an attempt', async () => {
    const to = newNumber();
    const { body } = await service.call('POST', '/v1/verifications', { to });
    const check = () => service.call('POST', `/v1/verifications/${body.id}/check`, { code: '000000' });
    const answers = await Promise.all(Array.from({ length: 4 }, check));
    const refused = answers.filter((answer) => answer.status === 503);
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of refused) {
      expect(answer.body.code).toBe('overloaded');
      expect(answer.headers['retry-after']).toBe('1');
    }
    const judged = answers.length - refused.length;
    const now = (await service.call('GET', `/v1/verifications/${body.id}`)).body;
    expect(now.attempts_remaining).toBe(5 - judged);
    const starts = await Promise.all(
      Array.from({ length: 4 }, () => service.call('POST', '/v1/verifications', { to: newNumber() })),
    );
    expect(new Set(starts.map((answer) => answer.status))).toEqual(new Set([201, 503]));

    const unserved = (of: Answer[]) => of.filter((answer) => answer.status === 503).length;
    const metrics = await service.services.metrics.registry.metrics();
    expect(metrics).toContain(`countersign_starts_total{result="overloaded"} ${unserved(starts)}`);
    expect(metrics).toContain(`countersign_checks_total{result="overloaded"} ${unserved(answers)}`);
  });
});

describe('a burst of starts', () => {
  const STARTS = 600;

  it('gives up none of those that were answered: every code is sent, by its first step', async () => {
    const service = await openTestService('embedded');
    onTestFinished(() => service.close());
    const recipients = Array.from({ length: STARTS }, () => newNumber());
    const starts = await Promise.all(recipients.map((to) => service.call('POST', '/v1/verifications', { to })));
    const started = starts.filter((answer) => answer.status === 201);
    expect(started.length).toBe(STARTS);
    await service.settled();
    const { db } = service.services;
    const rows = await db.kysely.selectFrom('verifications').select(['status', 'sends']).execute();
    const became = rows.map(({ status, sends }) => {
      const made = JSON.parse(sends) as { channel: string; status: string }[];
      return [status, ...made.map((send) => `${send.channel} ${send.status}`)].join(', ');
    });
    expect(new Set(became)).toEqual(new Set(['pending, sms delivered']));
    expect(became).toHaveLength(STARTS);
  });
});
