import { sql } from 'kysely';
import type { Database } from '../../db/open.ts';
import { type CampaignRow, CHUNK } from './campaign.ts';

/** Of the pace, in one go: with what a late turn may make up for, a second never has much more than its pace. */
const SHARE = 0.25;
/** Further ahead than this nobody reserves: the clock has been set back. */
const LONGEST_MS = 10_000;

/**
 * How many recipients may go now at the campaign's pace, all instances together; what is granted is used up. With none:
 * when to ask again.
 */
export async function takePace(
  { kysely }: Database,
  { id, per_second: perSecond }: CampaignRow,
  now: number,
): Promise<{ count: number; askAt: number }> {
  if (perSecond === null) return { count: CHUNK, askAt: now };
  const count = Math.min(CHUNK, Math.max(1, Math.floor(perSecond * SHARE)));
  const ms = Math.ceil((count * 1000) / perSecond);
  const taken = await kysely
    .updateTable('campaigns')
    // Who asks late has lost nothing, up to one turn.
    .set({
      paced_until: sql<number>`case when paced_until > ${now} or paced_until is null then ${now + ms}
        when paced_until > ${now - ms} then paced_until + ${ms} else ${now} end`,
    })
    .where('id', '=', id)
    .where(sql<boolean>`(paced_until is null or paced_until <= ${now} or paced_until > ${now + LONGEST_MS})`)
    .returning('id')
    .executeTakeFirst();
  if (taken) return { count, askAt: now };
  const row = await kysely.selectFrom('campaigns').select('paced_until').where('id', '=', id).executeTakeFirst();
  return { count: 0, askAt: Math.max(row?.paced_until ?? 0, now + 10) };
}
