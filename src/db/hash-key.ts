import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Keyring } from '../lib/keyring.ts';
import { needsReseal, open, seal } from '../lib/seal.ts';
import type { Schema } from './schema.ts';

const NAME = 'hash_key';

/**
 * The key under which numbers, subjects and addresses are hashed, for searching and counting. It is made once per
 * installation and kept sealed, so that rotating the master secret neither forgets a locked number nor hides old events.
 */
export async function ensureHashKey(db: Kysely<Schema>, keyring: Keyring): Promise<KeyObject> {
  const made = seal(keyring, NAME, randomBytes(32).toString('base64'));
  await db
    .insertInto('settings')
    .values({ key: NAME, value: made })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute();
  const { value } = await db.selectFrom('settings').select('value').where('key', '=', NAME).executeTakeFirstOrThrow();
  const opened = open(keyring, NAME, value);
  if (opened === null) {
    throw new Error(
      'COUNTERSIGN_SECRET does not open this database: list the secret it was made with, after the new one',
    );
  }
  if (needsReseal(keyring, value)) {
    await db
      .updateTable('settings')
      .set({ value: seal(keyring, NAME, opened) })
      .where('key', '=', NAME)
      .where('value', '=', value)
      .execute();
  }
  return createSecretKey(Buffer.from(opened, 'base64'));
}
