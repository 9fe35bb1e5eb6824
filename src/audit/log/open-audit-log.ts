import type { Database } from '../../db/open.ts';
import type { Now } from '../../lib/clock.ts';
import type { Keyring } from '../../lib/keyring.ts';
import type { Loop } from '../../lib/loop.ts';
import { ensureAuditKey } from './audit-keys.ts';
import { type Checkpointer, createCheckpointer } from './checkpoints.ts';
import { createLogKeeper } from './log-keeper.ts';
import { createSealer, type Sealer, type SealerLog } from './sealer.ts';

/** The tamper-evident log over the events. */
export interface AuditLog {
  sealer: Sealer;
  checkpointer: Checkpointer;
  /** Seals and signs in the background. */
  keeper: Loop;
}

export interface AuditLogDeps {
  db: Database;
  keyring: Keyring;
  now: Now;
  log: SealerLog & { warn(details: object, message: string): void };
  checkpointSeconds: number;
  /** What a new log is called, for good. */
  origin: string;
}

export async function openAuditLog(deps: AuditLogDeps): Promise<AuditLog> {
  const { db, keyring, now, log, checkpointSeconds, origin } = deps;
  await ensureAuditKey(db, keyring, now(), origin);
  const sealer = createSealer(db, log);
  const checkpointer = createCheckpointer(db, keyring, checkpointSeconds);
  const keeper = createLogKeeper({
    sealPortion: sealer.sealPortion,
    signIfDue: () => checkpointer.signIfDue(now()),
    onError: (error) => log.warn({ err: error }, 'sealing is held up; events wait'),
  });
  return { sealer, checkpointer, keeper };
}

/** Of a log that is reached at this URL, as origins are usually written: without a scheme. */
export function logOrigin(publicUrl: string): string {
  const { host, pathname } = new URL(publicUrl);
  return `${host}${pathname.replace(/\/$/, '')}/audit`.replaceAll('+', '%2B');
}
