import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrate } from '../../src/db/migrate.ts';
import { type Database, openDatabase } from '../../src/db/open.ts';
import { createSqlIdempotencyStore } from '../../src/http/idempotency-sql.ts';
import { type IdempotencyStore, KEPT_MS, LEASE_MS } from '../../src/http/idempotency-store.ts';
import { closed } from '../../src/http/schemas.ts';
import { Problem, StoreUnavailable } from '../../src/lib/errors.ts';
import { expectProblem } from './expect-problem.ts';
import { CLIENT_TOKEN, KEY, OTHER_KEY, probeApp, TEST_KEY } from './probe-app.ts';

const Body = Type.Object({ to: Type.String(), note: Type.Optional(Type.String()) }, closed);

let app: FastifyInstance;
let db: Database;
let store: IdempotencyStore;
let now: number;
/** What was really done: one entry for each run of the handler. */
let runs: { seed: string | null; to: string }[];
/** What the next runs do before they answer. */
let script: (() => Promise<void> | void)[];

const routes: FastifyPluginAsyncTypebox = async (instance) => {
  for (const url of ['/v1/sends', '/v1/other-sends', '/v1/sends/:id']) {
    instance.post(
      url,
      { config: { scope: 'verifications:write', clientToken: true, idempotent: true }, schema: { body: Body } },
      async (request, reply) => {
        const id = runs.push({ seed: request.idempotency?.seed ?? null, to: request.body.to });
        await script.shift()?.();
        reply.code(201).header('location', '/v1/sends/1');
        return { id, text: 'ünïcode \u2028 "quoted"', proof: 'secret-proof' };
      },
    );
  }
};

beforeEach(async () => {
  now = Date.now();
  runs = [];
  script = [];
  db = await openDatabase('sqlite::memory:');
  await migrate(db, 0);
  store = createSqlIdempotencyStore(db);
  app = await probeApp({
    routes,
    now: () => now,
    idempotency: {
      begin: (...args) => store.begin(...args),
      finish: (...args) => store.finish(...args),
      release: (...args) => store.release(...args),
    },
  });
});
afterEach(async () => {
  await app.close();
  await db.close();
});

interface Sent {
  key?: string;
  body?: object | string;
  url?: string;
  auth?: string;
}

const send = ({ key, body = { to: 'a' }, url = '/v1/sends', auth = KEY }: Sent = {}) =>
  app.inject({
    method: 'POST',
    url,
    headers: {
      authorization: `Bearer ${auth}`,
      'content-type': 'application/json',
      ...(key !== undefined && { 'idempotency-key': key }),
    },
    payload: body,
  });

/** A step of the script that waits until it is let go. */
function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  const entered = Promise.withResolvers<void>();
  script.push(() => {
    entered.resolve();
    return promise;
  });
  return { entered: entered.promise, open: resolve };
}

describe('Idempotency-Key', () => {
  it('may be left out: then every request counts', async () => {
    await send();
    await send();
    expect(runs).toEqual([
      { seed: null, to: 'a' },
      { seed: null, to: 'a' },
    ]);
  });

  it('of a client token means nothing: it neither meets the back end’s keys nor is kept', async () => {
    const url = '/v1/sends/ver_mine';
    const backEnd = await send({ url, key: 'k' });
    const client = await send({ url, key: 'k', auth: CLIENT_TOKEN });
    expect(client.statusCode).toBe(201);
    expect(client.headers['idempotency-replayed']).toBeUndefined();
    expect(client.json().id).toBe(2);
    expect(runs[1]?.seed).toBeNull();

    await send({ url, key: 'taken', body: { to: 'client' }, auth: CLIENT_TOKEN });
    expect((await send({ url, key: 'taken', body: { to: 'back end' } })).statusCode).toBe(201);
    expect((await send({ url, key: 'k' })).body).toBe(backEnd.body);
    const kept = await db.kysely.selectFrom('idempotency').selectAll().execute();
    expect(kept).toHaveLength(2);
  });

  it('with the same body gets the same answer a hundred times, done once (API-11)', async () => {
    const first = await send({ key: 'k' });
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    for (let i = 0; i < 100; i++) {
      const again = await send({ key: 'k' });
      expect(again.statusCode).toBe(201);
      expect(again.rawPayload.equals(first.rawPayload)).toBe(true);
      for (const name of ['content-type', 'location']) expect(again.headers[name]).toBe(first.headers[name]);
      expect(again.headers['idempotency-replayed']).toBe('true');
    }
    expect(runs).toHaveLength(1);
  });

  it('is the same request however its JSON is written', async () => {
    await send({ key: 'k', body: '{"to":"a","note":"n"}' });
    const again = await send({ key: 'k', body: ' { "note" : "n",\n"to":"\\u0061" } ' });
    expect(again.headers['idempotency-replayed']).toBe('true');
  });

  it('with another body is refused (API-12)', async () => {
    await send({ key: 'k' });
    expectProblem(await send({ key: 'k', body: { to: 'b' } }), 'idempotency_mismatch');
    expect(runs).toHaveLength(1);
  });

  it('while the first is running is refused, later answered (API-13)', async () => {
    const { entered, open } = gate();
    const first = send({ key: 'k' });
    await entered;
    const meanwhile = await send({ key: 'k' });
    expectProblem(meanwhile, 'idempotency_conflict');
    expect(Number(meanwhile.headers['retry-after'])).toBeGreaterThan(0);
    expectProblem(await send({ key: 'k', body: { to: 'b' } }), 'idempotency_mismatch');
    open();
    const { body } = await first;
    expect((await send({ key: 'k' })).body).toBe(body);
    expect(runs).toHaveLength(1);
  });

  it('of many at once is done once', async () => {
    const { entered, open } = gate();
    const race = Array.from({ length: 20 }, () => send({ key: 'k' }));
    await entered;
    open();
    const statuses = (await Promise.all(race)).map(({ statusCode }) => statusCode);
    expect(runs).toHaveLength(1);
    expect(statuses.filter((status) => status !== 201).every((status) => status === 409)).toBe(true);
    expect(statuses).toContain(201);
  });

  it('belongs to one project, mode, route and object (API-14)', async () => {
    const all = [
      await send({ key: 'k' }),
      await send({ key: 'k', auth: OTHER_KEY }),
      await send({ key: 'k', auth: TEST_KEY }),
      await send({ key: 'k', url: '/v1/other-sends' }),
      await send({ key: 'k', url: '/v1/sends/1' }),
    ];
    expect(all.map(({ statusCode }) => statusCode)).toEqual([201, 201, 201, 201, 201]);
    expect(runs).toHaveLength(5);
    expectProblem(await send({ key: 'k', url: '/v1/sends/2' }), 'idempotency_mismatch');
  });

  it('has one form (API-14)', async () => {
    for (const key of ['', 'x'.repeat(256), 'with\ttab', 'ünïcode']) {
      expectProblem(await send({ key }), 'invalid_idempotency_key');
    }
    for (const key of ['x', 'x'.repeat(255), '8e03978e-40d5-43dd-bc93-6894a57f9324', '"quoted"', 'a b']) {
      expect((await send({ key })).statusCode).toBe(201);
    }
  });

  it('acts as new after a day (API-14)', async () => {
    await send({ key: 'k' });
    now += KEPT_MS - 1;
    expect((await send({ key: 'k' })).headers['idempotency-replayed']).toBe('true');
    now += 2;
    expect((await send({ key: 'k', body: { to: 'b' } })).statusCode).toBe(201);
    expect(runs.map(({ to }) => to)).toEqual(['a', 'b']);
  });

  it('is not taken by a request that is not valid', async () => {
    expectProblem(await send({ key: 'k', body: { wrong: 1 } }), 'invalid_request');
    expect((await send({ key: 'k' })).statusCode).toBe(201);
  });
});

describe('a run that fails', () => {
  it.each([
    ['a store that is down', () => new StoreUnavailable('redis'), 503],
    ['a bug', () => new Error('bug'), 500],
    ['a limit', () => new Problem('send_limit_reached', { retryAfterSeconds: 5 }), 429],
    ['a conflict', () => new Problem('conflict'), 409],
  ])('for %s is not remembered, and runs again at once with the same seed', async (_what, error, status) => {
    script.push(() => Promise.reject(error()));
    expect((await send({ key: 'k' })).statusCode).toBe(status);
    expect((await send({ key: 'k' })).statusCode).toBe(201);
    expect(runs).toHaveLength(2);
    expect(runs[0]?.seed).toMatch(/^[0-9a-f]{32}$/);
    expect(runs[1]?.seed).toBe(runs[0]?.seed);
  });

  it('for good is remembered', async () => {
    script.push(() => Promise.reject(new Problem('invalid_phone_number')));
    const first = await send({ key: 'k' });
    const again = await send({ key: 'k' });
    expect(again.body).toBe(first.body);
    expect(again.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(runs).toHaveLength(1);
  });

  it('by dying gives way after its lease, with the same seed; all hear the answer that came first', async () => {
    const { entered, open } = gate();
    const slow = send({ key: 'k' });
    await entered;
    now += LEASE_MS;
    const second = await send({ key: 'k' });
    expect(second.statusCode).toBe(201);
    expect(runs[1]?.seed).toBe(runs[0]?.seed);
    open();
    expect((await slow).body).toBe(second.body);
    expect((await send({ key: 'k' })).body).toBe(second.body);
  });
});

describe('the store of keys', () => {
  it('being down, nothing is done', async () => {
    store = { ...store, begin: () => Promise.reject(new StoreUnavailable('database')) };
    expectProblem(await send({ key: 'k' }), 'store_unavailable');
    expect(runs).toHaveLength(0);
    expect((await send()).statusCode).toBe(201);
  });

  it('failing after it was done does not hide the answer; a rerun has the same seed', async () => {
    const working = store;
    store = { ...store, finish: () => Promise.reject(new StoreUnavailable('database')) };
    expect((await send({ key: 'k' })).statusCode).toBe(201);
    store = working;
    expectProblem(await send({ key: 'k' }), 'idempotency_conflict');
    now += LEASE_MS;
    await send({ key: 'k' });
    expect(runs[1]?.seed).toBe(runs[0]?.seed);
  });

  it('holds no answer, key or body in clear', async () => {
    await send({ key: 'a-key-to-look-for', body: { to: 'body-to-look-for' } });
    const rows = JSON.stringify(await db.kysely.selectFrom('idempotency').selectAll().execute());
    expect(rows).not.toMatch(/secret-proof|a-key-to-look-for|body-to-look-for|prj_a/);
  });
});
