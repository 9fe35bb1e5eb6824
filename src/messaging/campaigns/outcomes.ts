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
import { insertChunks, type LeasedChunk } from './chunks.ts';
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
}

const COLUMNS = {
  campaign_id: 'text',
  contact_id: 'text',
  chunk: 'bigint',
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
        and campaign_recipients.contact_id = r.contact_id and campaign_recipients.state = 'waiting'`,
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
    ...{ campaign_id, contact_id, chunk: null, state, reason, variant: null, tries, planned_at },
    ...{ message_id: null, cost_amount: null, cost_currency: null, updated_at: now },
  };
}

/** Waits on in a chunk of those that are due with it. */
export interface Later {
  outcome: Outcome;
  at: number;
}

export interface Written {
  campaign: CampaignRow;
  chunk: LeasedChunk;
  settled: readonly Outcome[];
  later?: readonly Later[];
  sent?: readonly SentMessage[];
  /** What was reserved for them, and what they came to. */
  money?: Settlement;
}

/** Those that are due within so long go together. */
const TOGETHER_MS = 1_000;

const NO_MONEY: Settlement = { slice: null, reserved: 0, spent: 0 };

/** All that became of recipients, with their messages, in one transaction. */
export async function writeOutcomes(
  { db, bulk, saveOutcomes }: { db: Database; bulk: BulkSender; saveOutcomes: SaveOutcomes },
  { campaign, chunk, settled, later = [], sent = [], money = NO_MONEY }: Written,
): Promise<void> {
  if (settled.length + later.length === 0 && money.reserved === 0) return;
  const turns = [...Map.groupBy(later, ({ at }) => Math.ceil(at / TOGETHER_MS) * TOGETHER_MS)];
  const write = async (batch: Batch, as: 'fresh' | 'again') => {
    const [[counted]] = await batch.run(takeNumbers(db, campaign.id, turns.length));
    const first = (counted?.chunks ?? 0) - turns.length + 1;
    const moved = turns.flatMap(([, group], index) =>
      group.map(({ outcome }) => ({ ...outcome, chunk: first + index })),
    );
    await batch.commit(
      ...settle(db, chunk, money),
      ...together(db.dialect, [
        ...bulk.record(sent, as),
        saveOutcomes([...settled, ...moved]),
        insertChunks(
          db,
          campaign.id,
          turns.map(([dueAt, group], index) => ({
            ...{ number: first + index, dueAt },
            reason: group[0]?.outcome.reason ?? null,
          })),
        ),
      ]),
    );
  };
  await batchTransaction(db, {}, (batch) => write(batch, 'fresh')).catch((error) => {
    // It was written, and the answer was lost; or a carrier has given one of its ids twice.
    if (!isUniqueViolation(error)) throw error;
    return batchTransaction(db, {}, (batch) => write(batch, 'again'));
  });
  bulk.recorded(sent);
}

function takeNumbers({ kysely }: Database, campaign: string, count: number) {
  if (count === 0) return null;
  return kysely
    .updateTable('campaigns')
    .set((eb) => ({ chunks: eb('chunks', '+', count) }))
    .where('id', '=', campaign)
    .returning('chunks')
    .compile();
}
