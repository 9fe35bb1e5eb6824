import { readConfig } from '../../src/config.ts';
import { buildService } from '../../src/main.ts';
import { openServices } from '../../src/open.ts';
import type { DeliverResult } from '../../src/verify/deliver.ts';
import { startWorkers } from '../../src/work.ts';

/**
 * The service on real stores, with a carrier in another process (SINK_URL), so that what the carrier got is known after
 * this process was killed. CLOCK_OFFSET_MS moves its clock, so that leases of the dead end without waiting for them.
 */
const offset = Number(process.env.CLOCK_OFFSET_MS ?? 0);
const services = await openServices(readConfig(), {
  now: () => Date.now() + offset,
  async deliver({ verificationId, sendIndex }): Promise<DeliverResult> {
    try {
      const response = await fetch(`${process.env.SINK_URL}/${verificationId}/${sendIndex}`, { method: 'POST' });
      return response.ok
        ? { kind: 'sent', provider: 'sink' }
        : { kind: 'failed', provider: 'sink', reason: String(response.status) };
    } catch {
      return { kind: 'unknown', provider: 'sink', reason: 'connection' };
    }
  },
});
const app = await buildService(services);
startWorkers(services);
const url = await app.listen({ port: 0, host: '127.0.0.1' });
process.stdout.write(`countersign is ready: ${url} (test)\n`);
