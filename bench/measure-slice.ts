import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from './child-process.ts';
import type { Slice } from './drive.ts';
import type { Order } from './driver.ts';

/** CPU time used so far by each part, ms. */
export type CpuMeter = () => CpuTimes;

export interface CpuTimes {
  server: number;
  redis: number;
  postgres: number;
  driver: number;
}

export interface Sample {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** How long work went on after the last answer: sending, recording. */
  drainMs: number;
  /** CPU per request, µs, the work after the answers included. */
  cpuUs: CpuTimes;
  requests: number;
  unexpected: Record<string, number>;
}

/** One slice of load, and then whatever it set off: until nothing works any more. */
export async function measureSlice(driver: Worker, order: Order, meter: CpuMeter): Promise<Sample> {
  const before = meter();
  const slice = await driver.ask<Slice>(order);
  const driverMs = meter().driver - before.driver;
  const drainMs = await untilIdle(meter);
  const after = meter();
  const perRequest = (ms: number) => (ms * 1000) / slice.requests;
  return {
    perSecond: (slice.requests * 1000) / slice.elapsedMs,
    p50Ms: slice.p50Ms,
    p99Ms: slice.p99Ms,
    drainMs,
    cpuUs: {
      server: perRequest(after.server - before.server),
      redis: perRequest(after.redis - before.redis),
      postgres: perRequest(after.postgres - before.postgres),
      driver: perRequest(driverMs),
    },
    requests: slice.requests,
    unexpected: slice.unexpected,
  };
}

const WINDOW_MS = 200;
/** Timers and polls of idle processes stay below it. */
const IDLE_CPU_MS = 20;
const PATIENCE_MS = 30_000;

async function untilIdle(meter: CpuMeter): Promise<number> {
  const startedAt = performance.now();
  for (let before = total(meter()); ; ) {
    const windowStartedAt = performance.now();
    await sleep(WINDOW_MS);
    const now = total(meter());
    if (now - before <= IDLE_CPU_MS) return windowStartedAt - startedAt;
    if (windowStartedAt - startedAt > PATIENCE_MS) throw new Error(`still busy ${PATIENCE_MS} ms after a slice`);
    before = now;
  }
}

function total({ server, redis, postgres }: CpuTimes): number {
  return server + redis + postgres;
}
