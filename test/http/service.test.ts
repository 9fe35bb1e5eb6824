import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { createReadiness, healthRoutes } from '../../src/http/health.ts';
import { createMetrics, metricsRoutes } from '../../src/http/metrics.ts';
import { StoreUnavailable } from '../../src/lib/errors.ts';
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
      rateLimits: { key: none, ip: none, authFailures: none },
      routes: healthRoutes({ probes: [], draining: () => false, now: () => 0 }),
    });
    for (let i = 0; i < 5; i++) expect((await app.inject('/health/live')).statusCode).toBe(200);
    expect((await app.inject('/health/live')).headers).not.toHaveProperty('ratelimit');
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
