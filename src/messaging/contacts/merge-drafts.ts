import { type ContactDraft, keysOf } from './contact.ts';
import type { Matched } from './match-contacts.ts';
import { mergeContact } from './merge-contact.ts';
import type { Writes } from './write-contacts.ts';

/** What is done with a draft of a contact that is there: refused, left alone, or worked into it. */
export type OnConflict = 'refuse' | 'skip' | 'update';

export interface MergeOptions {
  onConflict: OnConflict;
  /** The one draft is a change of this contact, whatever it is matched by. */
  target?: string;
  /** Tags replace those there are. */
  replaceTags?: boolean;
}

export interface Saved {
  outcome: 'created' | 'updated' | 'skipped' | 'refused';
  /** Of the contact it is, or became; null when it is refused for being several. */
  id: string | null;
  /** Why it is refused. */
  reason?: 'exists' | 'several_contacts' | 'other_external_id' | 'too_many_tags';
}

/** Those who are there already of those that drafts name. */
export interface Known {
  /** Id of the contact by key. */
  matches: Map<string, string>;
  contacts: Map<string, Matched>;
}

/** What becomes of each draft, and what is to be written. Drafts of one contact follow one another. Changes `known`. */
export function mergeDrafts(
  drafts: readonly ContactDraft[],
  { matches, contacts }: Known,
  options: MergeOptions,
): { saved: Saved[]; writes: Writes } {
  const { onConflict, target } = options;
  const writes: Writes = new Map();

  const saved = drafts.map((draft): Saved => {
    const keys = keysOf(draft);
    const ids = new Set(target === undefined ? [] : [target]);
    for (const key of keys) {
      const match = matches.get(key);
      if (match !== undefined) ids.add(match);
    }
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
    for (const key of before ? keysOf(after) : keys) matches.set(key, id);
    const first = writes.get(id);
    writes.set(id, { before: first ? first.before : before, after });
    return { outcome: before ? 'updated' : 'created', id };
  });
  return { saved, writes };
}
