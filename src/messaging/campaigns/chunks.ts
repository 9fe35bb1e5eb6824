import { type CompiledQuery, sql } from 'kysely';
import { amongUnlocked, amongUnlockedOfEach, forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import { rowSet } from '../../db/row-set.ts';
import { type ChunkRow, LEASE_MS } from './campaign.ts';

/** A chunk as whoever leases it has it. */
export interface LeasedChunk extends ChunkRow {
  leasedUntil: number;
}

/**
 * A lease that ends later than any can was given by a clock that has been set back since. Clocks differ a little, and a look
 * is older than the marks that are made while it is under way.
 */
const longestLease = (now: number) => now + 2 * LEASE_MS;

/** Leases chunks that are due, of these campaigns evenly, as far as they are running. */
export async function claimChunks(
  { kysely, dialect }: Database,
  campaigns: readonly string[],
  now: number,
  max: number,
): Promise<LeasedChunk[]> {
  if (campaigns.length === 0) return [];
  const leasedUntil = now + LEASE_MS;
  const heads = sql`with heads as (
    select id from campaigns where status = 'running' and id in (${sql.join(campaigns)}) limit ${max})`;
  const due = sql`
    select id from campaign_chunks where campaign_id = heads.id
      and (due_at <= ${now} or (phase = 'claimed' and due_at > ${longestLease(now)})) and phase <> 'handed'
    order by due_at
    limit (select (cast(${max} as integer) + count(*) - 1) / nullif(count(*), 0) from heads)`;
  const { rows } = await sql<ChunkRow>`
    update campaign_chunks set phase = 'claimed', due_at = ${leasedUntil}, claim = claim + 1
    where ${amongUnlockedOfEach(dialect, 'id', { ctes: heads, table: 'heads', query: due })}
    returning *
  `.execute(kysely);
  return rows.map((row) => ({ ...row, leasedUntil }));
}

/** Leases chunks whose process died while it handed them over, whatever their campaign is doing. */
export async function claimLostChunks({ kysely, dialect }: Database, now: number, max: number): Promise<LeasedChunk[]> {
  const leasedUntil = now + LEASE_MS;
  const lost = kysely
    .selectFrom('campaign_chunks')
    .select('id')
    .where('phase', '=', 'handed')
    .where((eb) => eb.or([eb('due_at', '<=', now), eb('due_at', '>', longestLease(now))]))
    .limit(max);
  const rows = await kysely
    .updateTable('campaign_chunks')
    .set((eb) => ({ due_at: leasedUntil, claim: eb('claim', '+', 1) }))
    .where(amongUnlocked(dialect, 'id', lost))
    .returningAll()
    .execute();
  return rows.map((row) => ({ ...row, leasedUntil }));
}

export interface Mark {
  /** The last of the slice. */
  handedTo: string;
  /** Its number under this lease. */
  slice: number;
  reserved: number;
  leasedUntil: number;
}

/** Before anybody up to `handedTo` is handed over. Answers with nothing when the chunk is another's, or stands still. */
export function markChunk(
  { kysely }: Database,
  { id, claim, campaign_id }: ChunkRow,
  { handedTo, slice, reserved, leasedUntil }: Mark,
): CompiledQuery<{ id: string }> {
  return kysely
    .updateTable('campaign_chunks')
    .set((eb) => ({
      phase: 'handed',
      handed_to: handedTo,
      due_at: leasedUntil,
      ...(reserved > 0 && {
        reserved: eb('reserved', '+', reserved),
        unsettled: sql<string>`unsettled || ${`${slice},`}`,
      }),
    }))
    .where('id', '=', id)
    .where('claim', '=', claim)
    .where(({ exists, selectFrom }) =>
      exists(selectFrom('campaigns').select('id').where('id', '=', campaign_id).where('status', '=', 'running')),
    )
    .returning('id')
    .compile();
}

/** From then on it keeps its claim until the end of the transaction. Answers with nothing when it is another's. */
export function lockChunk(
  { kysely, dialect }: Database,
  { id, claim }: Pick<ChunkRow, 'id' | 'claim'>,
): CompiledQuery<{ id: string }> {
  const owned = kysely.selectFrom('campaign_chunks').select('id').where('id', '=', id).where('claim', '=', claim);
  return forUpdate(dialect, owned).compile();
}

/** Before the row of a chunk where both are needed, as marks do. */
export function lockCampaign(
  { kysely, dialect }: Database,
  { campaign_id }: Pick<ChunkRow, 'campaign_id'>,
): CompiledQuery<{ id: string }> {
  return forUpdate(dialect, kysely.selectFrom('campaigns').select('id').where('id', '=', campaign_id)).compile();
}

/** What is left of it waits on. */
export function putChunkBack(
  { kysely }: Database,
  { id, claim }: ChunkRow,
  dueAt: number,
  reason: string | null,
): CompiledQuery {
  return kysely
    .updateTable('campaign_chunks')
    .set({ phase: 'waiting', handed_to: null, due_at: dueAt, reason })
    .where('id', '=', id)
    .where('claim', '=', claim)
    .compile();
}

/** If none of its recipients waits, or nothing more comes of the campaign. */
export function endChunk({ kysely }: Database, { id, claim, campaign_id, number }: ChunkRow): CompiledQuery {
  return kysely
    .deleteFrom('campaign_chunks')
    .where('id', '=', id)
    .where('claim', '=', claim)
    .where(({ or, not, exists, selectFrom }) =>
      or([
        exists(selectFrom('campaigns').select('id').where('id', '=', campaign_id).where('status', '=', 'canceled')),
        not(
          exists(
            selectFrom('campaign_recipients')
              .select('contact_id')
              .where('campaign_id', '=', campaign_id)
              .where('chunk', '=', number)
              .where('state', '=', 'waiting'),
          ),
        ),
      ]),
    )
    .compile();
}

export interface NewChunk {
  number: number;
  dueAt: number;
  reason: string | null;
}

export function insertChunks({ kysely, dialect }: Database, campaign: string, chunks: readonly NewChunk[]) {
  if (chunks.length === 0) return null;
  const rows = chunks.map(({ number, dueAt, reason }) => ({
    ...{ id: `${campaign}-${number}`, number, due_at: dueAt, reason },
  }));
  const columns = { id: 'text', number: 'bigint', due_at: 'bigint', reason: 'text' } as const;
  return sql`
    insert into campaign_chunks (id, campaign_id, number, phase, handed_to, due_at, claim, reserved, unsettled, reason)
    select id, ${campaign}, number, 'waiting', null, due_at, 0, 0, ',', reason from ${rowSet(dialect, columns, rows)}
    where exists (select 1 from campaigns where campaigns.id = ${campaign} and status <> 'canceled')
  `.compile(kysely);
}
