import { setTimeout as sleep } from 'node:timers/promises';
import { type Arrivals, wallClockMs } from './arrivals.ts';
import type { CodeOrder, MessageOrder, MessageSlice, StartedCode } from './delivery-driver.ts';
import type { Carrier, Service } from './delivery-service.ts';
import { percentile } from './statistics.ts';

export interface SentSlice {
  acceptedPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Until the last one was at the carrier. */
  submittedPerSecond: number;
  /** For each message, µs. */
  cpuUs: ReturnType<Service['cpuMs']>;
  unexpected: Record<string, number>;
}

export interface CodeSlice {
  /** Codes that did not come, counted as infinitely late. */
  missing: number;
  /** From `created_at` to the carrier. */
  p50Ms: number;
  p99Ms: number;
  /** From the request on, which may have waited to be read. */
  requestedP50Ms: number;
  requestedP99Ms: number;
  /** Everything the carrier took meanwhile. */
  carriedPerSecond: number;
}

const PATIENCE_MS = 30_000;
const LOOK_MS = 50;

export function readArrivals({ sink }: Carrier): Promise<Arrivals> {
  return sink.ask<Arrivals>({ kind: 'arrivals' });
}

/** Messages as fast as so many connections take them, until the last one is at the carrier. */
export async function sendMessages(
  service: Service,
  carrier: Carrier,
  load: { connections: number; durationMs: number },
): Promise<SentSlice> {
  const { server, key, driver } = service;
  const before = await readArrivals(carrier);
  const cpuBefore = service.cpuMs();
  const order: MessageOrder = { kind: 'messages', area: carrier.area, port: server.port, key, ...load };
  const slice = await driver.ask<MessageSlice>(order);
  const refused = Object.values(slice.unexpected).reduce((sum, count) => sum + count, 0);
  const accepted = slice.requests - refused;
  const { lastAtMs } = await untilArrived(carrier, before.messages + accepted);
  // What becomes of the last ones is written, too.
  await sleep(LOOK_MS);
  const cpu = service.cpuMs();
  const perMessage = (part: keyof typeof cpu) => ((cpu[part] - cpuBefore[part]) * 1_000) / accepted;
  return {
    acceptedPerSecond: (accepted * 1_000) / slice.elapsedMs,
    p50Ms: slice.p50Ms,
    p99Ms: slice.p99Ms,
    submittedPerSecond: (accepted * 1_000) / (lastAtMs - slice.startedAtMs),
    cpuUs: { server: perMessage('server'), redis: perMessage('redis'), postgres: perMessage('postgres') },
    unexpected: slice.unexpected,
  };
}

/** Codes at a steady rate, each followed to the carrier. */
export async function startCodes(
  { server, key, driver }: Service,
  carrier: Carrier,
  load: { perSecond: number; durationMs: number },
): Promise<CodeSlice> {
  const before = await readArrivals(carrier);
  const beganAt = wallClockMs();
  const order: CodeOrder = { kind: 'codes', area: carrier.area, port: server.port, key, ...load };
  const started = await driver.ask<StartedCode[]>(order);
  const during = await readArrivals(carrier);
  const tookMs = wallClockMs() - beganAt;
  const arrivedAt = new Map([...before.codes, ...during.codes]);
  const missing = () => started.filter(({ digits }) => !arrivedAt.has(digits)).length;
  for (const end = Date.now() + PATIENCE_MS; missing() > 0 && Date.now() < end; ) {
    await sleep(LOOK_MS);
    for (const [digits, atMs] of (await readArrivals(carrier)).codes) arrivedAt.set(digits, atMs);
  }
  const since = (from: 'createdAtMs' | 'requestedAtMs') =>
    Float64Array.from(started, (code) => (arrivedAt.get(code.digits) ?? Infinity) - code[from]).sort();
  const created = since('createdAtMs');
  const requested = since('requestedAtMs');
  return {
    missing: missing(),
    p50Ms: percentile(created, 0.5),
    p99Ms: percentile(created, 0.99),
    requestedP50Ms: percentile(requested, 0.5),
    requestedP99Ms: percentile(requested, 0.99),
    carriedPerSecond: ((during.messages - before.messages) * 1_000) / tookMs,
  };
}

async function untilArrived(carrier: Carrier, messages: number): Promise<Arrivals> {
  for (const end = Date.now() + PATIENCE_MS; ; await sleep(LOOK_MS)) {
    const arrivals = await readArrivals(carrier);
    if (arrivals.messages >= messages) return arrivals;
    if (Date.now() > end) throw new Error(`${messages - arrivals.messages} messages did not reach ${carrier.name}`);
  }
}
