import { type HttpConnection, openConnection } from './http-connection.ts';
import { percentile } from './statistics.ts';

export interface Load {
  port: number;
  key: string;
  connections: number;
  durationMs: number;
}

export interface Slice {
  requests: number;
  elapsedMs: number;
  p50Ms: number;
  p99Ms: number;
  /** Answers other than the one that was asked for, by status and beginning. */
  unexpected: Record<string, number>;
}

/** Null when there is nothing left to ask for. */
export type NextRequest = () => {
  path: string;
  body: string;
  isExpected(status: number, body: string): boolean;
} | null;

/** Closed loop: every connection sends its next request when the last one is answered. */
export async function drive(load: Load, next: NextRequest): Promise<Slice> {
  const connections = await Promise.all(Array.from({ length: load.connections }, () => openConnection(load.port)));
  const latencies: number[] = [];
  const unexpected: Record<string, number> = {};
  const startedAt = performance.now();
  const endsAt = startedAt + load.durationMs;

  async function work(connection: HttpConnection): Promise<void> {
    for (let sentAt = performance.now(); sentAt < endsAt; ) {
      const request = next();
      if (!request) return;
      const { status, body } = await connection.post(request.path, load.key, request.body);
      const answeredAt = performance.now();
      latencies.push(answeredAt - sentAt);
      sentAt = answeredAt;
      if (request.isExpected(status, body)) continue;
      const what = `${status} ${body.slice(0, 80)}`;
      unexpected[what] = (unexpected[what] ?? 0) + 1;
    }
  }

  await Promise.all(connections.map(work));
  const elapsedMs = performance.now() - startedAt;
  for (const connection of connections) connection.close();
  const sorted = Float64Array.from(latencies).sort();
  return {
    requests: latencies.length,
    elapsedMs,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    unexpected,
  };
}
