import { SYSTEM } from '../../audit/admin-event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import type { Database } from '../../db/open.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { CampaignRow } from './campaign.ts';
import { campaignEvent } from './campaign-event.ts';
import { decisionAt, type Experiment, readExperiment } from './split.ts';
import { type Figures, variantFigures } from './stats-figures.ts';

/** Windows may keep the sample waiting: without anybody reached there is nothing to decide by. */
const PATIENCE_MS = 86_400_000;

/**
 * What the rest of the audience gets; null: it is not time yet. Whoever asks first after that decides, once and for all:
 * of two at once the second finds the row changed, and a crash before it leaves it to the next.
 */
export async function winnerOf(db: Database, campaign: CampaignRow, now: number): Promise<string | null> {
  const known = readExperiment(campaign);
  if (!known || known.winner !== undefined) return known?.winner ?? null;
  if (now < decisionAt(known, campaign)) return null;
  const current = await db.kysely
    .selectFrom('campaigns')
    .selectAll()
    .where('id', '=', campaign.id)
    .executeTakeFirstOrThrow();
  const experiment = readExperiment(current);
  if (!experiment || experiment.winner !== undefined) return experiment?.winner ?? null;
  const figures = await variantFigures(db.kysely, current);
  const isReached = figures.some(({ variant, sent }) => variant !== null && sent > 0);
  if (!isReached && now < decisionAt(experiment, current) + PATIENCE_MS) return null;
  const winner = best(experiment, figures);
  const isOurs = await writeTransaction(db, {}, async (trx) => {
    const changed = await trx
      .updateTable('campaigns')
      .set({ experiment: JSON.stringify({ ...experiment, winner, decided_at: now }), updated_at: now })
      .where('id', '=', current.id)
      .where('experiment', '=', current.experiment)
      .returning('id')
      .executeTakeFirst();
    if (!changed) return false;
    const rates = experiment.variants.map(({ id }) => ({ variant: id, rate: rateOf(experiment, id, figures) }));
    const actor = { ...SYSTEM, mode: current.mode };
    const data = { winner, by: experiment.winner_by, rates };
    await insertEvents(trx, [campaignEvent('campaign.winner_chosen', current, actor, now, data)]);
    return true;
  });
  return isOurs ? winner : winnerOf(db, current, now);
}

/** Of several that are as good, the first. */
function best(experiment: Experiment, figures: readonly Figures[]): string {
  let [winner, highest] = ['', -1];
  for (const { id } of experiment.variants) {
    const rate = rateOf(experiment, id, figures);
    if (rate > highest) [winner, highest] = [id, rate];
  }
  return winner;
}

/** Of those it arrived at; where no carrier says so, of those it was sent to. */
function rateOf({ winner_by }: Experiment, variant: string, figures: readonly Figures[]): number {
  const own = figures.find((one) => one.variant === variant);
  if (!own) return 0;
  const reached = own.delivered > 0 ? own.delivered : own.sent;
  return reached === 0 ? 0 : (winner_by === 'clicks' ? own.clicked : own.converted) / reached;
}
