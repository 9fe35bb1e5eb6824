import { createSecretKey } from 'node:crypto';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import { type DestinationStream, pino } from 'pino';
import { Type } from 'typebox';
import { buildApp } from '../../src/app.ts';
import { migrate } from '../../src/db/migrate.ts';
import { openDatabase } from '../../src/db/open.ts';
import { createLogger } from '../../src/http/access-log.ts';
import { createSqlIdempotencyStore } from '../../src/http/idempotency-sql.ts';
import { type HttpDeps, installHttp } from '../../src/http/install-http.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import { pageQuery } from '../../src/http/pagination.ts';
import { createSqlRateCounter } from '../../src/http/rate-counter-sql.ts';
import { createRateLimiter } from '../../src/http/rate-limiter.ts';
import { closed } from '../../src/http/schemas.ts';
import type { Auth } from '../../src/lib/auth.ts';
import { Problem, StoreUnavailable } from '../../src/lib/errors.ts';
import { createKeyring } from '../../src/lib/keyring.ts';

export const hashKey = createSecretKey(Buffer.alloc(32, 9));

const plenty = { max: 1_000_000, windowSeconds: 60 };

export const KEY = `cs_live_${'a'.repeat(40)}`;
export const OTHER_KEY = `cs_live_${'b'.repeat(40)}`;
/** Of the same project as KEY, and without scopes. */
export const WEAK_KEY = `cs_live_${'w'.repeat(40)}`;
/** A client token of KEY's project, for the verification `ver_mine`. */
export const CLIENT_TOKEN = `cst_${'c'.repeat(40)}`;
export const TEST_KEY = `cs_test_${'t'.repeat(40)}`;
export const bearer = (key = KEY) => ({ authorization: `Bearer ${key}` });
export const json = { ...bearer(), 'content-type': 'application/json' };

const project = { projectName: 'Acme', policy: {}, mode: 'live' } as const;
const scopes = new Set(['verifications:write', 'verifications:read'] as const);

const keys: Record<string, Auth> = {
  [KEY]: { ...project, keyId: 'key_a', projectId: 'prj_a', scopes },
  [OTHER_KEY]: { ...project, keyId: 'key_b', projectId: 'prj_b', scopes },
  [WEAK_KEY]: { ...project, keyId: 'key_w', projectId: 'prj_a', scopes: new Set() },
  [CLIENT_TOKEN]: {
    ...project,
    keyId: 'client:ver_mine',
    projectId: 'prj_a',
    scopes: new Set(),
    client: { verificationId: 'ver_mine' },
  },
  [TEST_KEY]: { ...project, keyId: 'key_t', projectId: 'prj_a', mode: 'test', scopes },
};

export interface ProbeOptions extends Partial<HttpDeps> {
  trustProxy?: string[];
  graceMs?: number;
  prefix?: string;
  routes?: FastifyPluginAsyncTypebox;
  log?: DestinationStream;
}

/** The real server with routes that do nothing but show what arrived. */
export async function probeApp(options: ProbeOptions = {}): Promise<FastifyInstance> {
  const { trustProxy = [], graceMs = 10_000, prefix, routes, log, ...given } = options;
  const deps = await probeDeps(given);
  const logger = log ? createLogger({ level: 'info', destination: log }) : pino({ level: 'silent' });
  const app = await buildApp(
    { logger, trustProxy, graceMs },
    async (fastify) => {
      await fastify.register(
        async (mounted) => {
          installHttp(mounted, deps);
          mounted.register(probeRoutes);
          if (routes) mounted.register(routes);
        },
        prefix === undefined ? {} : { prefix },
      );
    },
    {},
  );
  await app.ready();
  return app;
}

export async function probeDeps(given: Partial<HttpDeps> = {}): Promise<HttpDeps> {
  const db = await openDatabase('sqlite::memory:');
  await migrate(db, 0);
  return {
    authenticate: async (key) => {
      if (key === 'store-down') throw new StoreUnavailable('database');
      return keys[key] ?? null;
    },
    rateLimiter: createRateLimiter({
      counter: createSqlRateCounter(db),
      hashKey,
      onDegraded: () => {},
      onRecovered: () => {},
    }),
    rateLimits: { key: plenty, ip: plenty, client: plenty, authFailures: plenty },
    idempotency: createSqlIdempotencyStore(db),
    keyring: createKeyring([Buffer.alloc(32, 7)]),
    hashKey,
    metrics: createMetrics(),
    refused: () => {},
    now: Date.now,
    standalone: true,
    ...given,
  };
}

const EchoBody = Type.Object(
  {
    code: Type.String({ maxLength: 100 }),
    count: Type.Optional(Type.Integer({ minimum: 0, maximum: 1000 })),
    nested: Type.Optional(Type.Object({ flag: Type.Boolean() }, closed)),
    channel: Type.Optional(Type.Union([Type.Literal('sms'), Type.Literal('voice')])),
    extra: Type.Optional(Type.Array(Type.String(), { maxItems: 10_000 })),
  },
  closed,
);

const probeRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.post(
    '/v1/echo',
    {
      config: { scope: 'verifications:write' },
      schema: {
        operationId: 'echo',
        summary: 'Echo',
        tags: ['Service'],
        body: EchoBody,
        response: { 200: EchoBody },
      },
    },
    async (request) => request.body,
  );
  app.post('/v1/bare', { config: { scope: 'verifications:write' } }, async (request) => ({
    body: request.body ?? null,
  }));
  app.get(
    '/v1/things',
    {
      config: { scope: 'verifications:read' },
      schema: { querystring: Type.Object({ ...pageQuery, q: Type.Optional(Type.String()) }, closed) },
    },
    async (request) => request.query,
  );
  app.get(
    '/v1/things/:id',
    {
      config: { scope: 'verifications:read' },
      schema: { params: Type.Object({ id: Type.String({ pattern: '^thing_[0-9]{3}$' }) }, closed) },
    },
    async (request) => request.params,
  );
  app.get('/v1/ip', { config: { public: true } }, async (request) => ({ ip: request.ip }));
  app.get('/v1/public', { config: { public: true } }, async () => ({ ok: true }));
  app.get(
    '/v1/fail/:how',
    { config: { public: true }, schema: { params: Type.Object({ how: Type.String() }, closed) } },
    async (request) => {
      switch (request.params.how) {
        case 'store':
          throw new StoreUnavailable('redis', new Error('connect ECONNREFUSED 10.1.2.3:6379'));
        case 'bug':
          throw new Error('select * from secrets where number = +33612345678 at /srv/app/src/x.ts:12');
        case 'string':
          throw 'thrown text';
        case 'null':
          throw null;
        case 'undefined':
          throw undefined;
        default:
          throw new Problem('conflict', { detail: 'In public.', cause: new Error('in private') });
      }
    },
  );
};
