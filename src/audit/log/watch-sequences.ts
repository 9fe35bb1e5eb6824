import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { Counter } from 'prom-client';
import type { Database } from '../../db/open.ts';
import { lookUp, rowSetStatement } from '../../db/row-set.ts';
import type { Schema } from '../../db/schema.ts';
import type { Metrics } from '../../http/metrics.ts';
import { type Checkpoint, findCheckpoint } from './checkpoints.ts';

/** Looks for events that were gone before the sealer came, or of which nobody told it. */
export interface SequenceWatch {
  /** At what a checkpoint has seen first. */
  look(checkpoint: Checkpoint): Promise<void>;
}

export interface SequenceWatchDeps {
  db: Database;
  metrics: Metrics;
  log: { error(details: object, message: string): void };
}

/** Looked up at once: SQLite works on this very thread. */
const PORTION = 500;

interface Follower {
  log_index: number;
  verification_id: string;
  sequence: number;
}

const FOLLOWER = {
  log_index: 'bigint',
  verification_id: 'text',
  sequence: 'bigint',
} as const satisfies Record<keyof Follower, 'text' | 'bigint'>;

const placeOf = ({ verification_id }: Follower, sequence: number) => `${verification_id} ${sequence}`;

export function createSequenceWatch({ db, metrics, log }: SequenceWatchDeps): SequenceWatch {
  const { kysely, dialect } = db;
  const missing = new Counter({
    name: 'countersign_audit_events_missing_total',
    help: 'Events of verifications that were gone before they were sealed, as those after them show.',
    registers: [metrics.registry],
  });

  // Asked for each by itself: as a join the planner would read the whole log.
  const withoutThoseBefore = rowSetStatement(
    db,
    FOLLOWER,
    (rows) => sql`
      select r.log_index, r.verification_id, r.sequence from ${rows} where (
        select p.id from events p join audit_leaves l on l.event_id = p.id
        where p.verification_id = r.verification_id and p.sequence = r.sequence - 1
        limit 1
      ) is null`,
  );

  /** Events before which another one of their verification should be in the log. Most come with the one before them. */
  async function findFollowers(from: number, before: number) {
    const { rows } = await sql<Follower>`
      select leaf.log_index, e.verification_id, e.sequence
      from audit_leaves leaf ${lookUp(dialect, 'events', 'e', sql`e.id = leaf.event_id`)}
      where leaf.log_index >= ${from} and leaf.log_index < ${before} and e.sequence is not null`.execute(kysely);
    const here = new Set(rows.map((row) => placeOf(row, row.sequence)));
    const alone = rows.filter((row) => row.sequence > 1 && !here.has(placeOf(row, row.sequence - 1)));
    const query = withoutThoseBefore(alone.map((row) => ({ ...row })));
    return query ? (await kysely.executeQuery<Follower>(query)).rows : [];
  }

  return {
    async look({ number, size }) {
      const previous = await findCheckpoint(kysely, number - 1);
      for (let from = previous?.size ?? 0; from < size; from += PORTION) {
        for (const follower of await findFollowers(from, Math.min(from + PORTION, size))) {
          missing.inc();
          log.error(follower, 'the event before this one was gone before it was sealed: somebody may have deleted it');
        }
        await nextTurn();
      }
      const unlisted = await findUnlisted(kysely);
      if (unlisted)
        log.error({ event: unlisted.id }, 'events are no longer sealed: is the trigger on their table gone?');
    },
  };
}

/** The newest event is listed for the sealer or has its leaf, or else no event is listed any more. */
export async function findUnlisted(db: Kysely<Schema>): Promise<{ id: string; created_at: number } | undefined> {
  const { rows } = await sql<{ id: string; created_at: number }>`
    select id, created_at from events where position = (select max(position) from events)
      and not exists (select 1 from unsealed_events u where u.position = events.position)
      and not exists (select 1 from audit_leaves l where l.event_id = events.id)`.execute(db);
  return rows[0];
}
