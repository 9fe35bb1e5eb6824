import { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { eventually, startCountersign } from '../countersign-process.ts';
import { describeWith, privatePostgres, privateRedis } from '../rig/stores.ts';
import { newNumber, wrongCode } from '../service.ts';

await describeWith(['postgres', 'redis'], 'a Redis that is full (noeviction)', () => {
  it('starts and checks are refused with 503, no guess is lost or judged, and it recovers by itself', async () => {
    const [postgres, redis] = [await privatePostgres(), await privateRedis()];
    const service = await startCountersign({ DATABASE_URL: postgres.url, REDIS_URL: redis.url });
    const start = (to: string) => service.call('POST', '/v1/verifications', { to, channel: 'sms' });
    const check = (code: string) => service.call('POST', `/v1/verifications/${open.body.id}/check`, { code });
    const remaining = async () =>
      (await service.call('GET', `/v1/verifications/${open.body.id}`)).body.attempts_remaining;
    const to = newNumber();
    const open = await start(to);
    const code = await eventually(async () => {
      const { body } = await service.call('GET', `/v1/sandbox/messages?to=${encodeURIComponent(to)}`);
      return /\b\d{6}\b/.exec(body.data[0]?.text)?.[0];
    });
    expect((await check(wrongCode(code))).body).toMatchObject({ valid: false, attempts_remaining: 4 });

    const admin = new Redis(redis.url);
    await admin.config('SET', 'maxmemory', '1');
    const refusals = [await start(newNumber()), await check(wrongCode(code)), await check(code)];
    refusals.push(await service.call('POST', `/v1/verifications/${open.body.id}/resend`, { channel: 'voice' }));
    for (const { status, body, headers } of refusals) {
      expect({ status, body }).toMatchObject({ status: 503, body: { code: 'store_unavailable', store: 'redis' } });
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(await remaining()).toBe(4);

    await admin.config('SET', 'maxmemory', '0');
    admin.disconnect();
    const right = await eventually(async () => {
      const answer = await check(code);
      return answer.status === 200 && answer;
    });
    expect(right.body).toMatchObject({ valid: true, status: 'approved' });
    expect((await start(newNumber())).status).toBe(201);
    const { data } = await eventually(async () => {
      const events = await service.call('GET', `/v1/events?verification_id=${open.body.id}&type=verification.approved`);
      return events.body.data.length === 1 && events.body;
    });
    expect(data[0].type).toBe('verification.approved');
    expect(await service.stop()).toBe(0);
  }, 120_000);
});
