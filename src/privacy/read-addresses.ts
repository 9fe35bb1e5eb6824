import type { Kysely } from 'kysely';
import type { Schema } from '../db/schema.ts';
import type { Mode } from '../lib/mode.ts';

/** Numbers and addresses by their hashes, as far as a verification or a message still holds them. */
export async function readAddresses(
  db: Kysely<Schema>,
  { project, mode }: { project: string; mode: Mode },
  hashes: readonly string[],
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const table of ['verifications', 'messages'] as const) {
    for (const hash of hashes) {
      if (found.has(hash)) continue;
      // Numbers that ring one phone share a hash: the one used last.
      const row = await db
        .selectFrom(table)
        .select('recipient')
        .where('recipient_hash', '=', hash)
        .where('project_id', '=', project)
        .where('mode', '=', mode)
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst();
      if (row) found.set(hash, row.recipient);
    }
  }
  return found;
}
