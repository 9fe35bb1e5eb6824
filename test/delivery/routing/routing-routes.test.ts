import type { FastifyInstance } from 'fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fromEventRow } from '../../../src/audit/events-table.ts';
import type { Database } from '../../../src/db/open.ts';
import type { OpenRouting, RoutingDeps } from '../../../src/delivery/routing/create-routing.ts';
import { routingRoutes } from '../../../src/delivery/routing/routing-routes.ts';
import { Problem } from '../../../src/lib/errors.ts';
import { createKeyring } from '../../../src/lib/keyring.ts';
import { databasesOf, onEachDialect } from '../../db/on-each-dialect.ts';
import { expectProblem } from '../../http/expect-problem.ts';
import { bearer, probeApp } from '../../http/probe-app.ts';
import { factsOf, NOW, openRouting, outcomeOf, ruleTable, tableOf } from './routing-rig.ts';

const keyring = createKeyring([Buffer.alloc(32, 7)]);
const ADMIN = `cs_live_${'a'.repeat(40)}`;
const NO_ADMIN = `cs_live_${'n'.repeat(40)}`;
const auth = { projectId: 'prj_a', projectName: 'Acme', policy: {}, mode: 'live' } as const;

interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what came back is what the test is about
  body: any;
}

interface Instance {
  routing: OpenRouting;
  app: FastifyInstance;
  call(method: 'GET' | 'PUT' | 'POST', url: string, payload?: object, key?: string): Promise<Answer>;
}

async function openInstance(db: Database, over: Partial<RoutingDeps> = {}): Promise<Instance> {
  const routing = await openRouting(db, over);
  const app = await probeApp({
    authenticate: async (key) => {
      if (key === ADMIN) return { ...auth, keyId: 'key_admin', scopes: new Set(['admin']) };
      return key === NO_ADMIN ? { ...auth, keyId: 'key_other', scopes: new Set(['events:read']) } : null;
    },
    routes: routingRoutes({ routing, db, keyring, now: () => NOW, requireAdministrator: async () => {} }),
  });
  onTestFinished(async () => {
    await app.close();
    await routing.close();
  });
  return {
    routing,
    app,
    async call(method, url, payload, key = ADMIN) {
      const answer = await app.inject({ method, url, headers: bearer(key), ...(payload && { payload }) });
      return { status: answer.statusCode, body: answer.json() };
    },
  };
}

const FRENCH = { rules: [{ name: 'french', when: { country: 'FR' }, providers: [{ provider: 'beta' }] }] };
const GERMAN = { rules: [{ name: 'german', when: { country: 'DE' }, providers: [{ provider: 'alpha' }] }] };
const BAD = { rules: [{ name: 'bad', providers: [{ provider: 'delta' }] }] };

const eventsOf = async (db: Database) =>
  (await db.kysely.selectFrom('events').selectAll().orderBy('position').execute()).map(fromEventRow);

await onEachDialect('the routing table', ({ open }) => {
  it('is empty at first, and every provider of a channel is used', async () => {
    const { call, routing } = await openInstance(await open());
    expect((await call('GET', '/v1/routes')).body).toEqual({
      version: 0,
      source: 'none',
      digest: null,
      actor: null,
      created_at: null,
      table: { senders: [], rules: [] },
    });
    expect(routing.route(factsOf(), NOW)).toMatchObject({ version: 0, rule: null });
  });

  it('that is put is in force at once, and its version is kept', async () => {
    const { call, routing } = await openInstance(await open());
    const put = await call('PUT', '/v1/routes', FRENCH);
    expect(put).toEqual({
      status: 200,
      body: {
        version: 1,
        source: 'api',
        digest: expect.stringMatching(/^[\w-]{43}$/),
        actor: 'key_admin',
        created_at: '2026-11-22T12:00:00.000Z',
        table: tableOf(FRENCH),
      },
    });
    expect(routing.route(factsOf(), NOW)).toMatchObject({ version: 1, rule: 'french' });
    expect((await call('PUT', '/v1/routes', GERMAN)).body.version).toBe(2);
    expect(routing.route(factsOf(), NOW)).toMatchObject({ version: 2, rule: null });
    expect((await call('GET', '/v1/routes')).body.table).toEqual(tableOf(GERMAN));
    expect((await call('GET', '/v1/routes/versions/1')).body).toEqual(put.body);
    expect((await call('GET', '/v1/routes/versions/3')).status).toBe(404);
  });

  it('that is in force already makes no new version; one that was in force before does', async () => {
    const { call } = await openInstance(await open());
    const versions = [];
    for (const table of [FRENCH, FRENCH, GERMAN, FRENCH])
      versions.push((await call('PUT', '/v1/routes', table)).body.version);
    expect(versions).toEqual([1, 1, 2, 3]);
  });

  it('is taken up by the other instances, and by those that start later', async () => {
    const db = await open();
    const [one, other] = [await openInstance(db), await openInstance(db)];
    await one.call('PUT', '/v1/routes', FRENCH);
    expect(other.routing.route(factsOf(), NOW).rule).toBeNull();
    await other.routing.refreshTable();
    expect(other.routing.route(factsOf(), NOW)).toMatchObject({ version: 1, rule: 'french' });
    expect((await openInstance(db)).routing.route(factsOf(), NOW)).toMatchObject({ version: 1, rule: 'french' });
  });

  it('is taken up by an instance that runs, without being told', async () => {
    const db = await open();
    const [one, other] = [await openInstance(db), await openInstance(db)];
    other.routing.start();
    await one.call('PUT', '/v1/routes', FRENCH);
    await expect.poll(() => other.routing.route(factsOf(), NOW).rule, { timeout: 40_000, interval: 10 }).toBe('french');
  });

  it('each change is one event, with what was before', async () => {
    const db = await open();
    const { call } = await openInstance(db);
    const first = (await call('PUT', '/v1/routes', FRENCH)).body.digest;
    const second = (await call('PUT', '/v1/routes', GERMAN)).body.digest;
    await call('PUT', '/v1/routes', GERMAN);
    await call('PUT', '/v1/routes', BAD);
    const told = {
      ...{ id: expect.any(String), type: 'routes.updated', at: NOW },
      ...{ project: 'prj_first', mode: 'live', actor: 'key_admin' },
      client: { ip: '127.0.0.1', user_agent: 'lightMyRequest' },
    };
    const request_id = expect.any(String);
    expect(await eventsOf(db)).toEqual([
      { ...told, data: { version: 1, source: 'api', digest: first, digest_before: null, request_id } },
      { ...told, data: { version: 2, source: 'api', digest: second, digest_before: first, request_id } },
    ]);
  });

  it('of two that are put at once, both are versions or one is refused', async () => {
    const db = await open();
    const [one, other] = [await openInstance(db), await openInstance(db)];
    for (let round = 0; round < 10; round += 1) {
      const answers = await Promise.all([
        one.call('PUT', '/v1/routes', FRENCH),
        other.call('PUT', '/v1/routes', GERMAN),
      ]);
      for (const { status, body } of answers) if (status !== 200) expect(body.code).toBe('conflict');
      expect(answers.some(({ status }) => status === 200)).toBe(true);
    }
    const versions = await db.kysely.selectFrom('routing_tables').select('version').orderBy('version').execute();
    expect(versions.map(({ version }) => version)).toEqual(versions.map((_, at) => at + 1));
    expect(await eventsOf(db)).toHaveLength(versions.length);
  });

  it('lists its versions, newest first, a page at a time', async () => {
    const { call } = await openInstance(await open());
    for (const table of [FRENCH, GERMAN, FRENCH]) await call('PUT', '/v1/routes', table);
    const page = (await call('GET', '/v1/routes/versions?limit=2')).body;
    expect(page.data.map(({ version }: { version: number }) => version)).toEqual([3, 2]);
    expect(page.data[0]).not.toHaveProperty('table');
    const rest = (await call('GET', `/v1/routes/versions?limit=2&cursor=${page.next_cursor}`)).body;
    expect(rest).toMatchObject({ data: [{ version: 1, source: 'api', actor: 'key_admin' }], next_cursor: null });
  });

  describe('in the configuration file', () => {
    const file = tableOf(FRENCH);

    it('has one version on every instance, however often they start', async () => {
      const db = await open();
      const instances = await Promise.all([1, 2, 3, 4].map(() => openInstance(db, { fileTable: file })));
      instances.push(await openInstance(db, { fileTable: file }));
      for (const { routing, call } of instances) {
        expect(routing.route(factsOf(), NOW)).toMatchObject({ version: 1, rule: 'french' });
        expect((await call('GET', '/v1/routes')).body).toMatchObject({ version: 1, source: 'file', actor: 'file' });
      }
      expect(await eventsOf(db)).toEqual([
        expect.objectContaining({
          type: 'routes.updated',
          actor: 'system',
          data: expect.objectContaining({ source: 'file' }),
        }),
      ]);
    });

    it('makes a new version when it is another one', async () => {
      const db = await open();
      await openInstance(db, { fileTable: file });
      const { routing } = await openInstance(db, { fileTable: tableOf(GERMAN) });
      expect(routing.route(factsOf(), NOW)).toMatchObject({ version: 2, rule: null });
    });

    it('is not replaced over the API', async () => {
      const db = await open();
      const { app, routing } = await openInstance(db, { fileTable: file });
      const answer = await app.inject({ method: 'PUT', url: '/v1/routes', headers: bearer(ADMIN), payload: GERMAN });
      expectProblem(answer, 'routes_in_file');
      await openInstance(db).then(({ call }) => call('PUT', '/v1/routes', GERMAN));
      await routing.refreshTable();
      expect(routing.route(factsOf(), NOW)).toMatchObject({ version: 1, rule: 'french' });
    });

    it('that was taken out gives way to the one that was put last', async () => {
      const db = await open();
      await openInstance(db).then(({ call }) => call('PUT', '/v1/routes', GERMAN));
      await openInstance(db, { fileTable: file });
      const { call } = await openInstance(db);
      expect((await call('GET', '/v1/routes')).body).toMatchObject({ version: 1, source: 'api' });
    });

    it('that cannot be used does not start, and says where and why', async () => {
      const db = await open();
      await expect(openRouting(db, { fileTable: tableOf(BAD) })).rejects.toThrow(
        '/routes/rules/0/providers/0/provider no provider is called delta',
      );
      expect(await eventsOf(db)).toEqual([]);
    });
  });
});

describe('the API of routing', () => {
  const { open } = databasesOf('sqlite');

  it('refuses a table that cannot be used, naming every place', async () => {
    const { call, routing } = await openInstance(await open());
    const rules = [...BAD.rules, { name: 'bad', when: { country: 'FR' }, providers: [{ provider: 'alpha' }] }];
    const { status, body } = await call('PUT', '/v1/routes', { rules });
    expect(status).toBe(422);
    expect(body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
      '/rules/0/providers/0/provider',
      '/rules/1/name',
      '/rules/1/when',
    ]);
    expect(routing.route(factsOf(), NOW).version).toBe(0);
  });

  it.each<[string, object]>([
    ['a member that is not known', { rules: [], nobody_knows: 1 }],
    [
      'a condition that is not known',
      { rules: [{ name: 'r', when: { zip: '75001' }, providers: [{ provider: 'alpha' }] }] },
    ],
    ['no provider', { rules: [{ name: 'r', providers: [] }] }],
    [
      'a channel that is not known',
      { rules: [{ name: 'r', when: { channel: 'fax' }, providers: [{ provider: 'alpha' }] }] },
    ],
    ['a rate of nothing', { rules: [{ name: 'r', providers: [{ provider: 'alpha', per_second: 0 }] }] }],
    ['a negative weight', { rules: [{ name: 'r', providers: [{ provider: 'alpha', weight: -1 }] }] }],
    ['a name with spaces', { rules: [{ name: 'r 1', providers: [{ provider: 'alpha' }] }] }],
  ])('refuses what the schema does not know: %s', async (_, table) => {
    const { call } = await openInstance(await open());
    expect(await call('PUT', '/v1/routes', table)).toMatchObject({ status: 422, body: { code: 'invalid_request' } });
  });

  it('takes a table of some hundred rules', async () => {
    const { call, routing } = await openInstance(await open());
    const rules = Array.from({ length: 500 }, (_, at) => ({
      name: `r${at}`,
      when: {
        project: `prj_${String(at).padStart(26, '0')}`,
        prefix: Array.from({ length: 20 }, (_, n) => `+33${600 + n}`),
      },
      providers: [{ provider: 'alpha', per_second: 10, cost: { amount: '0.0075', currency: 'EUR' } }],
    }));
    expect((await call('PUT', '/v1/routes', { rules })).status).toBe(200);
    expect(routing.table.version()?.table.rules).toHaveLength(500);
  });

  it('is for administrators', async () => {
    const db = await open();
    const { app } = await openInstance(db);
    const calls = [
      ['GET', '/v1/routes'],
      ['PUT', '/v1/routes'],
      ['GET', '/v1/routes/versions'],
      ['GET', '/v1/routes/versions/1'],
      ['POST', '/v1/routes/simulate'],
      ['GET', '/v1/providers'],
    ] as const;
    for (const [method, url] of calls) {
      expectProblem(await app.inject({ method, url, headers: bearer(NO_ADMIN) }), 'insufficient_scope');
    }
    const refused = await probeApp({
      authenticate: async () => ({ ...auth, keyId: 'k', scopes: new Set(['admin']) }),
      routes: routingRoutes({
        routing: await openRouting(db),
        db,
        keyring,
        now: () => NOW,
        requireAdministrator: async () => {
          throw new Problem('insufficient_scope');
        },
      }),
    });
    for (const [method, url] of calls) {
      expectProblem(await refused.inject({ method, url, headers: bearer() }), 'insufficient_scope');
    }
    await refused.close();
  });

  describe('simulate', () => {
    const table = ruleTable(
      {
        name: 'codes',
        when: { purpose: 'code' },
        strategy: 'cheapest',
        validity_seconds: 300,
        providers: [
          { provider: 'alpha', cost: { amount: '0.02', currency: 'EUR' }, weight: 3 },
          { provider: 'beta', cost: { amount: '0.01', currency: 'EUR' }, per_second: 20 },
          { provider: 'post', cost: { amount: '0.01', currency: 'EUR' } },
        ],
      },
      { value: 'ACME', kind: 'alphanumeric', countries: ['FR'], registration: 'registered' },
    );
    const above = (name: string, when: object) =>
      tableOf({ rules: [{ name, when, providers: [{ provider: 'alpha' }] }] });
    table.rules.unshift(
      ...above('bulk', { purpose: 'marketing' }).rules,
      ...above('calls', { channel: 'voice' }).rules,
      ...above('german', { country: 'DE' }).rules,
    );
    const message = { to: '+33 6 12 34 56 78', purpose: 'code', channel: 'sms' };

    it('names the rule, the way, and why not the others, and sends nothing', async () => {
      const db = await open();
      const { call, routing } = await openInstance(db, { fileTable: table });
      for (let at = 0; at < 5; at += 1)
        routing.tried(outcomeOf('alpha', { kind: 'failed', reason: 'unavailable' }), NOW);
      routing.tried(outcomeOf('beta'), NOW - 120_000);
      await routing.refreshHealth(NOW);
      const { status, body } = await call('POST', '/v1/routes/simulate', message);
      expect(status).toBe(200);
      expect(body).toEqual({
        to: '+33612345678',
        country: 'FR',
        version: 1,
        rule: 'codes',
        strategy: 'cheapest',
        explored: false,
        validity_seconds: 300,
        receipt_timeout_seconds: 900,
        failover_after_seconds: null,
        failover_on_receipt: true,
        rules: [
          { name: 'bulk', matches: false, because: 'purpose' },
          { name: 'calls', matches: false, because: 'channel' },
          { name: 'german', matches: false, because: 'country' },
          { name: 'codes', matches: true, because: null },
        ],
        candidates: [
          {
            provider: 'beta',
            sender: 'ACME',
            cost: { amount: '0.01', currency: 'EUR' },
            weight: 1,
            rates: [{ key: 'route:codes:beta', per_second: 20, burst: 2 }],
            circuit: { state: 'closed', reopens_at: null },
            figures: {
              is_failing: false,
              sent: 1,
              accepted: 1,
              delivered: 0,
              undelivered: 0,
              codes_sent: 1,
              codes_approved: 0,
            },
          },
        ],
        skipped: [
          { provider: 'alpha', because: 'circuit_open' },
          { provider: 'post', because: 'wrong_channel' },
        ],
      });
      expect(await eventsOf(db)).toHaveLength(1);
    });

    it('takes no half-open circuit’s turn', async () => {
      const { call, routing } = await openInstance(await open(), { fileTable: ruleTable({}) });
      for (let at = 0; at < 5; at += 1)
        routing.tried(outcomeOf('alpha', { kind: 'failed', reason: 'unavailable' }), NOW - 10_000);
      for (let round = 0; round < 3; round += 1) {
        const { body } = await call('POST', '/v1/routes/simulate', message);
        expect(body.candidates[0]).toMatchObject({ provider: 'alpha', circuit: { state: 'half_open' } });
      }
      expect(routing.route(factsOf(), NOW).candidates[0]?.provider).toBe('alpha');
      expect(routing.route(factsOf(), NOW).candidates[0]?.provider).toBe('beta');
    });

    it('asks for the project of the key unless another is named, and takes an e-mail address', async () => {
      const rules = [{ name: 'own', when: { project: 'prj_a' }, providers: [{ provider: 'post' }] }];
      const { call } = await openInstance(await open(), { fileTable: tableOf({ rules }) });
      const mail = { to: 'a@example.com', purpose: 'code', channel: 'email' };
      expect((await call('POST', '/v1/routes/simulate', mail)).body).toMatchObject({ rule: 'own', country: null });
      expect((await call('POST', '/v1/routes/simulate', { ...mail, project: 'prj_b' })).body).toMatchObject({
        rule: null,
      });
    });

    it.each([
      ['invalid_phone_number', { ...message, to: '+33 1' }],
      ['invalid_phone_number', { ...message, to: 'a@example.com' }],
      ['invalid_request', { ...message, channel: 'email' }],
      ['invalid_request', { ...message, channel: 'fax' }],
      ['invalid_request', { to: message.to }],
    ])('%s', async (code, body) => {
      const { call } = await openInstance(await open());
      expect(await call('POST', '/v1/routes/simulate', body)).toMatchObject({ status: 422, body: { code } });
    });
  });

  it('lists the carriers, their circuits and their figures by country', async () => {
    const { call, routing } = await openInstance(await open());
    for (let at = 0; at < 5; at += 1)
      routing.tried(outcomeOf('beta', { kind: 'outcome_unknown', reason: 'timeout' }), NOW);
    routing.tried(outcomeOf('alpha', { country: null }), NOW - 120_000);
    routing.reported({ provider: 'alpha', channel: 'sms', country: null }, 'delivered', NOW - 120_000);
    routing.converted({ provider: 'alpha', channel: 'sms', country: null }, NOW, NOW - 120_000);
    routing.tried(outcomeOf('gone'), NOW - 120_000);
    await routing.refreshHealth(NOW);
    const { body } = await call('GET', '/v1/providers');
    expect(body.data.map(({ name }: { name: string }) => name)).toEqual(['alpha', 'beta', 'gamma', 'post']);
    expect(body.data[0]).toEqual({
      name: 'alpha',
      channels: ['sms', 'voice'],
      circuit: { state: 'closed', reopens_at: null },
      health: [
        {
          channel: 'sms',
          country: null,
          figures: {
            is_failing: false,
            sent: 1,
            accepted: 1,
            delivered: 1,
            undelivered: 0,
            codes_sent: 1,
            codes_approved: 1,
          },
        },
      ],
    });
    expect(body.data[1].circuit).toEqual({ state: 'open', reopens_at: '2026-11-22T12:00:05.000Z' });
  });
});
