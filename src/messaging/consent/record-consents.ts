import { createHash } from 'node:crypto';
import type { AuditEvent } from '../../audit/event.ts';
import { toEventRow } from '../../audit/events-table.ts';
import type { Batch } from '../../db/batch.ts';
import type { Database } from '../../db/open.ts';
import { batchTransaction } from '../../db/transaction.ts';
import type { Channel } from '../../lib/channels.ts';
import { encodeId, newId } from '../../lib/ids.ts';
import type { ConsentPurpose, ConsentRow, ConsentState, EntryRow } from './consent.ts';
import { type ConsentStatements, createConsentStatements } from './statements.ts';
import type { Addressee, Owner } from './subject.ts';

export interface ConsentSaid {
  who: Addressee;
  channel: Channel;
  purpose: ConsentPurpose;
  state: ConsentState;
  source: string;
  doubleOptIn: boolean;
  wording: string | null;
  proof: object | null;
  /** When the person said it, ms. */
  at: number;
  /** Of what is pending. */
  expiresAt?: number;
  /** Was granted before a STOP. */
  resumes?: boolean;
}

export interface Scribe extends Owner {
  /** API key, or `system`. */
  actor: string;
}

/** Adds to the ledger; what the newest entry of an address says is what holds. A rerun with the same seed adds nothing. */
export function createConsentRecorder(db: Database) {
  const statements = createConsentStatements(db);
  return async (by: Scribe, said: readonly ConsentSaid[], now: number, seed?: string): Promise<EntryRow[]> => {
    const entries = said.map((one, index) => toEntry(by, one, now, seed === undefined ? null : `${seed}\0${index}`));
    await batchTransaction(db, {}, async (batch) => {
      await writeEntries(statements, batch, entries, said, now);
      await batch.commit();
    });
    return entries;
  };
}

/** In the caller's transaction. */
export async function writeEntries(
  statements: ConsentStatements,
  batch: Pick<Batch, 'run'>,
  entries: readonly EntryRow[],
  said: readonly ConsentSaid[],
  now: number,
): Promise<void> {
  const [fresh] = await batch.run(statements.insertEntries(entries));
  const isFresh = new Set(fresh.map(({ id }) => id));
  const written = entries.flatMap((entry, index) => {
    const one = said[index];
    return one && isFresh.has(entry.id) ? [{ entry, one }] : [];
  });
  await batch.run(
    statements.saveConsents(newestOf(written.map(({ entry, one }) => toConsent(entry, one, now)))),
    statements.insertEvents(written.map(({ entry }) => toEventRow(toEvent(entry)) as never)),
  );
}

export function toEntry(by: Scribe, said: ConsentSaid, now: number, seed: string | null): EntryRow {
  return {
    id:
      seed === null
        ? newId('cns')
        : `cns_${encodeId(createHash('sha256').update(`consent\0${seed}`).digest().subarray(0, 26))}`,
    project_id: by.project,
    mode: by.mode,
    channel: said.channel,
    purpose: said.purpose,
    address_hash: said.who.hash,
    address_masked: said.who.masked,
    state: said.state,
    source: said.source,
    double_opt_in: said.doubleOptIn ? 1 : 0,
    wording: said.wording,
    proof: said.proof && JSON.stringify(said.proof),
    actor: by.actor,
    at: said.at,
    recorded_at: now,
  };
}

function toConsent(entry: EntryRow, { who, expiresAt, resumes = false }: ConsentSaid, now: number): ConsentRow {
  const { project_id, mode, address_hash, channel, purpose, address_masked, state, at } = entry;
  return {
    ...{ project_id, mode, address_hash, channel, purpose, address_masked, state, at },
    address: who.address,
    resumes: resumes ? 1 : 0,
    entry_id: entry.id,
    expires_at: expiresAt ?? null,
    updated_at: now,
  };
}

/** One statement changes a row once. */
function newestOf(rows: readonly ConsentRow[]): ConsentRow[] {
  const byKey = new Map<string, ConsentRow>();
  for (const row of rows) {
    const key = `${row.address_hash} ${row.channel} ${row.purpose}`;
    const known = byKey.get(key);
    if (!known || row.at >= known.at) byKey.set(key, row);
  }
  return [...byKey.values()];
}

const EVENT_OF = { pending: 'consent.requested', granted: 'consent.granted', revoked: 'consent.revoked' } as const;

/** Its id derives from the entry's: there is one for each. */
function toEvent(entry: EntryRow): AuditEvent {
  const { project_id: project, mode, actor, channel, purpose, source } = entry;
  return {
    id: entry.id.replace('cns_', 'evt_'),
    type: EVENT_OF[entry.state],
    at: entry.recorded_at,
    ...{ project, mode, actor },
    recipient: { masked: entry.address_masked, hash: entry.address_hash },
    data: { channel, purpose, source, ...(entry.state !== 'pending' && { double_opt_in: entry.double_opt_in === 1 }) },
  };
}
