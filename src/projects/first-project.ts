import type { Kysely, Transaction } from 'kysely';
import { SYSTEM } from '../audit/admin-event.ts';
import type { Database } from '../db/open.ts';
import type { Schema } from '../db/schema.ts';
import { writeTransaction } from '../db/transaction.ts';
import { SCOPES } from '../lib/auth.ts';
import { newId } from '../lib/ids.ts';
import { modeOfApiKey, newApiKey } from './api-key.ts';
import { insertKey } from './keys.ts';
import { insertProject } from './projects.ts';

export interface FirstProjectOptions {
  /** COUNTERSIGN_API_KEY. */
  apiKey: string | null;
  mode: 'development' | 'production';
}

export interface FirstProject {
  id: string;
  /** Made because none was given; shown once and kept nowhere. */
  generatedKey: string | null;
}

const SETTING = 'first_project';

/**
 * At every start: makes the project `default` if this is a new installation, and the operator's key if it is not
 * known yet. Instances that start together agree: the primary key of `settings` lets one of them through.
 * A key that was revoked stays revoked.
 */
export async function ensureFirstProject(
  db: Database,
  options: FirstProjectOptions,
  now: number,
): Promise<FirstProject> {
  return writeTransaction(db, {}, async (trx) => {
    const made = await makeFirstProject(trx, now);
    const id = made ?? (await firstProject(trx));
    const generatedKey = made && !options.apiKey && options.mode === 'development' ? newApiKey('test') : null;
    const secret = options.apiKey ?? generatedKey;
    if (secret) {
      const mode = modeOfApiKey(secret);
      if (!mode) throw new Error('the first key is not of the form cs_live_… or cs_test_…');
      const name = generatedKey ? 'generated at first start' : 'COUNTERSIGN_API_KEY';
      const key = { project: id, mode, name, scopes: SCOPES, expiresAt: null };
      await insertKey(trx, key, secret, { ...SYSTEM, mode }, now);
    }
    return { id, generatedKey };
  });
}

/** The oldest project; events about the installation itself are filed under it. */
export async function firstProject(db: Kysely<Schema>): Promise<string> {
  const row = await db.selectFrom('settings').select('value').where('key', '=', SETTING).executeTakeFirstOrThrow();
  return row.value;
}

async function makeFirstProject(trx: Transaction<Schema>, now: number): Promise<string | null> {
  const id = newId('prj');
  const won = await trx
    .insertInto('settings')
    .values({ key: SETTING, value: id })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .returning('key')
    .executeTakeFirst();
  if (!won) return null;
  await insertProject(trx, { id, name: 'default', policy: {} }, SYSTEM, now);
  return id;
}
