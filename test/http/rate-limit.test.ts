import type { FastifyInstance } from 'fastify';
import type { KyselyPlugin } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import { migrate } from '../../src/db/migrate.ts';
import { type Database, openDatabase } from '../../src/db/open.ts';
import { openRedis } from '../../src/db/redis.ts';
import type { RateCounter } from '../../src/http/rate-counter.ts';
import { createRedisRateCounter } from '../../src/http/rate-counter-redis.ts';
import { createSqlRateCounter } from '../../src/http/rate-counter-sql.ts';
import { createRateLimiter } from '../../src/http/rate-limiter.ts';
import { StoreUnavailable } from '../../src/lib/errors.ts';
import { createKeyring } from '../../src/lib/keyring.ts';
import { createAuthenticate } from '../../src/projects/authenticate.ts';
import { ensureFirstProject } from '../../src/projects/first-project.ts';
import { withClientTokens } from '../../src/tokens/authenticate-client.ts';
import { issueClientToken } from '../../src/tokens/client-token.ts';
import { newSecret } from '../projects/new-secret.ts';
import { describeWith, freshRedis } from '../rig/stores.ts';
import { expectProblem } from './expect-problem.ts';
import { exposeGc } from './expose-gc.ts';
import { bearer, hashKey, OTHER_KEY, type ProbeOptions, probeApp } from './probe-app.ts';

const apps: FastifyInstance[] = [];
const databases: Database[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
  for (const db of databases.splice(0)) await db.close();
});

const MINUTE = 60_000;
const NOON = 1_800_000_000_000;
const plenty = { max: 1_000_000, windowSeconds: 60 };

/** What several instances share: a real one that is watched and can be cut off. */
async function sharedCounter() {
  const db = await openDatabase('sqlite::memory:');
  await migrate(db, NOON);
  databases.push(db);
  const counter = createSqlRateCounter(db);
  const watched = {
    down: false,
    calls: 0,
    async add(...args: Parameters<RateCounter['add']>) {
      watched.calls++;
      if (watched.down) throw new StoreUnavailable('database');
      return counter.add(...args);
    },
  };
  return watched;
}

const limiterOn = (counter: RateCounter, onDegraded = () => {}, onRecovered = () => {}) =>
  createRateLimiter({ counter, hashKey, onDegraded, onRecovered });

async function start(options: ProbeOptions): Promise<FastifyInstance> {
  const app = await probeApp(options);
  apps.push(app);
  return app;
}

/** RFC 9651 lists of the form `"name";a=1;b=2, …`. */
function parseList(header: unknown): Record<string, Record<string, number>> {
  const members = String(header).split(', ');
  return Object.fromEntries(
    members.map((member) => {
      const [, name, parameters] = /^"([a-z_]+)"((?:;[a-z]+=\d+)+)$/.exec(member) ?? [];
      const pairs = (parameters ?? '')
        .split(';')
        .slice(1)
        .map((pair) => pair.split('='));
      return [name, Object.fromEntries(pairs.map(([key, value]) => [key, Number(value)]))];
    }),
  );
}

describe('quotas', () => {
  it('are told in structured fields that reveal nobody (API-15, API-17)', async () => {
    let now = NOON + 45_500;
    const app = await start({
      now: () => now,
      rateLimits: { key: { max: 3, windowSeconds: 60 }, ip: plenty, client: plenty, authFailures: plenty },
    });
    const get = () => app.inject({ url: '/v1/things', headers: bearer() });

    const first = await get();
    expect(parseList(first.headers['ratelimit-policy'])).toEqual({ ip: { q: 1_000_000, w: 60 }, key: { q: 3, w: 60 } });
    expect(parseList(first.headers.ratelimit)).toEqual({ ip: { r: 999_999, t: 15 }, key: { r: 2, t: 15 } });
    await get();
    now += 500;
    expect(parseList((await get()).headers.ratelimit).key).toEqual({ r: 0, t: 14 });
    const refused = await get();
    expect(parseList(refused.headers.ratelimit).key).toEqual({ r: 0, t: 14 });
    expect(JSON.stringify(refused.headers)).not.toMatch(/127\.0\.0\.1|prj_|key_a|Acme/);
  });

  it('that are used up answer 429 with the policy, and are back after Retry-After (API-16)', async () => {
    let now = NOON;
    const app = await start({
      now: () => now,
      rateLimits: { key: { max: 5, windowSeconds: 60 }, ip: plenty, client: plenty, authFailures: plenty },
    });
    const get = (key?: string) => app.inject({ url: '/v1/things', headers: bearer(key) });
    for (let i = 0; i < 5; i++) expect((await get()).statusCode).toBe(200);
    now += 1_000;
    const refused = await get();
    const problem = expectProblem(refused, 'rate_limited');
    expect(problem).toMatchObject({
      type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
      'violated-policies': ['key'],
    });
    expect((await get(OTHER_KEY)).statusCode).toBe(200);
    now += Number(refused.headers['retry-after']) * 1000;
    expect((await get()).statusCode).toBe(200);
  });

  it('of addresses hold for requests without a key too', async () => {
    const app = await start({
      now: () => NOON,
      rateLimits: { key: plenty, ip: { max: 4, windowSeconds: 60 }, client: plenty, authFailures: plenty },
    });
    expect((await app.inject('/v1/public')).statusCode).toBe(200);
    expect((await app.inject('/nowhere')).statusCode).toBe(404);
    expect((await app.inject('/v1/things')).statusCode).toBe(401);
    expect((await app.inject({ url: '/v1/things', headers: bearer() })).statusCode).toBe(200);
    for (const url of ['/v1/public', '/nowhere', '/v1/things']) {
      expect(expectProblem(await app.inject(url), 'rate_limited')['violated-policies']).toEqual(['ip']);
    }
  });

  it('of failed authentications do not lock out who has a valid key', async () => {
    const app = await start({
      now: () => NOON,
      rateLimits: { key: plenty, ip: plenty, client: plenty, authFailures: { max: 3, windowSeconds: 60 } },
    });
    const guess = () => app.inject({ url: '/v1/things', headers: bearer('cs_live_guess') });
    for (let i = 0; i < 3; i++) expectProblem(await guess(), 'unauthorized');
    expect(expectProblem(await guess(), 'rate_limited')['violated-policies']).toEqual(['auth_failures']);
    expect((await app.inject({ url: '/v1/things', headers: bearer() })).statusCode).toBe(200);
  });
});

describe('an address that failed too often', () => {
  async function startOnDatabase(authFailures: number) {
    const db = await openDatabase('sqlite::memory:');
    databases.push(db);
    await migrate(db, NOON);
    const key = newSecret('live');
    await ensureFirstProject(db, { apiKey: key, mode: 'development' }, NOON);
    const clock = { now: NOON };
    const now = () => clock.now;
    const asked = { queries: 0 };
    const count: KyselyPlugin = {
      transformQuery({ node }) {
        asked.queries++;
        return node;
      },
      transformResult: async ({ result }) => result,
    };
    const watched = { ...db, kysely: db.kysely.withPlugin(count) };
    const keyring = createKeyring([Buffer.alloc(32, 7)]);
    const app = await start({
      now,
      authenticate: withClientTokens(createAuthenticate({ db: watched, now }), keyring, now),
      rateLimits: { key: plenty, ip: plenty, client: plenty, authFailures: { max: authFailures, windowSeconds: 60 } },
      routes: async (routes) => {
        const config = { scope: 'verifications:read', clientToken: true } as const;
        routes.get('/v1/verifications/:id', { config }, async () => ({ ok: true }));
      },
    });
    const get = (secret: string, url = '/v1/verifications/ver_a') => app.inject({ url, headers: bearer(secret) });
    return { asked, clock, get, key, keyring };
  }

  it('costs the database nothing more, whatever keys it makes up', async () => {
    const { asked, clock, get, key } = await startOnDatabase(3);
    for (let i = 0; i < 3; i++) expectProblem(await get(newSecret('live')), 'unauthorized');
    expect(asked.queries).toBe(3);
    for (let i = 0; i < 20; i++) {
      const refused = expectProblem(await get(newSecret('live')), 'rate_limited');
      expect(refused['violated-policies']).toEqual(['auth_failures']);
    }
    expectProblem(await get(key), 'rate_limited');
    expect(asked.queries).toBe(3);

    clock.now += MINUTE;
    expect((await get(key)).statusCode).toBe(200);
  });

  it('keeps the keys that were seen valid, and client tokens', async () => {
    const { asked, clock, get, key, keyring } = await startOnDatabase(3);
    expect((await get(key)).statusCode).toBe(200);
    for (let i = 0; i < 4; i++) await get(newSecret('live'));
    clock.now += 2_000;
    expect((await get(key)).statusCode).toBe(200);
    const { queries } = asked;
    const claims = { verificationId: 'ver_a', project: 'prj_a', mode: 'live' } as const;
    expect((await get(issueClientToken(keyring, claims, NOON + MINUTE))).statusCode).toBe(200);
    expectProblem(await get('cst_made-up'), 'rate_limited');
    expect(asked.queries).toBe(queries);
  });
});

describe('client addresses (API-18)', () => {
  const once = { key: plenty, ip: { max: 1, windowSeconds: 60 }, client: plenty, authFailures: plenty };
  const spoofed = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'cf-connecting-ip', 'x-client-ip', 'true-client-ip'];

  it('are the peer’s own, whatever the request says', async () => {
    const app = await start({ now: () => NOON, rateLimits: once });
    expect((await app.inject('/v1/ip')).json()).toEqual({ ip: '127.0.0.1' });
    for (const [i, name] of spoofed.entries()) {
      const answer = await app.inject({ url: '/v1/ip', headers: { [name]: `203.0.113.${i}` } });
      expectProblem(answer, 'rate_limited');
    }
  });

  it('are taken from configured proxies, and only the part those have seen', async () => {
    const app = await start({
      now: () => NOON,
      rateLimits: { ...once, ip: plenty },
      trustProxy: ['127.0.0.1', '10.0.0.0/8'],
    });
    const ipFor = async (forwarded: string) =>
      (await app.inject({ url: '/v1/ip', headers: { 'x-forwarded-for': forwarded } })).json();
    expect(await ipFor('203.0.113.9')).toEqual({ ip: '203.0.113.9' });
    expect(await ipFor('1.1.1.1, 203.0.113.9, 10.2.3.4')).toEqual({ ip: '203.0.113.9' });
    const other = { url: '/v1/ip', remoteAddress: '198.51.100.1', headers: { 'x-forwarded-for': '203.0.113.9' } };
    expect((await app.inject(other)).json()).toEqual({ ip: '198.51.100.1' });
  });

  it('of one IPv6 site are one, and an IPv4 address in IPv6 clothes is itself', async () => {
    const app = await start({ now: () => NOON, rateLimits: once });
    const from = async (remoteAddress: string) => (await app.inject({ url: '/v1/ip', remoteAddress })).statusCode;
    expect(await from('2001:db8:1:2::1')).toBe(200);
    expect(await from('2001:db8:1:2:ffff:ffff:ffff:ffff')).toBe(429);
    expect(await from('2001:db8:1:3::1')).toBe(200);
    expect(await from('192.0.2.1')).toBe(200);
    expect(await from('::ffff:192.0.2.1')).toBe(429);
  });
});

describe('several instances', () => {
  const policy = (max: number) => ({ name: 'key', max, windowSeconds: 60 });

  it('share small quotas exactly, also through restarts (API-20)', async () => {
    const counter = await sharedCounter();
    let instances = [limiterOn(counter), limiterOn(counter), limiterOn(counter)];
    let allowed = 0;
    for (let i = 0; i < 300; i++) {
      if (i % 50 === 49) instances = instances.map(() => limiterOn(counter));
      const use = await instances[i % 3]?.use(policy(200), 'a', NOON + i);
      if (use?.allowed) allowed++;
    }
    expect(allowed).toBe(200);
  });

  it('racing for the last uses get no more than there are', async () => {
    const counter = await sharedCounter();
    const instances = [limiterOn(counter), limiterOn(counter)];
    const uses = await Promise.all(Array.from({ length: 200 }, (_, i) => instances[i % 2]?.use(policy(64), 'a', NOON)));
    expect(uses.filter((use) => use?.allowed)).toHaveLength(64);
    expect(new Set(uses.filter((use) => use?.allowed).map((use) => use?.remaining)).size).toBe(64);
  });

  it('overshoot large quotas by 1/256 each at most, and ask rarely', async () => {
    const counter = await sharedCounter();
    const instances = Array.from({ length: 4 }, () => limiterOn(counter));
    const max = 25_600;
    let allowed = 0;
    for (let i = 0; i < 2 * max; i++) {
      const use = await instances[(i * 7) % 4]?.use(policy(max), 'a', NOON);
      if (use?.allowed) allowed++;
    }
    expect(allowed).toBeGreaterThanOrEqual(max);
    expect(allowed).toBeLessThanOrEqual(max + (4 * max) / 256);
    expect(counter.calls).toBeLessThan(max / 5);
  });

  it('hand over what they counted when they stop', async () => {
    const counter = await sharedCounter();
    const stopping = limiterOn(counter);
    for (let i = 0; i < 50; i++) await stopping.use(policy(100_000), 'a', NOON);
    await stopping.flush(NOON);
    const next = await limiterOn(counter).use(policy(100_000), 'a', NOON);
    expect(next.remaining).toBe(100_000 - 51);
  });

  it('begin anew with the window', async () => {
    const limiter = limiterOn(await sharedCounter());
    expect(await limiter.use(policy(1), 'a', NOON)).toMatchObject({ allowed: true, resetSeconds: 60 });
    expect(await limiter.use(policy(1), 'a', NOON + MINUTE - 1)).toMatchObject({ allowed: false, resetSeconds: 1 });
    expect(await limiter.use(policy(1), 'a', NOON + MINUTE)).toMatchObject({ allowed: true });
  });
});

await describeWith(['redis'], 'instances on one Redis', () => {
  it('share a quota, whichever is asked and however often they restart (API-20)', async () => {
    const fresh = await freshRedis();
    const handle = await openRedis(fresh.url);
    const instance = () =>
      start({
        now: () => NOON,
        rateLimits: { key: { max: 30, windowSeconds: 60 }, ip: plenty, client: plenty, authFailures: plenty },
        rateLimiter: limiterOn(createRedisRateCounter(handle)),
      });
    const instances = [await instance(), await instance()];
    const statuses: number[] = [];
    for (let i = 0; i < 40; i++) {
      if (i === 15) instances[0] = await instance();
      const answer = await instances[i % 2]?.inject({ url: '/v1/things', headers: bearer() });
      statuses.push(answer?.statusCode ?? 0);
    }
    expect(statuses).toEqual([...Array(30).fill(200), ...Array(10).fill(429)]);
    await handle.close();
    fresh.close();
  });
});

describe('without the shared counter', () => {
  const policy = { name: 'key', max: 10, windowSeconds: 60 };

  it('each instance counts for itself, says so once, and does not wait for it each time', async () => {
    const counter = await sharedCounter();
    const said: string[] = [];
    const limiter = limiterOn(
      counter,
      () => said.push('degraded'),
      () => said.push('recovered'),
    );
    counter.down = true;
    const uses = [];
    for (let i = 0; i < 15; i++) uses.push(await limiter.use(policy, 'a', NOON + i));
    expect(uses.map((use) => use.allowed)).toEqual([...Array(10).fill(true), ...Array(5).fill(false)]);
    expect(counter.calls).toBe(1);
    expect(said).toEqual(['degraded']);

    counter.down = false;
    await limiter.use(policy, 'b', NOON + 2_000);
    expect(said).toEqual(['degraded', 'recovered']);
  });

  it('what was counted meanwhile is shared afterwards', async () => {
    const counter = await sharedCounter();
    const limiter = limiterOn(counter);
    counter.down = true;
    for (let i = 0; i < 5; i++) await limiter.use(policy, 'a', NOON);
    counter.down = false;
    await limiter.use(policy, 'a', NOON + 2_000);
    expect(await limiterOn(counter).use(policy, 'a', NOON + 2_000)).toMatchObject({ remaining: 3 });
  });
});

it('a flood of addresses does not grow memory', async () => {
  const collect = exposeGc();
  const limiter = limiterOn(await sharedCounter());
  const flood = async (from: number, to: number) => {
    for (let i = from; i < to; i++) await limiter.use({ name: 'ip', max: 5, windowSeconds: 60 }, `address-${i}`, NOON);
    collect();
    return process.memoryUsage().heapUsed;
  };
  const full = await flood(0, 21_000);
  expect((await flood(21_000, 45_000)) - full).toBeLessThan(5 * 1024 * 1024);
});
