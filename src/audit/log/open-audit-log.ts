import type { Database } from '../../db/open.ts';
import type { Metrics } from '../../http/metrics.ts';
import type { Now } from '../../lib/clock.ts';
import type { Keyring } from '../../lib/keyring.ts';
import type { Loop } from '../../lib/loop.ts';
import { openAnchors } from '../anchors/open-anchors.ts';
import type { OutletLog } from '../outlet.ts';
import type { OutletConfig, Outlets } from '../outlets.ts';
import { ensureAuditKey } from './audit-keys.ts';
import { type Checkpointer, createCheckpointer, newestCheckpoint } from './checkpoints.ts';
import { createLogKeeper } from './log-keeper.ts';
import { createSealer, type Sealer, type SealerLog } from './sealer.ts';
import { findOldestWaiting } from './waiting-events.ts';
import { createSequenceWatch, findUnlisted } from './watch-sequences.ts';

/** The tamper-evident log over the events. */
export interface AuditLog {
  sealer: Sealer;
  checkpointer: Checkpointer;
  /** Seals and signs in the background. */
  keeper: Loop;
  /** Tells others of its checkpoints, in the background too. */
  anchors: Outlets;
}

export interface AuditLogDeps {
  db: Database;
  keyring: Keyring;
  now: Now;
  log: SealerLog & OutletLog;
  metrics: Metrics;
  checkpointSeconds: number;
  /** What a new log is called, for good. */
  origin: string;
  anchors: readonly OutletConfig[];
  /** The configuration file, for messages. */
  file: string;
}

export async function openAuditLog(deps: AuditLogDeps): Promise<AuditLog> {
  const { db, keyring, now, log, metrics } = deps;
  await ensureAuditKey(db, keyring, now(), deps.origin);
  const sealer = createSealer(db, log);
  const checkpointer = createCheckpointer(db, keyring, deps.checkpointSeconds);
  const anchors = await openAnchors(deps.anchors, { ...deps, registry: metrics.registry });
  const sequences = createSequenceWatch(deps);
  const keeper = createLogKeeper({
    sealPortion: sealer.sealPortion,
    async signIfDue() {
      const made = await checkpointer.signIfDue(now());
      if (!made) return;
      anchors.wake();
      await sequences.look(made);
    },
    onError: (error) => log.warn({ err: error }, 'sealing is held up; events wait'),
  });
  watchLog(deps);
  return { sealer, checkpointer, keeper, anchors };
}

/** What tells an operator that the log does not keep up. */
function watchLog({ db, now, metrics }: AuditLogDeps): void {
  const { kysely } = db;
  metrics.watch(
    'events_unsealed_age_seconds',
    'Age of the oldest event that is not in the audit log yet.',
    async () => {
      const oldest = (await findOldestWaiting(db)) ?? (await findUnlisted(kysely));
      return oldest ? Math.max(0, now() - oldest.created_at) / 1000 : 0;
    },
  );
  metrics.watch('audit_checkpoint_age_seconds', 'Age of the newest checkpoint of the audit log.', async () => {
    const newest = await newestCheckpoint(kysely);
    return newest ? Math.max(0, now() - newest.created_at) / 1000 : null;
  });
}

/** Of a log that is reached at this URL, as origins are usually written: without a scheme. */
export function logOrigin(publicUrl: string): string {
  const { host, pathname } = new URL(publicUrl);
  return `${host}${pathname.replace(/\/$/, '')}/audit`.replaceAll('+', '%2B');
}
