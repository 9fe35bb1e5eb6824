import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Now } from '../lib/clock.ts';
import { Problem } from '../lib/errors.ts';
import { closed } from './schemas.ts';

/** Answers when the store answers; rejects when it does not. */
export interface Probe {
  name: string;
  check(): Promise<unknown>;
}

export interface HealthDeps {
  probes: readonly Probe[];
  /** True from SIGTERM on: load balancers should send no more. */
  draining(): boolean;
  now: Now;
}

const PROBE_MS = 1_000;
/** A probe's outcome is shared by all who ask within this time: the route is public. */
const FRESH_MS = 500;
/** One failed probe is a blip: restarting or re-routing because of it would hurt more. */
const FAILURES = 2;

/** The names of the stores that are down, from two failed probes in a row on. */
export function createReadiness(probes: readonly Probe[], now: Now): () => Promise<string[]> {
  const failures = new Map<string, number>();
  let asked: { at: number; answer: Promise<string[]> } | null = null;

  async function probe({ name, check }: Probe): Promise<void> {
    const answered = await settles(check(), PROBE_MS);
    failures.set(name, answered ? 0 : (failures.get(name) ?? 0) + 1);
  }

  async function ask(): Promise<string[]> {
    await Promise.all(probes.map(probe));
    return probes.map(({ name }) => name).filter((name) => (failures.get(name) ?? 0) >= FAILURES);
  }

  return () => {
    const at = now();
    if (!asked || at - asked.at >= FRESH_MS) asked = { at, answer: ask() };
    return asked.answer;
  };
}

async function settles(promise: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, timeoutMs, false);
  const settled = promise.then(
    () => true,
    () => false,
  );
  return Promise.race([settled, late]).finally(() => clearTimeout(timer));
}

const HealthSchema = Type.Object({ status: Type.Literal('ok') }, closed);

export function healthRoutes({ probes, draining, now }: HealthDeps): FastifyPluginAsyncTypebox {
  const findDown = createReadiness(probes, now);
  return async (fastify) => {
    const options = { config: { public: true, unmetered: true } } as const;

    fastify.get(
      '/health/live',
      {
        ...options,
        schema: {
          operationId: 'live',
          summary: 'The process runs',
          tags: ['Service'],
          response: { 200: HealthSchema },
        },
      },
      async () => ({ status: 'ok' as const }),
    );

    fastify.get(
      '/health/ready',
      {
        ...options,
        schema: {
          operationId: 'ready',
          summary: 'The process can serve: its stores answer and it is not shutting down',
          tags: ['Service'],
          response: { 200: HealthSchema },
        },
      },
      async () => {
        if (draining()) throw new Problem('shutting_down', { retryAfterSeconds: 1 });
        const failing = await findDown();
        if (failing.length === 0) return { status: 'ok' as const };
        throw new Problem('store_unavailable', {
          detail: `Not answering: ${failing.join(', ')}.`,
          retryAfterSeconds: 1,
          extensions: { failing },
        });
      },
    );
  };
}
