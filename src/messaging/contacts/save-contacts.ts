import type { Transaction } from 'kysely';
import type { Database } from '../../db/open.ts';
import type { Schema } from '../../db/schema.ts';
import type { ContactDraft, Owner } from './contact.ts';
import { findMatches, loadMatched } from './match-contacts.ts';
import { type MergeOptions, mergeDrafts, type Saved } from './merge-drafts.ts';
import { writeContacts } from './write-contacts.ts';

export interface SaveOptions extends MergeOptions {
  owner: Owner;
  now: number;
  /** Says what would become of them, and writes nothing. */
  dryRun?: boolean;
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
  const { owner, now, target } = options;
  const matches = await findMatches(trx, dialect, owner, drafts);
  const matchedIds = new Set([...matches.values(), ...(target === undefined ? [] : [target])]);
  const contacts = await loadMatched(trx, dialect, owner, [...matchedIds]);
  const { saved, writes } = mergeDrafts(drafts, { matches, contacts }, options);
  if (!options.dryRun) {
    for (const statement of writeContacts(dialect, owner, writes, now)) await statement.execute(trx);
  }
  return saved;
}
