import type { Transaction } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import type { Keyring } from '../../lib/keyring.ts';
import type { AuditEvent } from '../event.ts';
import { viewEvent } from '../event-view.ts';
import { openSigner, selectAuditKeys } from './audit-keys.ts';
import { signNote } from './note.ts';

/**
 * What says that something is missing from the log, and why, is signed by the log's key as a whole: whoever writes to
 * the database alone can take events away, but has no good reason for it.
 */
export async function signStatements(
  trx: Transaction<Schema>,
  keyring: Keyring,
  events: readonly AuditEvent[],
): Promise<AuditEvent[]> {
  if (events.length === 0) return [];
  const [newest] = await selectAuditKeys(trx);
  const signer = newest && openSigner(keyring, newest);
  if (!signer) throw new Error('the newest audit key cannot be opened');
  return events.map((event) => {
    // Its second line is no size: it can be taken for no checkpoint.
    const text = `${signer.name}\n${event.type}\n${canonicalJson(viewEvent(event))}\n`;
    const signature = signNote(text, [signer]).slice(text.length).trim();
    return { ...event, data: { ...event.data, signature } };
  });
}
