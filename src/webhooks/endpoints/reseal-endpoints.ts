import type { Database } from '../../db/open.ts';
import type { Keyring } from '../../lib/keyring.ts';
import { needsReseal, open, seal } from '../../lib/seal.ts';
import { headersRecord, secretsRecord } from './secrets.ts';

const PAGE = 200;

/** At every start: what is sealed under an older master secret is sealed anew, so that the older one can go. */
export async function resealEndpoints({ kysely }: Pick<Database, 'kysely'>, keyring: Keyring): Promise<void> {
  for (let after = ''; ; ) {
    const rows = await kysely
      .selectFrom('webhook_endpoints')
      .select(['id', 'sealed_secrets', 'sealed_headers', 'updated_at'])
      .where('id', '>', after)
      .orderBy('id')
      .limit(PAGE)
      .execute();
    for (const { id, sealed_secrets: secrets, sealed_headers: headers, updated_at } of rows) {
      const change = {
        sealed_secrets: reseal(keyring, secretsRecord(id), secrets) ?? secrets,
        sealed_headers: headers && (reseal(keyring, headersRecord(id), headers) ?? headers),
      };
      if (change.sealed_secrets === secrets && change.sealed_headers === headers) continue;
      // Only if nobody has changed them meanwhile.
      const update = kysely.updateTable('webhook_endpoints').set(change);
      await update.where('id', '=', id).where('updated_at', '=', updated_at).execute();
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = last.id;
  }
}

/** Null when it is as it should be, or cannot be opened. */
function reseal(keyring: Keyring, record: string, sealed: string): string | null {
  const text = needsReseal(keyring, sealed) ? open(keyring, record, sealed) : null;
  return text === null ? null : seal(keyring, record, text);
}
