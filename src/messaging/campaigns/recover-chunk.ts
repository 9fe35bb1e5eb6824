import { batchTransaction } from '../../db/transaction.ts';
import { messageEvents } from '../../delivery/messages/events.ts';
import type { CampaignRow } from './campaign.ts';
import type { ChunkDeps } from './chunk-deps.ts';
import { endChunk, type LeasedChunk, putChunkBack } from './chunks.ts';
import { loadRecipients } from './load-recipients.ts';
import { expiryOf, type Outcome, type Sent, stand, writeOutcomes } from './outcomes.ts';
import { addressMessage } from './word-recipient.ts';

/**
 * A chunk whose process died while it handed it over. Who is up to the mark and has no outcome may have got the message:
 * that is what is written, and nobody sends it again. Those after it were certainly not sent, and wait on.
 */
export async function recoverChunk(
  deps: Pick<ChunkDeps, 'db' | 'bulk' | 'saveOutcomes' | 'now'>,
  campaign: CampaignRow,
  chunk: LeasedChunk,
): Promise<void> {
  const { db, now } = deps;
  const at = now();
  const waiting = await loadRecipients(db, campaign, chunk, Number.MAX_SAFE_INTEGER);
  const lost = waiting.filter(({ contact_id }) => contact_id <= (chunk.handed_to ?? ''));
  const settled: Outcome[] = [];
  const sent: Sent[] = [];
  for (const recipient of lost) {
    const row = addressMessage(campaign, recipient, expiryOf(campaign, recipient), at);
    const outcome = stand(campaign, recipient, 'unknown', 'process_lost', at);
    if (!row) {
      settled.push(outcome);
      continue;
    }
    const message = { ...row, status: 'unknown', reason: 'process_lost' };
    const data = { reason: 'process_lost', campaign_id: campaign.id };
    const events = messageEvents(message, 'unknown', 'system', at, data);
    sent.push({
      outcome: { ...outcome, message_id: row.id },
      message: { row: message, attempts: [], parts: [], events },
    });
  }
  // What was reserved for them may be spent.
  const { reserved } = chunk;
  await writeOutcomes(deps, { campaign, chunk, settled, sent, money: { slice: null, reserved, spent: reserved } });
  await batchTransaction(db, {}, (batch) => batch.commit(endChunk(db, chunk), putChunkBack(db, chunk, at, null)));
}
