import { readConfig } from '../../src/config.ts';
import { buildService } from '../../src/main.ts';
import { openServices } from '../../src/open.ts';
import { startWorkers } from '../../src/work.ts';

/** The whole service; CLOCK_OFFSET_MS moves its clock, so that leases of the dead end without waiting for them. */
const offset = Number(process.env.CLOCK_OFFSET_MS ?? 0);
const services = await openServices(readConfig(), { now: () => Date.now() + offset });
const app = await buildService(services);
startWorkers(services);
const url = await app.listen({ port: 0, host: '127.0.0.1' });
process.stdout.write(`countersign is ready: ${url} (test)\n`);
