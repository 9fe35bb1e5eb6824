import type { KeyObject } from 'node:crypto';
import type { Transaction } from 'kysely';
import type { Database } from '../../db/open.ts';
import type { Schema } from '../../db/schema.ts';
import type { AddressKind, Owner } from './contact.ts';
import { readContact } from './read-contact.ts';
import { saveContacts } from './save-contacts.ts';

/**
 * The contact with this address, made if there is none: for who writes first. In the caller's transaction, which has to
 * be run anew on a unique violation (`retryingUnique`). Null: it is no address.
 */
export async function findOrCreateByAddress(
  trx: Transaction<Schema>,
  { dialect, hashKey }: { dialect: Database['dialect']; hashKey: KeyObject },
  owner: Owner,
  { kind, address }: { kind: AddressKind; address: string },
  now: number,
): Promise<{ id: string; isNew: boolean } | null> {
  const { draft, errors } = readContact(hashKey, new Map(), { [kind]: address });
  if (errors.length > 0) return null;
  const [saved] = await saveContacts(trx, dialect, [draft], { owner, onConflict: 'skip', now });
  return saved?.id ? { id: saved.id, isNew: saved.outcome === 'created' } : null;
}
