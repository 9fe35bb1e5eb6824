import { purgeExpired } from './db/purge.ts';
import type { Services } from './open.ts';
import { startWorker } from './verify/worker.ts';

const PURGE_MS = 60_000;

export interface Workers {
  stop(): Promise<void>;
}

/** The work that no request waits for: due sends and expiries, and clearing away what has expired. */
export function startWorkers(services: Services): Workers {
  const { verify, log, db, now } = services;
  const onError = (error: unknown) => log.warn({ err: error }, 'due work failed');
  const worker = startWorker(verify, { onError });
  const purge = setInterval(() => purgeExpired(db, now()).catch(onError), PURGE_MS);
  return {
    async stop() {
      clearInterval(purge);
      await worker.stop();
    },
  };
}
