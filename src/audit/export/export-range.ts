import type { Kysely } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import type { Mode } from '../event.ts';

export interface ExportRange {
  /** Only its events are shown; null: those of the whole installation. */
  of: { project: string; mode: Mode } | null;
  /** When events happened: ms, inclusive. */
  since: number | null;
  /** ms, exclusive. */
  until: number | null;
  /** Goes on after this log index. */
  after: number | null;
}

/** What clocks of our processes may differ by, and more. */
const SKEW_MS = 3_600_000;

/** A place in the log before which nothing of the range is: what a checkpoint covers was sealed by its time. */
export async function firstIndexOf(db: Kysely<Schema>, { since, after }: ExportRange): Promise<number> {
  const next = after === null ? 0 : after + 1;
  if (since === null) return next;
  const before = await db
    .selectFrom('audit_checkpoints')
    .select('size')
    .where('created_at', '<', since - SKEW_MS)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
  return Math.max(next, before?.size ?? 0);
}
