import type { ExpressionBuilder, Kysely } from 'kysely';
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
  leaf: FeedLeaf;
}

/** What the log keeps of an event, also when the event is gone. */
export interface FeedLeaf {
  eventId: string;
  project: string;
  mode: Mode;
  /** Base64url, like those below; null without personal fields, or with erased ones. */
  salt: string | null;
  commitment: string | null;
  hash: string;
}

export interface FeedRange {
  /** Inclusive. */
  from: number;
  /** Exclusive. */
  before?: number;
  /** Of this project and mode only. */
  of?: { project: string; mode: Mode };
  /** Of these types only: `verification.*` is all that begin so, `*` is all. */
  types?: readonly string[];
  limit: number;
}

export async function readFeed(
  db: Kysely<Schema>,
  { from, before, of, types, limit }: FeedRange,
): Promise<FeedEntry[]> {
  let query = selectEntries(db).where('log_index', '>=', from);
  if (before !== undefined) query = query.where('log_index', '<', before);
  if (of) query = query.where('leaf.project_id', '=', of.project).where('leaf.mode', '=', of.mode);
  if (types) query = query.where(({ eb, or }) => or(types.map((type) => eb('leaf.type', ...matching(type)))));
  return (await query.orderBy('log_index').limit(limit).execute()).map(toEntry);
}

/** An entry without its event. */
export interface LeafEntry {
  logIndex: number;
  project: string;
  mode: Mode;
  /** ms. */
  at: number;
  /** Base64url. */
  hash: string;
}

/** For those who need only some of the events: `readFeedAt` reads them. */
export function readLeaves(db: Kysely<Schema>, { from, before, of, limit }: FeedRange): Promise<LeafEntry[]> {
  let query = db
    .selectFrom('audit_leaves')
    .select(['log_index as logIndex', 'project_id as project', 'mode', 'created_at as at', 'hash'])
    .where('log_index', '>=', from);
  if (before !== undefined) query = query.where('log_index', '<', before);
  if (of) query = query.where('project_id', '=', of.project).where('mode', '=', of.mode);
  return query.orderBy('log_index').limit(limit).execute();
}

/** Types are letters, `_` and `.`: none of them ends a pattern early, and what `_` finds too many there is not. */
function matching(type: string): ['=' | 'like', string] {
  return type.endsWith('*') ? ['like', `${type.slice(0, -1)}%`] : ['=', type];
}

/** At most a few thousand. */
export async function readFeedAt(db: Kysely<Schema>, indexes: readonly number[]): Promise<FeedEntry[]> {
  if (indexes.length === 0) return [];
  const rows = await selectEntries(db).where('log_index', 'in', indexes).orderBy('log_index').execute();
  return rows.map(toEntry);
}

/** One past the newest sealed event. */
export async function feedEnd(db: Kysely<Schema>): Promise<number> {
  const { size } = await db.selectFrom('audit_state').select('size').executeTakeFirstOrThrow();
  return size;
}

/** In one statement: an erasure in between would leave a salt without what it hides. */
function selectEntries(db: Kysely<Schema>) {
  return db
    .selectFrom('audit_leaves as leaf')
    .leftJoin('events', 'events.id', 'leaf.event_id')
    .selectAll('events')
    .select(leafColumns);
}

const leafColumns = ({ ref }: ExpressionBuilder<Schema & { leaf: Schema['audit_leaves'] }, 'leaf'>) =>
  [
    'leaf.log_index',
    'leaf.event_id',
    'leaf.salt',
    'leaf.commitment',
    'leaf.hash',
    ref('leaf.project_id').as('leaf_project'),
    ref('leaf.mode').as('leaf_mode'),
    ref('leaf.type').as('leaf_type'),
    ref('leaf.created_at').as('leaf_at'),
  ] as const;

type Row = Awaited<ReturnType<ReturnType<typeof selectEntries>['execute']>>[number];

function toEntry(row: Row): FeedEntry {
  return {
    logIndex: row.log_index,
    event: isWhole(row) ? fromEventRow(row) : null,
    type: row.leaf_type,
    at: row.leaf_at,
    leaf: {
      eventId: row.event_id,
      project: row.leaf_project,
      mode: row.leaf_mode,
      salt: row.salt,
      commitment: row.commitment,
      hash: row.hash,
    },
  };
}

/** The columns of an event are all null, or as its table has them. */
function isWhole(row: Row): row is Row & Parameters<typeof fromEventRow>[0] {
  return row.id !== null;
}
