import type { Transaction } from 'kysely';
import type { Database } from '../../db/open.ts';
import type { Schema } from '../../db/schema.ts';
import { type ContactDraft, keysOf, type Owner } from './contact.ts';
import { findMatches, loadMatched } from './match-contacts.ts';
import { mergeContact } from './merge-contact.ts';
import { type Writes, writeContacts } from './write-contacts.ts';

/** What is done with a draft of a contact that is there: refused, left alone, or worked into it. */
export type OnConflict = 'refuse' | 'skip' | 'update';

export interface Saved {
  outcome: 'created' | 'updated' | 'skipped' | 'refused';
  /** Of the contact it is, or became; null when it is refused for being several. */
  id: string | null;
  /** Why it is refused. */
  reason?: 'exists' | 'several_contacts' | 'other_external_id' | 'too_many_tags';
}

export interface SaveOptions {
  owner: Owner;
  onConflict: OnConflict;
  now: number;
  /** The one draft is a change of this contact, whatever it is matched by. */
  target?: string;
  /** Says what would become of them, and writes nothing. */
  dryRun?: boolean;
  /** Tags replace those there are. */
  replaceTags?: boolean;
}

/**
 * Makes or changes contacts, told by their external id or by any of their addresses: as many as are given, in the same
 * few statements. Drafts of one contact, among these too, follow one another. Throws a unique violation when another
 * transaction makes one of them at the same time: begin anew.
 */
export async function saveContacts(
  trx: Transaction<Schema>,
  dialect: Database['dialect'],
  drafts: readonly ContactDraft[],
  options: SaveOptions,
): Promise<Saved[]> {
  const { owner, onConflict, now, target } = options;
  const matches = await findMatches(trx, dialect, owner, drafts);
  const matchedIds = new Set([...matches.values(), ...(target === undefined ? [] : [target])]);
  const contacts = await loadMatched(trx, dialect, owner, [...matchedIds]);
  const writes: Writes = new Map();

  const saved = drafts.map((draft): Saved => {
    const keys = keysOf(draft);
    const ids = new Set(keys.flatMap((key) => matches.get(key) ?? []));
    if (target !== undefined) ids.add(target);
    if (ids.size > 1) return { outcome: 'refused', id: null, reason: 'several_contacts' };
    const [id = draft.id] = ids;
    const before = contacts.get(id) ?? null;
    if (before) {
      if (onConflict === 'refuse') return { outcome: 'refused', id, reason: 'exists' };
      if (onConflict === 'skip') return { outcome: 'skipped', id };
      const known = before.externalId;
      const isOther = known !== null && draft.externalId && draft.externalId !== known;
      if (isOther && target === undefined) return { outcome: 'refused', id, reason: 'other_external_id' };
    }
    const after = mergeContact(before, draft, options);
    if (!after) return { outcome: 'refused', id, reason: 'too_many_tags' };
    contacts.set(id, after);
    // Whom an address is taken from is not found by it any more.
    for (const key of before ? keysOf(before) : []) matches.delete(key);
    for (const key of keysOf(after)) matches.set(key, id);
    const first = writes.get(id);
    writes.set(id, { before: first ? first.before : before, after });
    return { outcome: before ? 'updated' : 'created', id };
  });

  if (!options.dryRun) await writeContacts(trx, dialect, owner, writes, now);
  return saved;
}
