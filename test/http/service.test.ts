import type { FastifyInstance } from 'fastify';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createReadiness, healthRoutes } from '../../src/http/health.ts';
import { createMetrics, metricsRoutes } from '../../src/http/metrics.ts';
import { problems, StoreUnavailable } from '../../src/lib/errors.ts';
import { buildService } from '../../src/main.ts';
import { newNumber, openTestService, type TestService } from '../service.ts';
import { expectProblem } from './expect-problem.ts';
import { bearer, probeApp } from './probe-app.ts';

let app: FastifyInstance | undefined;
afterEach(() => app?.close());

describe('readiness', () => {
  const down = new StoreUnavailable('redis');
  let now = 0;
  const next = () => {
    now += 1_000;
  };

  it('forgives one failed probe, not two in a row, and recovers with one', async () => {
    const script = [true, false, true, false, false, false, true];
    const probe = { name: 'redis', check: async () => (script.shift() ? 'PONG' : Promise.reject(down)) };
    const findDown = createReadiness([probe, { name: 'database', check: async () => 1 }], () => now);
    const seen = [];
    while (script.length > 0) {
      seen.push(await findDown());
      next();
    }
    expect(seen).toEqual([[], [], [], [], ['redis'], ['redis'], []]);
  });

  it('counts a store that hangs as down, within its time', async () => {
    const findDown = createReadiness([{ name: 'redis', check: () => new Promise(() => {}) }], () => now);
    await findDown();
    next();
    expect(await findDown()).toEqual(['redis']);
  });

  it('asks the stores once for all who ask at the same time', async () => {
    let asked = 0;
    const probe = { name: 'redis', check: async () => void asked++ };
    const findDown = createReadiness([probe], () => now);
    await Promise.all(Array.from({ length: 100 }, () => findDown()));
    expect(asked).toBe(1);
  });
});

describe('health', () => {
  it('is live without stores, ready with them, and says which one is missing', async () => {
    let now = 0;
    const broken = { name: 'database', check: () => Promise.reject(new StoreUnavailable('database')) };
    app = await probeApp({ routes: healthRoutes({ probes: [broken], draining: () => false, now: () => now }) });
    expect((await app.inject('/health/ready')).json()).toEqual({ status: 'ok' });
    now += 1_000;
    const refused = await app.inject('/health/ready');
    expect(expectProblem(refused, 'store_unavailable').failing).toEqual(['database']);
    expect(refused.headers['retry-after']).toBe('1');
    expect((await app.inject('/health/live')).json()).toEqual({ status: 'ok' });
  });

  it('is not ready while draining, but live', async () => {
    app = await probeApp({ routes: healthRoutes({ probes: [], draining: () => true, now: () => 0 }) });
    expectProblem(await app.inject('/health/ready'), 'shutting_down');
    expect((await app.inject('/health/live')).statusCode).toBe(200);
  });

  it('is never refused for being asked often, and asks no limiter', async () => {
    const none = { max: 1, windowSeconds: 60 };
    app = await probeApp({
      rateLimits: { key: none, ip: none, client: none, authFailures: none },
      routes: healthRoutes({ probes: [], draining: () => false, now: () => 0 }),
    });
    for (let i = 0; i < 5; i++) expect((await app.inject('/health/live')).statusCode).toBe(200);
    expect((await app.inject('/health/live')).headers).not.toHaveProperty('ratelimit');
  });
});

describe('the whole service', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await openTestService('embedded');
  });
  afterAll(() => service.close());

  it('ends each connection with its answer from the moment it drains', async () => {
    let draining = false;
    app = await buildService(service.services, () => draining);
    const ends = async (url: string) => (await app?.inject(url))?.headers.connection === 'close';
    const urls = ['/health/live', '/health/ready', '/v1/verifications', '/nowhere'];
    for (const url of urls) expect(await ends(url)).toBe(false);
    draining = true;
    for (const url of urls) expect(await ends(url)).toBe(true);
  });

  it('serves each verification’s client tokens 30 times a minute, whatever its key may do', async () => {
    const issue = async () => {
      const { body } = await service.call('POST', '/v1/verifications', { to: newNumber() });
      const path = `/v1/verifications/${body.id}`;
      const newToken = async () => (await service.call('POST', `${path}/client-token`)).body.client_token as string;
      const tokens = [await newToken(), await newToken()] as const;
      return (i = 0) => service.call('POST', `${path}/check`, { code: '000000' }, { key: tokens[i % 2] as string });
    };
    const check = await issue();
    for (let left = 29; left >= 0; left--) {
      expect((await check(left)).headers.ratelimit).toContain(`"client";r=${left};`);
    }
    const refused = await check();
    expect(refused.status).toBe(429);
    expect(refused.body).toMatchObject({ code: 'rate_limited', 'violated-policies': ['client'] });
    const other = await issue();
    expect((await other()).status).toBe(200);
    service.clock.now += 60_000;
    expect((await check()).status).not.toBe(429);
  });

  it('describes verifications, checks and errors as types with names', async () => {
    const { body } = await service.call('GET', '/openapi.json');
    const { schemas } = body.components;
    const answers = (path: string, method: string) =>
      Object.values<Record<string, unknown>>(body.paths[path][method].responses).map(({ content }) => content);
    const named = (name: string) => ({ 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } });
    expect(schemas.Verification.properties).toHaveProperty('attempts_remaining');
    expect(schemas.CheckAnswer.properties).toHaveProperty('valid');
    expect(answers('/v1/verifications', 'post')).toContainEqual(named('Verification'));
    expect(answers('/v1/verifications/{id}/check', 'post')).toContainEqual(named('CheckAnswer'));
    expect(schemas.Problem.properties.code.enum).toEqual(Object.keys(problems));
  });
});

describe('metrics', () => {
  it('count requests by route, never by URL', async () => {
    const metrics = createMetrics();
    app = await probeApp({ metrics, routes: metricsRoutes(metrics, true) });
    await app.inject({ url: '/v1/things/thing_001', headers: bearer() });
    await app.inject({ url: '/v1/things/thing_002', headers: bearer() });
    await app.inject('/scan/+33612345678');
    const { body, headers } = await app.inject('/metrics');
    expect(headers['content-type']).toMatch(/^text\/plain; version=/);
    expect(body).toContain(
      'countersign_http_request_duration_seconds_count{method="GET",route="/v1/things/:id",status="200"} 2',
    );
    expect(body).toContain('route="none",status="404"} 1');
    expect(body).toContain('process_cpu_seconds_total');
    expect(body).not.toMatch(/thing_001|33612345678/);
  });

  it('count what the features do', async () => {
    const metrics = createMetrics();
    metrics.started('created');
    metrics.checked('wrong_code');
    metrics.sent('sms', 'sandbox', null, 'sent');
    metrics.watch('queue_age_seconds', 'Age of the oldest due step.', () => 12);
    metrics.watch('broken', 'A gauge whose store is down.', () => Promise.reject(new Error('down')));
    const text = await metrics.registry.metrics();
    expect(text).toContain('countersign_starts_total{result="created"} 1');
    expect(text).toContain('countersign_checks_total{result="wrong_code"} 1');
    expect(text).toContain('countersign_sends_total{channel="sms",provider="sandbox",country="none",outcome="sent"} 1');
    expect(text).toContain('countersign_queue_age_seconds 12');
    expect(text).not.toMatch(/^countersign_broken/m);
  });

  it('need a key where they are not open (API-29)', async () => {
    const metrics = createMetrics();
    app = await probeApp({ metrics, routes: metricsRoutes(metrics, false) });
    expectProblem(await app.inject('/metrics'), 'unauthorized');
    expectProblem(await app.inject({ url: '/metrics', headers: bearer() }), 'insufficient_scope');
  });

  it('of two apps do not meet', async () => {
    const [one, two] = [createMetrics(), createMetrics()];
    one.started('created');
    expect(await two.registry.metrics()).not.toContain('countersign_starts_total{');
  });
});
