import type { Kysely } from 'kysely';
import { forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import type { Schema } from '../../db/schema.ts';
import { batchTransaction } from '../../db/transaction.ts';
import type { Channel } from '../../lib/channels.ts';
import type { ConsentRow, EntryRow } from './consent.ts';
import type { Reply } from './opt.ts';
import { type ConsentSaid, type Scribe, toEntry, writeEntries } from './record-consents.ts';
import type { ConsentStatements } from './statements.ts';
import type { Owner } from './subject.ts';

/** “Reply YES”: grants what was asked for by this channel and is still open. */
export async function confirmByReply(
  db: Database,
  statements: ConsentStatements,
  owner: Owner,
  { inbound, who, read, at }: Reply,
): Promise<boolean> {
  const proof = { text: inbound.text, to: inbound.recipient, inbound_id: inbound.id, rule: read.rule };
  const open = { hash: who.hash, channel: inbound.channel };
  return confirm(db, statements, { ...owner, actor: 'system' }, open, { source: 'keyword', proof }, at);
}

/** What an entry of the ledger asked for, if it is still open. */
export async function findPending(db: Kysely<Schema>, entryId: string, at: number): Promise<EntryRow | null> {
  const entry = await db.selectFrom('consent_entries').selectAll().where('id', '=', entryId).executeTakeFirst();
  if (!entry) return null;
  const open = await db
    .selectFrom('consents')
    .select('entry_id')
    .where('address_hash', '=', entry.address_hash)
    .where('entry_id', '=', entryId)
    .where('state', '=', 'pending')
    .where('expires_at', '>', at)
    .executeTakeFirst();
  return open ? entry : null;
}

/** A page of ours was asked to: by whoever has the link, which only the address got. */
export function confirmByLink(
  db: Database,
  statements: ConsentStatements,
  { id: entryId, address_hash: hash, project_id: project, mode }: EntryRow,
  proof: object,
  at: number,
): Promise<boolean> {
  const how = { source: 'website', proof };
  return confirm(db, statements, { project, mode, actor: 'system' }, { hash, entryId }, how, at);
}

async function confirm(
  db: Database,
  statements: ConsentStatements,
  by: Scribe,
  which: { hash: string } & ({ channel: string } | { entryId: string }),
  how: { source: string; proof: object },
  at: number,
): Promise<boolean> {
  return batchTransaction(db, {}, async (batch) => {
    let query = db.kysely
      .selectFrom('consents')
      .selectAll()
      .where('project_id', '=', by.project)
      .where('mode', '=', by.mode)
      .where('address_hash', '=', which.hash)
      .where('state', '=', 'pending')
      .where('expires_at', '>', at);
    if ('entryId' in which) query = query.where('entry_id', '=', which.entryId);
    else query = query.where('channel', '=', which.channel);
    const [pending] = await batch.run(forUpdate(db.dialect, query).compile());
    if (pending.length === 0) return false;
    const said = pending.map((consent) => toSaid(consent, how, at));
    // One for each request: two that confirm the same at once add one entry.
    const entries = said.map((one, index) => toEntry(by, one, at, `confirmed\0${pending[index]?.entry_id}`));
    await writeEntries(statements, batch, entries, said, at);
    await batch.commit();
    return true;
  });
}

function toSaid(consent: ConsentRow, { source, proof }: { source: string; proof: object }, at: number): ConsentSaid {
  return {
    who: { address: consent.address, masked: consent.address_masked, hash: consent.address_hash },
    channel: consent.channel as Channel,
    purpose: consent.purpose,
    state: 'granted',
    source,
    doubleOptIn: true,
    wording: null,
    proof: { ...proof, asked_by: consent.entry_id },
    at,
  };
}
