import type { Service } from './delivery-service.ts';
import { openConnection } from './http-connection.ts';
import { percentile } from './statistics.ts';

const CONNECTIONS = 16;
const DURATION_MS = 3_000;

/** Who follows one short link, again and again: redirects a second, and their p99. */
export async function measureRedirects({ server, key }: Service): Promise<string> {
  const first = await openConnection(server.port);
  const made = await first.post('/v1/links', key, JSON.stringify({ url: 'https://example.com/offer' }));
  if (made.status !== 201) throw new Error(`POST /v1/links: ${made.status} ${made.body}`);
  // The domain of the links passes on to there.
  const path = `/l/${(JSON.parse(made.body) as { short_url: string }).short_url.split('/').at(-1)}`;
  const latencies: number[] = [];
  const endsAt = performance.now() + DURATION_MS;
  async function follow(): Promise<void> {
    const connection = await openConnection(server.port);
    while (performance.now() < endsAt) {
      const at = performance.now();
      const { status } = await connection.get(path, key);
      if (status !== 302) throw new Error(`GET ${path}: ${status}`);
      latencies.push(performance.now() - at);
    }
    connection.close();
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, follow));
  first.close();
  const p99Ms = percentile(Float64Array.from(latencies).sort(), 0.99);
  return `${Math.round((latencies.length * 1_000) / DURATION_MS)} (p99 ${p99Ms.toFixed(1)} ms)`;
}
