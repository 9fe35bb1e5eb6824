import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Up to what a caller would wait for. */
const HTTP_BUCKETS_SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const SEND_BUCKETS_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export type Metrics = ReturnType<typeof createMetrics>;

/** A registry of its own for each app: two in one process do not meet. Labels are bounded and hold no personal data. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const starts = new Counter({
    name: 'countersign_starts_total',
    help: 'Verifications asked for, by result.',
    labelNames: ['result'],
    registers,
  });
  const checks = new Counter({
    name: 'countersign_checks_total',
    help: 'Codes checked, by result.',
    labelNames: ['result'],
    registers,
  });
  const sends = new Counter({
    name: 'countersign_sends_total',
    help: 'Messages handed to carriers, by outcome.',
    labelNames: ['channel', 'provider', 'country', 'outcome'],
    registers,
  });
  const sendSeconds = new Histogram({
    name: 'countersign_send_duration_seconds',
    help: 'Time carriers took to take or refuse a message.',
    labelNames: ['channel', 'provider'],
    buckets: SEND_BUCKETS_SECONDS,
    registers,
  });
  const httpSeconds = new Histogram({
    name: 'countersign_http_request_duration_seconds',
    help: 'Time from request to answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: HTTP_BUCKETS_SECONDS,
    registers,
  });

  return {
    registry,
    starts,
    checks,
    sends,
    sendSeconds,
    httpSeconds,
    started: (result: string) => starts.inc({ result }),
    checked: (result: string) => checks.inc({ result }),
    sent: (channel: string, provider: string, country: string | null, outcome: string) =>
      sends.inc({ channel, provider, country: country ?? 'none', outcome }),

    /** A gauge that is read when Prometheus asks, e.g. the age of the oldest due step. Null leaves it out. */
    watch(name: string, help: string, read: () => number | null | Promise<number | null>): void {
      new Gauge({
        name: `countersign_${name}`,
        help,
        registers,
        async collect() {
          const value = await Promise.resolve()
            .then(read)
            .catch(() => null);
          if (value === null) this.remove();
          else this.set(value);
        },
      });
    },
  };
}

/** Latency of every route of this context, by its pattern. */
export function measureRequests(fastify: FastifyInstance, { httpSeconds }: Metrics): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    httpSeconds.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
    done();
  });
}

/** `open`: needs no key; for development. */
export function metricsRoutes({ registry }: Metrics, open: boolean): FastifyPluginAsync {
  return async (fastify) => {
    fastify.get(
      '/metrics',
      {
        config: open ? { public: true } : { scope: 'metrics:read' },
        schema: {
          operationId: 'metrics',
          summary: 'Metrics in the Prometheus text format',
          tags: ['Service'],
          produces: ['text/plain'],
          response: { 200: { type: 'string' } },
        },
      },
      async (_request, reply) => reply.header('content-type', registry.contentType).send(await registry.metrics()),
    );
  };
}
