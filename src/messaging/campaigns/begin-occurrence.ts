import { hash } from 'node:crypto';
import { SYSTEM } from '../../audit/admin-event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import type { Database } from '../../db/open.ts';
import { writeTransaction } from '../../db/transaction.ts';
import { encodeId } from '../../lib/ids.ts';
import type { CampaignRow } from './campaign.ts';
import { campaignEvent } from './campaign-event.ts';
import { nextOccurrence, type Repeat } from './recurring.ts';
import { readCampaignSchedule } from './schedule.ts';

/** When a series is set going: its first occurrence, not before `from`; null: there is none. */
export function firstOccurrence(repeat: Repeat, from: number): number | null {
  return nextOccurrence(repeat, from, from - 1);
}

/**
 * One campaign of a series whose time has come: a campaign of its own, with an audience of its own. The series then waits
 * for its next time; those that passed while nothing ran are one.
 */
export function beginOccurrence(db: Database, series: CampaignRow, repeat: Repeat, now: number): Promise<void> {
  const { starts_at, started_at } = series;
  const next = nextOccurrence(repeat, started_at ?? now, Math.max(now, starts_at ?? now));
  const actor = { ...SYSTEM, mode: series.mode };
  return writeTransaction(db, {}, async (trx) => {
    const moved = await trx
      .updateTable('campaigns')
      .set({ updated_at: now, ...(next === null ? { status: 'completed', ended_at: now } : { starts_at: next }) })
      .where('id', '=', series.id)
      .where('status', '=', 'scheduled')
      .where('starts_at', '=', starts_at)
      .returning('id')
      .executeTakeFirst();
    if (!moved) return;
    const { repeat: _, ...schedule } = readCampaignSchedule(series);
    const row: CampaignRow = {
      ...series,
      ...{ id: occurrenceId(series), series_id: series.id, status: 'preparing' },
      schedule: Object.keys(schedule).length === 0 ? null : JSON.stringify(schedule),
      ...{ starts_at, started_at: now, ended_at: null, created_at: now, updated_at: now },
    };
    await trx.insertInto('campaigns').values(row).execute();
    await insertEvents(trx, [
      campaignEvent('campaign.repeated', series, actor, now, { occurrence_id: row.id }),
      campaignEvent('campaign.started', row, actor, now, { series_id: series.id }),
      ...(next === null ? [campaignEvent('campaign.completed', series, actor, now)] : []),
    ]);
  });
}

function occurrenceId({ id, starts_at }: CampaignRow): string {
  return `cmp_${encodeId(hash('sha256', `occurrence\0${id}\0${starts_at}`, 'buffer').subarray(0, 26))}`;
}
