import type { Database } from '../../db/open.ts';
import { createLogKeeper, type LogKeeper } from './log-keeper.ts';
import { createSealer, type Sealer, type SealerLog } from './sealer.ts';

/** The tamper-evident log over the events. */
export interface AuditLog {
  sealer: Sealer;
  /** Keeps it up in the background. */
  keeper: LogKeeper;
}

export interface AuditLogDeps {
  db: Database;
  log: SealerLog & { warn(details: object, message: string): void };
}

export function openAuditLog({ db, log }: AuditLogDeps): AuditLog {
  const sealer = createSealer(db, log);
  const keeper = createLogKeeper({
    sealPortion: sealer.sealPortion,
    onError: (error) => log.warn({ err: error }, 'sealing is held up; events wait'),
  });
  return { sealer, keeper };
}
