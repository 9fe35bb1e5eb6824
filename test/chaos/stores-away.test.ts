import { expect, it } from 'vitest';
import { eventually, startCountersign } from '../countersign-process.ts';
import { describeWith, privatePostgres, privateRedis } from '../rig/stores.ts';
import { newNumber, wrongCode } from '../service.ts';

await describeWith(['postgres', 'redis'], 'a store that is away', () => {
  async function open() {
    const postgres = await privatePostgres();
    const redis = await privateRedis(['--appendonly', 'yes']);
    const service = await startCountersign({ DATABASE_URL: postgres.url, REDIS_URL: redis.url });
    const start = (to: string) => service.call('POST', '/v1/verifications', { to, channel: 'sms' });
    const check = (id: string, code: string) => service.call('POST', `/v1/verifications/${id}/check`, { code });
    const codeOf = (to: string) =>
      eventually(async () => {
        const { body } = await service.call('GET', `/v1/sandbox/messages?to=${encodeURIComponent(to)}`);
        return /\b\d{6}\b/.exec(body.data[0]?.text)?.[0];
      });
    return { postgres, redis, service, start, check, codeOf };
  }

  it('Postgres: starts and wrong guesses are served and counted, approvals wait, and nothing is missing afterwards', async () => {
    const { postgres, service, start, check, codeOf } = await open();
    const before = newNumber();
    const during = newNumber();
    const first = await start(before);
    await postgres.stop();

    const second = await start(during);
    expect(second.status).toBe(201);
    const code = await codeOf(during);
    const wrong = await check(second.body.id, wrongCode(code));
    expect(wrong).toMatchObject({ status: 200, body: { valid: false, reason: 'wrong_code', attempts_remaining: 4 } });
    for (let i = 0; i < 7; i += 1) {
      const right = await check(second.body.id, code);
      expect(right).toMatchObject({ status: 503, body: { code: 'store_unavailable', store: 'database' } });
      expect(Number(right.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect((await service.call('GET', `/v1/verifications/${second.body.id}`)).body.attempts_remaining).toBe(4);
    expect((await service.call('GET', '/health/live')).status).toBe(200);
    await eventually(async () => (await service.call('GET', '/health/ready')).body.failing?.[0] === 'database');

    await postgres.start();
    const right = await eventually(async () => {
      const answer = await check(second.body.id, code);
      return answer.status === 200 && answer;
    });
    expect(right.body).toMatchObject({ valid: true, status: 'approved' });
    const types = await eventually(async () => {
      const { body } = await service.call('GET', `/v1/events?verification_id=${second.body.id}`);
      const found = body.data?.map((event: { type: string }) => event.type);
      // The carrier reports again until its receipt is taken.
      return found?.includes('verification.approved') && found.includes('verification.delivered') && found;
    });
    // The wrong guess, and the seven right ones that could not be accepted.
    const failed = Array.from({ length: 8 }, () => 'attempt_failed');
    const all = ['created', 'sent', 'delivered', 'approved', ...failed].map((type) => `verification.${type}`);
    expect(types.toSorted()).toEqual(all.toSorted());
    // Its message was sent without a row, which was written later.
    const { body: list } = await service.call('GET', `/v1/messages?verification_id=${second.body.id}`);
    expect(list.data).toMatchObject([{ status: 'delivered', purpose: 'code' }]);
    expect((await check(first.body.id, await codeOf(before))).body.valid).toBe(true);
    expect(await service.stop()).toBe(0);
  });

  it('Redis: everything that counts is refused with 503, nothing is judged, and it recovers by itself', async () => {
    const { redis, service, start, check, codeOf } = await open();
    const to = newNumber();
    const { body } = await start(to);
    const code = await codeOf(to);
    redis.pause();
    expect(await check(body.id, code)).toMatchObject({ status: 503, body: { store: 'redis' } });
    expect((await start(newNumber())).status).toBe(503);
    expect((await service.call('GET', '/health/live')).status).toBe(200);
    redis.resume();
    const answer = await eventually(async () => {
      const again = await check(body.id, code);
      return again.status === 200 && again;
    });
    expect(answer.body.valid).toBe(true);
    expect(await service.stop()).toBe(0);
  });
});
