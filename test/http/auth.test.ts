import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Auth } from '../../src/lib/auth.ts';
import { expectProblem } from './expect-problem.ts';
import { bearer, KEY, probeApp, WEAK_KEY } from './probe-app.ts';

let app: FastifyInstance;
beforeAll(async () => {
  app = await probeApp();
});
afterAll(() => app.close());

const things = (headers: Record<string, string>, query = '') => app.inject({ url: `/v1/things${query}`, headers });

describe('API keys', () => {
  it('are read from the Authorization header alone (API-21)', async () => {
    expect((await things(bearer())).statusCode).toBe(200);
    expect((await things({ authorization: `bearer ${KEY}` })).statusCode).toBe(200);
    for (const name of ['api_key', 'key', 'token', 'access_token', 'authorization']) {
      expectProblem(await things({}, `?${name}=${KEY}`), 'unauthorized');
    }
    for (const name of ['x-api-key', 'api-key', 'cookie', 'proxy-authorization']) {
      expectProblem(await things({ [name]: KEY }), 'unauthorized');
    }
  });

  it.each([
    '',
    'Bearer',
    'Bearer ',
    `Basic ${KEY}`,
    KEY,
    `Bearer  ${KEY}`,
    `Bearer ${KEY} x`,
    `Bearer ${KEY},x`,
    `Bearer ${'x'.repeat(5000)}`,
    'Bearer nobody',
  ])('are refused as %j', async (authorization) => {
    const answer = await things({ authorization });
    expectProblem(answer, 'unauthorized');
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="countersign", error="invalid_token"');
  });

  it('that are missing are asked for (RFC 6750 §3)', async () => {
    const answer = await things({});
    expectProblem(answer, 'unauthorized');
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="countersign"');
  });

  it('do what their scopes say and nothing else', async () => {
    const answer = await things(bearer(WEAK_KEY));
    expect(expectProblem(answer, 'insufficient_scope').required_scope).toBe('verifications:read');
    expect(answer.headers['www-authenticate']).toContain('error="insufficient_scope", scope="verifications:read"');
  });

  it('that cannot be looked up open nothing (API-30)', async () => {
    expectProblem(await things(bearer('store-down')), 'store_unavailable');
  });

  it('are looked at before the body is read', async () => {
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/echo',
      headers: { 'content-type': 'application/json' },
      payload: '{',
    });
    expectProblem(answer, 'unauthorized');
  });
});

describe('client tokens', () => {
  const client: Auth = {
    keyId: 'client',
    projectId: 'prj_a',
    projectName: 'Acme',
    mode: 'live',
    scopes: new Set(),
    policy: {},
    client: { verificationId: 'ver_mine' },
  };

  it('reach the one verification they were made for, on routes that allow them', async () => {
    const tokens = await probeApp({
      authenticate: async () => client,
      routes: async (routes) => {
        const config = { scope: 'verifications:read', clientToken: true } as const;
        routes.get('/v1/verifications/:id', { config }, async () => ({ ok: true }));
      },
    });
    const get = (url: string) => tokens.inject({ url, headers: bearer('token') });
    expect((await get('/v1/verifications/ver_mine')).statusCode).toBe(200);
    expectProblem(await get('/v1/verifications/ver_other'), 'not_found');
    expectProblem(await get('/v1/things'), 'insufficient_scope');
    await tokens.close();
  });
});

describe('routes', () => {
  it('without a scope do not start unless they are public', async () => {
    for (const config of [{}, { scope: 'admin', public: true } as const]) {
      const start = probeApp({ routes: async (routes) => void routes.get('/v1/open', { config }, async () => 'x') });
      await expect(start).rejects.toThrow('GET /v1/open: give it a scope or make it public');
    }
  });

  it('whose schemas let unknown members through do not start (API-07)', async () => {
    const closed = { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false };
    const open = { type: 'object', properties: { a: { type: 'string' } } };
    const holes = [
      [{ body: open }, 'body'],
      [{ querystring: open }, 'querystring'],
      [{ params: open }, 'params'],
      [{ body: { ...closed, properties: { a: open } } }, 'body/a'],
      [{ body: { ...closed, properties: { a: { type: 'array', items: open } } } }, 'body/a/items'],
      [{ body: { ...closed, properties: { a: { anyOf: [{ type: 'null' }, open] } } } }, 'body/a/1'],
      [{ body: { type: 'object', patternProperties: { '^x': { type: 'string' } } } }, 'body'],
    ] as const;
    for (const [schema, place] of holes) {
      const start = probeApp({
        routes: async (routes) => void routes.post('/v1/x', { config: { public: true }, schema }, async () => 'x'),
      });
      await expect(start).rejects.toThrow(`POST /v1/x: ${place} takes unknown members`);
    }
  });
});
