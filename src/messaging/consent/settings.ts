import type { Kysely } from 'kysely';
import { type Actor, adminEvent } from '../../audit/admin-event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import type { Database } from '../../db/open.ts';
import type { Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { Owner } from './subject.ts';

export const STOP_SCOPES = ['project', 'sender'] as const;

/** How a project answers to what phones write. */
export interface ConsentSettings {
  /** Null: who we are and how to stop. */
  help: string | null;
  /** What STOP ends: all marketing of the project, or that of the sender it was sent to. */
  stopScope: (typeof STOP_SCOPES)[number];
}

const USUAL: ConsentSettings = { help: null, stopScope: 'project' };

export async function readSettings(db: Kysely<Schema>, { project, mode }: Owner): Promise<ConsentSettings> {
  const row = await db
    .selectFrom('consent_settings')
    .select(['help', 'stop_scope'])
    .where('project_id', '=', project)
    .where('mode', '=', mode)
    .executeTakeFirst();
  return row ? { help: row.help, stopScope: row.stop_scope } : USUAL;
}

export function saveSettings(
  db: Database,
  { project, mode }: Owner,
  { help, stopScope }: ConsentSettings,
  actor: Actor,
  now: number,
): Promise<void> {
  return writeTransaction(db, {}, async (trx) => {
    const values = { help, stop_scope: stopScope, updated_at: now };
    await trx
      .insertInto('consent_settings')
      .values({ project_id: project, mode, ...values })
      .onConflict((conflict) => conflict.columns(['project_id', 'mode']).doUpdateSet(values))
      .execute();
    const data = { stop_scope: stopScope, has_help: help !== null };
    await insertEvents(trx, [adminEvent('consent_settings.updated', project, actor, now, data)]);
  });
}
