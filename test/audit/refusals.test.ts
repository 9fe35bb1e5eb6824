import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KyselyPlugin } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createRefusalLog } from '../../src/audit/refusal-log.ts';
import { openDatabase } from '../../src/db/open.ts';
import type { Refusal } from '../../src/http/refusal.ts';
import { createBackground } from '../../src/lib/background.ts';
import { StoreUnavailable } from '../../src/lib/errors.ts';
import { newSecret } from '../projects/new-secret.ts';
import { describeWith, freshDatabase, privateFolder } from '../rig/stores.ts';
import { openTestService, type TestService } from '../service.ts';

interface Event {
  type: string;
  project: string;
  mode: string;
  actor: string;
  client?: Record<string, unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: what is recorded is what the test is about
  data: any;
}

for (const profile of ['embedded', 'postgres'] as const) {
  await describeWith(profile === 'postgres' ? ['postgres'] : [], `refused requests (${profile})`, () => {
    let api: TestService;
    let seen: number;

    beforeAll(async () => {
      const file = join(privateFolder('config'), 'countersign.json');
      const limits = { failed_authentications_per_minute: 600, ip_per_minute: 1_000, key_per_minute: 100 };
      const acme = { type: 'twilio', account_sid: `AC${'0a'.repeat(16)}`, auth_tokens: ['f'.repeat(32)] };
      const settings = { public_url: 'https://otp.example.com', providers: { acme }, rate_limits: limits };
      writeFileSync(file, JSON.stringify(settings));
      api = await openTestService(profile, { key: newSecret('live'), env: { COUNTERSIGN_CONFIG: file } });
    });
    beforeEach(async () => {
      api.clock.now += 3_600_000;
      await told();
      seen = (await rows()).length;
    });
    afterAll(() => api?.close());

    const told = async () => {
      await api.services.refusals.flush();
      await api.settled();
    };
    const rows = () =>
      api.services.db.kysely
        .selectFrom('events')
        .selectAll()
        .where('type', 'in', ['authentication.failed', 'authorization.denied', 'rate_limit.exceeded'])
        .orderBy('position')
        .execute();
    /** What this test has caused, oldest first. */
    async function events(): Promise<Event[]> {
      await told();
      return (await rows()).slice(seen).map(({ data, client, project_id: project, type, mode, actor }) => ({
        ...{ type, project, mode, actor, data: JSON.parse(data) },
        ...(client !== null && { client: JSON.parse(client) }),
      }));
    }
    const get = (key: string, remoteAddress = '192.0.2.1', headers: object = {}) =>
      api.app.inject({
        ...{ method: 'GET', url: '/v1/events', remoteAddress },
        headers: { authorization: `Bearer ${key}`, 'user-agent': 'probe/1', ...headers },
      });
    const make = async (body: object) => (await api.call('POST', '/v1/keys', { name: 'n', ...body })).body;

    it('a wrong key is told of in the first project, with where it came from and not the key', async () => {
      const wrong = newSecret('live');
      expect((await get(wrong)).statusCode).toBe(401);
      expect(await events()).toEqual([
        {
          type: 'authentication.failed',
          ...{ project: api.services.firstProject.id, mode: 'live', actor: 'unknown' },
          client: { ip: '192.0.2.1', user_agent: 'probe/1' },
          data: {
            ...{ reason: 'unknown_key', prefix: wrong.slice(0, 12), method: 'GET', route: '/v1/events' },
            ...{ count: 1, request_id: expect.stringMatching(/^req_/) },
          },
        },
      ]);
      expect(JSON.stringify(await events())).not.toContain(wrong.slice(12));
      const { body } = await api.call('GET', '/v1/events?type=authentication.*&limit=1');
      expect(body.data).toMatchObject([{ type: 'authentication.failed', actor: 'unknown' }]);
    });

    it.each([
      ['no key', {}, 'no_key', 'live'],
      ['what can be no key', { authorization: 'Bearer password' }, 'malformed_key', 'live'],
      ['another scheme', { authorization: 'Basic YTpi' }, 'malformed_key', 'live'],
      ['an unknown test key', { authorization: `Bearer ${newSecret('test')}` }, 'unknown_key', 'test'],
      ['a forged client token', { authorization: 'Bearer cst_abc' }, 'invalid_client_token', 'live'],
    ])('%s', async (_, headers, reason, mode) => {
      expect((await api.app.inject({ method: 'GET', url: '/v1/events', headers })).statusCode).toBe(401);
      expect(await events()).toMatchObject([{ type: 'authentication.failed', mode, data: { reason } }]);
      expect(JSON.stringify(await events())).not.toMatch(/password|YTpi|cst_abc/);
    });

    it('a revoked and an expired key are told of in their own project', async () => {
      const { body: other } = await api.call('POST', '/v1/projects', { name: 'other' });
      const expires_at = new Date(api.clock.now + 60_000).toISOString();
      const expiring = await make({ project: other.id, mode: 'test', expires_at });
      const revoked = await make({ project: other.id });
      await api.call('DELETE', `/v1/keys/${revoked.id}`);
      await get(expiring.key);
      api.clock.now += 60_000;
      for (const { key } of [revoked, expiring]) expect((await get(key)).statusCode).toBe(401);
      expect(await events()).toMatchObject([
        { project: other.id, mode: 'live', actor: revoked.id, data: { reason: 'revoked_key', prefix: revoked.prefix } },
        { project: other.id, mode: 'test', actor: expiring.id, data: { reason: 'expired_key' } },
      ]);
    });

    it('a missing scope is told of with the key and the scope; another project’s object is not', async () => {
      const { key, id } = await make({ scopes: ['events:read', 'verifications:read'] });
      expect((await api.call('POST', '/v1/messages', {}, { key })).status).toBe(403);
      expect((await api.call('GET', '/v1/verifications/ver_of_another', undefined, { key })).status).toBe(404);
      expect(await events()).toMatchObject([
        {
          type: 'authorization.denied',
          ...{ project: api.services.firstProject.id, mode: 'live', actor: id },
          data: { reason: 'insufficient_scope', required_scope: 'messages:send', route: '/v1/messages', count: 1 },
        },
      ]);
    });

    it('a callback that is not signed as its carrier signs is told of', async () => {
      expect((await api.call('POST', '/callbacks/nobody/receipts', {})).status).toBe(404);
      expect((await api.call('POST', '/callbacks/acme/receipts', {})).status).toBe(401);
      expect(await events()).toMatchObject([
        { type: 'authentication.failed', data: { reason: 'unsigned_callback', provider: 'acme', method: 'POST' } },
      ]);
    });

    it('of a flood from one address the first is told at once, and then how many there were', async () => {
      for (let n = 0; n < 300; n += 1) await get(newSecret('live'));
      expect(await events()).toMatchObject([{ data: { count: 1 } }]);
      const lastAt = new Date(api.clock.now).toISOString();
      api.clock.now += 60_000;
      const [, folded, ...more] = await events();
      expect(more).toEqual([]);
      expect(folded).toMatchObject({
        client: { ip: '192.0.2.1' },
        data: { reason: 'unknown_key', count: 299, first_at: lastAt, last_at: lastAt },
      });
      expect(folded?.data).not.toHaveProperty('prefix');
    });

    it('of a flood from everywhere a few sources are told, and how many the others were', async () => {
      for (let n = 0; n < 200; n += 1) await get(newSecret('live'), `198.51.100.${n}`);
      expect(await events()).toHaveLength(20);
      api.clock.now += 60_000;
      const told = await events();
      expect(told).toHaveLength(21);
      expect(told[20]).toMatchObject({ actor: 'unknown', data: { reason: 'other_sources', count: 180 } });
      expect(told[20]).not.toHaveProperty('client');
    });

    it('addresses of one IPv6 subscriber are one source', async () => {
      for (let n = 1; n < 50; n += 1) await get(newSecret('live'), `2001:db8::${n}`);
      expect(await events()).toHaveLength(1);
    });

    it('a guess is told of even when it is not looked at any more', async () => {
      const answers: number[] = [];
      for (let n = 0; n < 620; n += 1) answers.push((await get(newSecret('live'), '203.0.113.9')).statusCode);
      expect(answers).toContain(429);
      api.clock.now += 60_000;
      const counted = (await events()).map(({ data }) => data.count);
      expect(counted).toEqual([1, 619]);
    });

    it('a caller who exceeds a quota is told of', async () => {
      const { key, id } = await make({ scopes: ['events:read'] });
      for (let n = 0; n < 105; n += 1) await get(key);
      expect(await events()).toMatchObject([
        { type: 'rate_limit.exceeded', actor: id, data: { reason: 'rate_limited', quotas: ['key'], count: 1 } },
      ]);
    });

    it('AUD-21: a long user agent is cut, and says so', async () => {
      await get(newSecret('live'), '192.0.2.1', { 'user-agent': 'é'.repeat(5_000) });
      const [event] = await events();
      expect(event?.client).toMatchObject({ user_agent: 'é'.repeat(512), user_agent_truncated: true });
    });

    it('what was folded is written when the process ends', async () => {
      const other = await openTestService(profile, { beside: api });
      const headers = { authorization: `Bearer ${newSecret('live')}` };
      for (let n = 0; n < 5; n += 1) await other.app.inject({ method: 'GET', url: '/v1/events', headers });
      await other.close();
      expect((await events()).map(({ data }) => data.count)).toEqual([1, 4]);
    });
  });
}

function refusal(ip: string): Refusal {
  const request = { id: 'req_1', ip, headers: {} };
  const key = null;
  return {
    kind: 'authentication',
    reason: 'unknown_key',
    mode: 'live',
    key,
    details: {},
    method: 'GET',
    route: '/',
    request,
  };
}

it('what the database does not take is written later, once', async () => {
  const db = await openDatabase((await freshDatabase('sqlite')).url);
  const state = { down: true };
  const failing: KyselyPlugin = {
    transformQuery({ node }) {
      if (state.down) throw new StoreUnavailable('database');
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  const background = createBackground(() => {});
  const errors: unknown[] = [];
  const log = createRefusalLog({
    db: { ...db, kysely: db.kysely.withPlugin(failing) },
    now: () => 0,
    project: 'prj_1',
    background: background.run,
    onError: (error) => errors.push(error),
  });
  for (let n = 0; n < 3; n += 1) log.note(refusal('192.0.2.1'));
  await background.settled();
  expect(errors).toHaveLength(1);
  state.down = false;
  await log.flush();
  await log.flush();
  await log.close();
  const written = await db.kysely.selectFrom('events').select('data').orderBy('position').execute();
  expect(written.map(({ data }) => JSON.parse(data).count)).toEqual([1, 2]);
  await db.close();
});
