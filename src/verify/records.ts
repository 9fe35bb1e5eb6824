import type { Mode } from '../audit/event.ts';
import type { Database } from '../db/open.ts';
import type { Challenge, Status } from './challenge.ts';
import { toChallenge } from './sql/verification-row.ts';

/** Verifications as SQL has them, ended ones included: the store itself, or its read model when Redis is the store. */
export interface RecordFilter {
  project: string;
  mode: Mode;
  /** Hash of the recipient. */
  to?: string;
  status?: Status;
  /** Only what comes after this one in the list. */
  cursor?: { createdAt: number; id: string };
  limit: number;
}

/** Without secrets. */
export async function getRecord(
  db: Database,
  { id, project, mode }: { id: string; project: string; mode: Mode },
): Promise<Challenge | null> {
  const row = await db.kysely
    .selectFrom('verifications')
    .selectAll()
    .where('id', '=', id)
    .where('project_id', '=', project)
    .where('mode', '=', mode)
    .executeTakeFirst();
  return row ? { ...toChallenge(row), secrets: null } : null;
}

/** Newest first, without secrets. */
export async function listRecords(db: Database, filter: RecordFilter): Promise<Challenge[]> {
  const { project, mode, to, status, cursor, limit } = filter;
  let query = db.kysely
    .selectFrom('verifications')
    .selectAll()
    .where('project_id', '=', project)
    .where('mode', '=', mode);
  if (to !== undefined) query = query.where('recipient_hash', '=', to);
  if (status !== undefined) query = query.where('status', '=', status);
  if (cursor) {
    query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(cursor.createdAt, cursor.id)));
  }
  const rows = await query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
  return rows.map((row) => ({ ...toChallenge(row), secrets: null }));
}
