import { type CompiledQuery, sql } from 'kysely';
import type { Batch } from '../../db/batch.ts';
import { isUniqueViolation } from '../../db/errors.ts';
import type { Database } from '../../db/open.ts';
import { rowSetStatement } from '../../db/row-set.ts';
import type { RecipientState } from '../../db/schema/campaigns.ts';
import { together } from '../../db/together.ts';
import { batchTransaction } from '../../db/transaction.ts';
import type { BulkSender, SentMessage } from '../../delivery/messages/send-bulk.ts';
import type { CampaignRow, RecipientRow } from './campaign.ts';
import { insertChunks, type LeasedChunk, lockCampaign, lockChunk, type NewChunk } from './chunks.ts';
import type { WaitingRecipient } from './load-recipients.ts';
import { type Settlement, settle } from './spend.ts';

/** How a recipient stands from now on. */
export interface Outcome
  extends Pick<
    RecipientRow,
    | 'campaign_id'
    | 'contact_id'
    | 'state'
    | 'reason'
    | 'variant'
    | 'tries'
    | 'planned_at'
    | 'message_id'
    | 'cost_amount'
    | 'cost_currency'
    | 'updated_at'
  > {
  /** Where it waits from now on; null: where it is. */
  chunk: number | null;
  /** Only if it waits there still: nobody is moved twice, however often it is written. */
  from_chunk: number | null;
}

const COLUMNS = {
  campaign_id: 'text',
  contact_id: 'text',
  chunk: 'bigint',
  from_chunk: 'bigint',
  state: 'text',
  reason: 'text',
  variant: 'text',
  tries: 'bigint',
  planned_at: 'bigint',
  message_id: 'text',
  cost_amount: 'text',
  cost_currency: 'text',
  updated_at: 'bigint',
} as const satisfies Record<keyof Outcome, 'text' | 'bigint'>;

export type SaveOutcomes = (outcomes: readonly Outcome[]) => CompiledQuery | null;

/** What has become of one already stays. */
export function createSaveOutcomes(db: Database): SaveOutcomes {
  const save = rowSetStatement(
    db,
    COLUMNS,
    (rows) => sql`
      update campaign_recipients set chunk = coalesce(r.chunk, campaign_recipients.chunk), state = r.state,
        reason = r.reason, variant = r.variant, tries = r.tries, planned_at = r.planned_at, message_id = r.message_id,
        cost_amount = r.cost_amount, cost_currency = r.cost_currency, updated_at = r.updated_at
      from ${rows} where campaign_recipients.campaign_id = r.campaign_id
        and campaign_recipients.contact_id = r.contact_id and campaign_recipients.state = 'waiting'
        and (r.from_chunk is null or campaign_recipients.chunk = r.from_chunk)`,
  );
  return (outcomes) => save(outcomes as readonly (Outcome & Record<string, string | number | null>)[]);
}

/** Until when it is worth sending. */
export function expiryOf(
  { validity_seconds, started_at, created_at }: Pick<CampaignRow, 'validity_seconds' | 'started_at' | 'created_at'>,
  { planned_at }: Pick<WaitingRecipient, 'planned_at'>,
): number {
  return (planned_at ?? started_at ?? created_at) + validity_seconds * 1000;
}

/** Before any message of it. */
export function stand(
  { id: campaign_id }: Pick<CampaignRow, 'id'>,
  { contact_id, tries, planned_at }: WaitingRecipient,
  state: RecipientState,
  reason: string | null,
  now: number,
): Outcome {
  return {
    ...{ campaign_id, contact_id, chunk: null, from_chunk: null, state, reason, variant: null, tries, planned_at },
    ...{ message_id: null, cost_amount: null, cost_currency: null, updated_at: now },
  };
}

/** Waits on in a chunk of those that are due with it. */
export interface Later {
  outcome: Outcome;
  at: number;
}

/** Of whom there is a message: a carrier has it, may have it, or has turned it away for good. */
export interface Sent {
  outcome: Outcome;
  message: SentMessage;
}

export interface Written {
  campaign: CampaignRow;
  chunk: LeasedChunk;
  /** What was found out of people who were sent nothing. */
  settled: readonly Outcome[];
  later?: readonly Later[];
  sent?: readonly Sent[];
  /** What was reserved for them, and what they came to. */
  money?: Settlement;
}

/** Those that are due within so long go together. */
const TOGETHER_MS = 1_000;

const NO_MONEY: Settlement = { slice: null, reserved: 0, spent: 0 };

/**
 * All that became of recipients, with their messages, in one transaction. Of a chunk that is another's by now only what
 * was sent, which is so whoever has it: he may have everybody else in hand.
 */
export async function writeOutcomes(
  { db, bulk, saveOutcomes }: { db: Database; bulk: BulkSender; saveOutcomes: SaveOutcomes },
  { campaign, chunk, settled, later = [], sent = [], money = NO_MONEY }: Written,
): Promise<void> {
  const found = settled.length + later.length;
  if (found + sent.length === 0 && money.reserved === 0) return;
  const messages = sent.map(({ message }) => message);
  const outcomes = sent.map(({ outcome }) => outcome);
  const write = async (batch: Batch, as: 'fresh' | 'again') => {
    const [, [own]] = await batch.run(
      later.length > 0 || money.reserved > 0 ? lockCampaign(db, chunk) : null,
      // Most slices are sent whole: the next mark need not wait for those.
      found > 0 || money.reserved > 0 ? lockChunk(db, chunk) : null,
    );
    const { moved, chunks } = await takePlaces(db, batch, chunk, own ? later : []);
    await batch.commit(
      ...settle(db, chunk, money),
      ...together(db.dialect, [
        ...bulk.record(messages, as),
        saveOutcomes([...outcomes, ...(own ? settled : []), ...moved]),
        insertChunks(db, campaign.id, chunks),
      ]),
    );
  };
  await batchTransaction(db, {}, (batch) => write(batch, 'fresh')).catch((error) => {
    // It was written, and the answer was lost; or a carrier has given one of its ids twice.
    if (!isUniqueViolation(error)) throw error;
    return batchTransaction(db, {}, (batch) => write(batch, 'again'));
  });
  bulk.recorded(messages);
}

/** New chunks for those who wait on, and who waits in which. */
async function takePlaces(
  db: Database,
  batch: Batch,
  { campaign_id, number }: LeasedChunk,
  later: readonly Later[],
): Promise<{ moved: Outcome[]; chunks: NewChunk[] }> {
  if (later.length === 0) return { moved: [], chunks: [] };
  const turns = [...Map.groupBy(later, ({ at }) => Math.ceil(at / TOGETHER_MS) * TOGETHER_MS)];
  const [[counted]] = await batch.run(takeNumbers(db, campaign_id, turns.length));
  const first = (counted?.chunks ?? 0) - turns.length + 1;
  return {
    moved: turns.flatMap(([, group], index) =>
      group.map(({ outcome }) => ({ ...outcome, chunk: first + index, from_chunk: number })),
    ),
    chunks: turns.map(([dueAt, group], index) => ({
      ...{ number: first + index, dueAt },
      reason: group[0]?.outcome.reason ?? null,
    })),
  };
}

function takeNumbers({ kysely }: Database, campaign: string, count: number) {
  return kysely
    .updateTable('campaigns')
    .set((eb) => ({ chunks: eb('chunks', '+', count) }))
    .where('id', '=', campaign)
    .returning('chunks')
    .compile();
}
