import { describe, expect, it } from 'vitest';
import { hashPhone } from '../../src/lib/phone.ts';
import { newSecret } from '../projects/new-secret.ts';
import { describeWith, freshRedisCluster } from '../rig/stores.ts';
import { newNumber, openTestService, PROFILES, type Profile } from '../service.ts';
import { dumpEverything, whereIs } from './dump-everything.ts';
import { expectLogHolds } from './expect-log-holds.ts';
import { verifyExport } from './verify-export.ts';

/** Counters by keyed hash, which stay for their window. */
const GUARDS = /^(?:limits|budgets|known_devices)$|\}[lb]:/;
const MINUTE = 60_000;

describe('an erasure under traffic, embedded', () => underTraffic(() => 'embedded'));
await describeWith(['postgres', 'redis'], 'an erasure under traffic, scaled', () => underTraffic(() => 'scaled'));
await describeWith(['postgres', 'redis'], 'an erasure under traffic, Redis Cluster', () =>
  underTraffic(async () => (await freshRedisCluster()).url),
);

/** On a profile, or on PostgreSQL and this Redis. */
function underTraffic(where: () => Profile | Promise<string>): void {
  it('takes all of the person, whatever was under way, and nothing of others', async () => {
    const given = await where();
    const options = { key: newSecret('live'), policy: { resend_cooldown_seconds: 0 } };
    const profile = PROFILES.find((name) => name === given);
    const service = profile
      ? await openTestService(profile, options)
      : await openTestService('postgres', { ...options, env: { REDIS_URL: given } });
    const { privacy, auditLog, hashKey } = service.services;
    const victim = newNumber();
    const others = Array.from({ length: 40 }, () => newNumber());
    const accepted: string[] = [];
    let asked = 0;
    const start = async (to: string) => {
      asked += 1;
      const { status, body } = await service.call('POST', '/v1/verifications', {
        to,
        client: { ip: `2001:db8:${asked.toString(16)}::1` },
      });
      if (status !== 201) return;
      accepted.push(to);
      await service.call('POST', `/v1/verifications/${body.id}/check`, { code: '000000' });
    };
    const traffic = others.flatMap((to, index) => [start(to), ...(index % 10 === 0 ? [start(victim)] : [])]);
    const erasure = service.call('POST', '/v1/privacy/erasures', { to: victim });
    const work = async () => {
      await privacy.worker.runDue();
      await auditLog.sealer.sealAll();
    };
    await Promise.all([...traffic, erasure.then(work), work()]);
    for (const later of [0, MINUTE, 10 * MINUTE]) {
      service.clock.now += later;
      await service.work();
      await service.recorded();
      await work();
    }
    // Limits of ranges and addresses apply.
    expect(accepted.length).toBeGreaterThan(20);
    expect(accepted).toContain(victim);
    const left = whereIs(await dumpEverything(service), [victim, hashPhone(hashKey, victim)]);
    expect(left.filter((name) => !GUARDS.test(name))).toEqual([]);
    const dump = await dumpEverything(service);
    expect(others.filter((to) => accepted.includes(to) && whereIs(dump, [to]).length === 0)).toEqual([]);
    await expectLogHolds(service);
    expect((await verifyExport(service)).findings).toEqual([]);
    await service.close();
  });
}
