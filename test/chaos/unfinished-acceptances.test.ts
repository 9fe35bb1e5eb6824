import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { keys, tagOfChallenge } from '../../src/db/redis/keys.ts';
import { scripts } from '../../src/db/redis/scripts.ts';
import { eventually, startCountersign } from '../countersign-process.ts';
import { atFileEnd } from '../rig/file-end.ts';
import { describeWith, freshDatabase, freshRedis } from '../rig/stores.ts';
import { type Judge, startProxy, type TcpProxy } from '../rig/tcp-proxy.ts';
import { type Answer, newNumber, openTestService, type Profile, type TestService, wrongCode } from '../service.ts';

const TO = newNumber();
const CODE = '271828';

interface Setting {
  service: TestService;
  database: TcpProxy;
  redis: TcpProxy;
  /** Past the proxy. */
  redisUrl: string;
}

const LEDGER = ['database', 'none'] as const;

/** Redis is asked to approve. */
const approval: Judge = (sent) => (sent.includes(scripts.consume.sha) ? 'lose' : 'pass');

/** What was sent is carried out, its answer gets lost. */
const deafTo =
  (judge: Judge): Judge =>
  (sent, from) =>
    judge(sent, from) === 'pass' ? 'pass' : 'deafen';

const FATES = [
  ['never gets', approval, 0],
  ['carries out without an answer', deafTo(approval), 1],
] as const;

/** The commit of the transaction in which one of these words was sent. */
function commitAfter(...words: string[]): Judge {
  const begun = new WeakSet<object>();
  return (sent, from) => {
    if (words.every((word) => sent.includes(word))) begun.add(from);
    return begun.has(from) && sent.includes('commit') ? 'deafen' : 'pass';
  };
}

await describeWith(['redis', 'postgres'], 'a right answer that could not be finished', () => {
  describe.each(LEDGER)('acceptance_ledger: %s', (ledger) => {
    it.each(FATES)('that Redis %s: the next one gets the proof, and nobody after it', async (_, fate, resumed) => {
      const { service, redis } = await open('scaled', ledger);
      const { id, ask } = await start(service);
      await fails(redis, fate, ask);
      const wrong = { status: 'pending', reason: 'wrong_code', attempts_remaining: 4 };
      expect(await answered(() => ask(undefined, wrongCode(CODE)))).toMatchObject(wrong);
      expect(await answered(ask)).toMatchObject({ valid: true, status: 'approved' });
      expect(await answered(ask)).toMatchObject({ valid: false, reason: 'already_used' });
      expect(await countEvents(service, id)).toEqual({ approved: 1, resumed });
    });

    it.each(FATES)('that Redis %s, one of 64 at once: one of them gets the proof', async (_, fate) => {
      const { service, redis } = await open('scaled', ledger);
      const { id, ask } = await start(service);
      redis.intercept(fate);
      const first = await Promise.all([ask(), ask()]);
      redis.intercept(null);
      const others = await Promise.all(Array.from({ length: 62 }, () => answered(ask)));
      const answers = [...first.map(({ body }) => body), ...others];
      expect(answers.filter(({ valid }) => valid)).toHaveLength(1);
      expect(await countEvents(service, id)).toMatchObject({ approved: 1 });
    });
  });

  it.each(['scaled', 'postgres'] as const)(
    'with the last attempt, carried out without an answer (%s): the next one gets the proof, however often that happens',
    async (profile) => {
      const { service, database, redis } = await open(profile);
      const { id, ask } = await start(service);
      for (let i = 0; i < 4; i += 1) await answered(() => ask(undefined, wrongCode(CODE)));
      for (let i = 0; i < 2; i += 1) {
        if (profile === 'scaled') await fails(redis, deafTo(approval), ask);
        else await fails(database, commitAfter('verification.approv'), ask);
      }
      expect(await answered(ask)).toMatchObject({ valid: true });
      expect(await answered(ask)).toMatchObject({ reason: 'already_used' });
      expect(await countEvents(service, id)).toEqual({ approved: 1, resumed: 2 });
    },
  );

  it('whose next ones fail as well, before Redis is asked: none of them costs an attempt', async () => {
    const { service, database, redis } = await open('scaled');
    const { id, ask } = await start(service);
    await fails(redis, deafTo(approval), ask);
    for (let i = 0; i < 6; i += 1) await fails(database, commitAfter('insert into "acceptances"'), ask);
    for (let i = 0; i < 4; i += 1) await answered(() => ask(undefined, wrongCode(CODE)));
    expect(await answered(ask)).toMatchObject({ valid: true });
    expect(await countEvents(service, id)).toEqual({ approved: 1, resumed: 1 });
  });

  it('that was taken over, and Redis has forgotten it all: is not accepted again', async () => {
    const { service, redis, redisUrl } = await open('scaled');
    const { id, ask } = await start(service);
    const key = keys.state(tagOfChallenge(id), id);
    const client = new Redis(redisUrl);
    const before = await client.dumpBuffer(key);
    await fails(redis, deafTo(approval), () => ask(newKey()));
    expect(await answered(ask)).toMatchObject({ valid: true });
    await client.restore(key, 0, before, 'REPLACE');
    client.disconnect();
    expect((await service.call('GET', `/v1/verifications/${id}`)).body.status).toBe('pending');
    expect(await answered(ask)).toMatchObject({ reason: 'already_used' });
  });

  it('of a request that comes again: it gets the proof, and nobody else', async () => {
    const { service, redis } = await open('scaled');
    const { ask } = await start(service);
    const key = newKey();
    await fails(redis, deafTo(approval), () => {
      freeKeys(service);
      return ask(key);
    });
    freeKeys(service);
    expect(await answered(() => ask(key))).toMatchObject({ valid: true });
    expect(await answered(ask)).toMatchObject({ reason: 'already_used' });
  });

  it.each(['scaled', 'postgres'] as const)(
    'that PostgreSQL has committed without an answer (%s): the next one gets the proof, and nobody after it',
    async (profile) => {
      const { service, database } = await open(profile);
      const { id, ask } = await start(service);
      const lost = profile === 'scaled' ? commitAfter('insert into "acceptances"') : commitAfter('approved');
      await fails(database, lost, ask);
      await eventually(async () => (await answered(ask)).valid);
      expect(await answered(ask)).toMatchObject({ reason: 'already_used' });
      expect(await countEvents(service, id)).toEqual({ approved: 1, resumed: profile === 'scaled' ? 0 : 1 });
    },
  );

  it('whose proof PostgreSQL has redeemed without an answer: the request redeems it when it comes again, nobody else', async () => {
    for (const profile of ['scaled', 'postgres'] as const) {
      const { service, database } = await open(profile);
      const { id, ask } = await start(service);
      const { token } = await answered(ask);
      const redeem = (headers = {}) => service.call('POST', '/v1/tokens/introspect', { token }, { headers });
      const key = { 'idempotency-key': newKey() };
      await fails(database, commitAfter('token_redemptions'), () => {
        freeKeys(service);
        return redeem(key);
      });
      freeKeys(service);
      expect(await answered(redeem)).toEqual({ active: false });
      expect(await answered(() => redeem(key))).toMatchObject({ active: true, jti: id });
      expect(await answered(() => redeem({ 'idempotency-key': newKey() }))).toEqual({ active: false });
    }
  });

  it('whose process is killed between the ledger and Redis: its request gets the proof when it comes again, no other', async () => {
    const to = newNumber();
    const database = await freshDatabase('postgres');
    const [url, redis] = await proxied((await freshRedis()).url);
    const env = {
      DATABASE_URL: database.url,
      COUNTERSIGN_SECRET: randomBytes(32).toString('base64'),
      COUNTERSIGN_API_KEY: `cs_test_${randomBytes(24).toString('base64url')}`,
    };
    const killed = await startCountersign({ ...env, REDIS_URL: url.through });
    const { id } = await answered(() => killed.call('POST', '/v1/verifications', { to, channel: 'sms' }), 201);
    const code = await eventually(async () => {
      const { body } = await killed.call('GET', `/v1/sandbox/messages?to=${encodeURIComponent(to)}`);
      return /\b\d{6}\b/.exec(body.data?.[0]?.text)?.[0];
    });
    const key = newKey();
    let isHeld = false;
    redis.intercept((sent, from) => {
      isHeld ||= approval(sent, from) !== 'pass';
      return isHeld ? 'hold' : 'pass';
    });
    const check = () => killed.call('POST', `/v1/verifications/${id}/check`, { code }, { 'idempotency-key': key });
    const broken = check().catch(() => 'broken');
    await eventually(async () => isHeld);
    await killed.stop('SIGKILL');
    expect(await broken).toBe('broken');

    const service = await openTestService('scaled', { env: { ...env, REDIS_URL: url.direct } });
    service.clock.now = Date.now();
    freeKeys(service);
    const ask = (headers = {}) => service.call('POST', `/v1/verifications/${id}/check`, { code }, { headers });
    expect(await answered(ask)).toMatchObject({ reason: 'already_used' });
    expect(await answered(() => ask({ 'idempotency-key': key }))).toMatchObject({ valid: true });
    expect(await countEvents(service, id)).toEqual({ approved: 1, resumed: 0 });
  });
});

const newKey = () => randomBytes(9).toString('base64url');

/** A request that could not give its key back has it for ten seconds. */
function freeKeys({ clock }: TestService): void {
  clock.now += 11_000;
}

const opened = new Map<string, Promise<Setting>>();

/** One for all tests that need the same. */
function open(profile: Profile, ledger: 'database' | 'none' = 'database'): Promise<Setting> {
  const name = `${profile} ${ledger}`;
  const setting = opened.get(name) ?? openOne(profile, ledger);
  opened.set(name, setting);
  return setting;
}

async function openOne(profile: Profile, ledger: string): Promise<Setting> {
  const [database, toDatabase] = await proxied((await freshDatabase('postgres')).url);
  const [redis, toRedis] = await proxied((await freshRedis()).url);
  const env = { DATABASE_URL: database.through, ...(profile === 'scaled' && { REDIS_URL: redis.through }) };
  const policy = { acceptance_ledger: ledger, test_numbers: { [TO]: CODE } };
  const service = await openTestService(profile, { policy, env });
  // Redis knows the scripts from now on by their digests.
  await answered((await start(service)).ask);
  return { service, database: toDatabase, redis: toRedis, redisUrl: redis.direct };
}

async function proxied(direct: string): Promise<[url: { direct: string; through: string }, proxy: TcpProxy]> {
  const { hostname: host, port } = new URL(direct);
  const proxy = await startProxy({ host, port: Number(port) });
  atFileEnd(proxy.close);
  const url = new URL(direct);
  url.host = `127.0.0.1:${proxy.port}`;
  return [{ direct, through: url.href }, proxy];
}

async function start(service: TestService): Promise<{ id: string; ask: Ask }> {
  const { id } = await answered(() => service.call('POST', '/v1/verifications', { to: TO }), 201);
  const ask: Ask = (key, code = CODE) =>
    service.call(
      'POST',
      `/v1/verifications/${id}/check`,
      { code },
      key === undefined ? {} : { headers: { 'idempotency-key': key } },
    );
  return { id, ask };
}

type Ask = (key?: string, code?: string) => ReturnType<TestService['call']>;

/** As somebody does who hears 503 and comes again. */
async function answered(call: () => Promise<Pick<Answer, 'status' | 'body'>>, expected = 200) {
  for (const end = Date.now() + 30_000; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    const { status, body } = await call();
    if (status === expected) return body;
    if (status !== 503 || Date.now() > end) throw new Error(`answered ${status}: ${JSON.stringify(body)}`);
  }
}

/** Asks until what is meant to go wrong went wrong. */
async function fails(proxy: TcpProxy, judge: Judge, call: () => ReturnType<Ask>): Promise<void> {
  let happened = false;
  proxy.intercept((sent, from) => {
    const fate = judge(sent, from);
    happened ||= fate !== 'pass';
    return fate;
  });
  while (!happened) expect(await call()).toMatchObject({ status: 503, body: { code: 'store_unavailable' } });
  proxy.intercept(null);
}

/** How often each event is on record. */
async function countEvents({ services, recorded }: TestService, id: string) {
  await recorded();
  const { kysely } = services.db;
  const events = await kysely.selectFrom('events').selectAll().where('verification_id', '=', id).execute();
  const sequences = events.map(({ sequence }) => Number(sequence)).toSorted((a, b) => a - b);
  expect(sequences).toEqual(events.map((_, index) => index + 1));
  const count = (type: string) => events.filter((event) => event.type === `verification.${type}`).length;
  return { approved: count('approved'), resumed: count('approval_resumed') };
}
