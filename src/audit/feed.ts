import type { Kysely } from 'kysely';
import type { Schema } from '../db/schema.ts';
import type { AuditEvent, Mode } from './event.ts';
import { fromEventRow } from './events-table.ts';

/**
 * Sealed events in the order of the log. The sealer alone gives out indexes, one after the other, so whoever has read
 * up to one has seen everything before it: what webhooks, exports and SIEMs go by.
 */
export interface FeedEntry {
  /** From 0, without gaps over the installation; those of one project have gaps. */
  logIndex: number;
  /** Null: deleted, as its retention says. */
  event: AuditEvent | null;
  type: string;
  /** ms. */
  at: number;
}

export interface FeedRange {
  /** Inclusive. */
  from: number;
  /** Exclusive. */
  before?: number;
  /** Of this project and mode only. */
  of?: { project: string; mode: Mode };
  limit: number;
}

export async function readFeed(db: Kysely<Schema>, { from, before, of, limit }: FeedRange): Promise<FeedEntry[]> {
  let leaves = db.selectFrom('audit_leaves').selectAll().where('log_index', '>=', from);
  if (before !== undefined) leaves = leaves.where('log_index', '<', before);
  if (of) leaves = leaves.where('project_id', '=', of.project).where('mode', '=', of.mode);
  const found = await leaves.orderBy('log_index').limit(limit).execute();
  if (found.length === 0) return [];
  const ids = found.map((leaf) => leaf.event_id);
  const rows = await db.selectFrom('events').selectAll().where('id', 'in', ids).execute();
  const events = new Map(rows.map((row) => [row.id, fromEventRow(row)]));
  return found.map((leaf) => ({
    logIndex: leaf.log_index,
    event: events.get(leaf.event_id) ?? null,
    type: leaf.type,
    at: leaf.created_at,
  }));
}

/** One past the newest sealed event. */
export async function feedEnd(db: Kysely<Schema>): Promise<number> {
  const { size } = await db.selectFrom('audit_state').select('size').executeTakeFirstOrThrow();
  return size;
}
