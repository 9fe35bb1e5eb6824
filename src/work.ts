import { purgeExpired } from './db/purge.ts';
import { purgeLinks } from './messaging/links/links.ts';
import { purgeFrequency } from './messaging/windows/frequency.ts';
import type { Services } from './open.ts';
import { startWorker } from './verify/worker.ts';

const PURGE_MS = 60_000;
/** Sends whose process died, carriers that stay silent, receipts without a message. */
const WATCH_MS = 1_000;

export interface Workers {
  stop(): Promise<void>;
}

/** The work that no request waits for: due sends and expiries, and clearing away what has expired. */
export function startWorkers(services: Services): Workers {
  const { verify, delivery, auditLog, sinks, privacy, webhooks, log, db, now } = services;
  const onError = (error: unknown) => log.warn({ err: error }, 'due work failed');
  const worker = startWorker(verify, { onError });
  delivery.worker.start();
  auditLog.keeper.start();
  auditLog.anchors.start();
  sinks.start();
  privacy.worker.start();
  webhooks.dispatcher.start();
  services.imports.worker.start();
  services.messaging.appointments.worker.start();
  services.messaging.campaigns.worker.start();
  services.messaging.automations.start();
  services.inbound.worker.start();
  const watch = repeat(WATCH_MS, () => delivery.watch(now()), onError);
  const purge = repeat(PURGE_MS, () => purgeExpired(db, now()), onError);
  const linkPurge = repeat(PURGE_MS, () => purgeLinks(db, now()), onError);
  const frequencyPurge = repeat(PURGE_MS, () => purgeFrequency(db, now()), onError);
  const importPurge = repeat(PURGE_MS, () => services.imports.purge(now()), onError);
  return {
    async stop() {
      await Promise.all([
        worker.stop(),
        delivery.worker.stop(),
        auditLog.keeper.stop(),
        auditLog.anchors.stop(),
        sinks.stop(),
        privacy.worker.stop(),
        webhooks.dispatcher.stop(),
        services.imports.worker.stop(),
        services.messaging.appointments.worker.stop(),
        services.messaging.campaigns.worker.stop(),
        services.messaging.automations.stop(),
        services.inbound.worker.stop(),
        importPurge.stop(),
        watch.stop(),
        purge.stop(),
        linkPurge.stop(),
        frequencyPurge.stop(),
      ]);
    },
  };
}

/** One run at a time; resolves on `stop` when the run under way is done. */
function repeat(everyMs: number, run: () => Promise<unknown>, onError: (error: unknown) => void): Workers {
  let running: Promise<unknown> | null = null;
  const timer = setInterval(() => {
    running ??= run()
      .catch(onError)
      .finally(() => {
        running = null;
      });
  }, everyMs);
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
