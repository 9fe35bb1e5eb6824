import { sql, type Transaction } from 'kysely';
import { forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import type { Old, Overdue, PurgeOld } from '../../db/purge-old.ts';
import type { Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import { countRecipients } from './read-recipients.ts';
import { addConverted, countPeople } from './stats.ts';
import type { Totals } from './totals.ts';

const MAX_CAMPAIGNS = 1_000;
/** With the member of their keys that is not the campaign. */
const LEDGERS = { campaign_recipients: 'contact_id', campaign_conversions: 'reference' } as const;

/** The recipients and conversions of campaigns that have ended, once what they added up to is kept. */
export const purgeRecipients: PurgeOld = async (trx, _dialect, old) => {
  let left = old.limit;
  for (const id of await endedWithLedger(trx, old)) {
    for (const table of ['campaign_recipients', 'campaign_conversions'] as const) {
      if (left > 0) left -= await deleteSome(trx, table, id, left);
    }
    if (left === 0) break;
  }
  return old.limit - left;
};

/**
 * What the recipients of campaigns that have ended add up to stays with the campaign, as soon as the first of its messages
 * may be purged: must come before that. Counted in pieces, so that nobody waits for a large one; one campaign each step.
 */
export async function* keepTotals(db: Database, { project, mode, before }: Overdue, now: number) {
  const { kysely } = db;
  const campaigns = await kysely
    .selectFrom('campaigns')
    .selectAll()
    .where('project_id', '=', project)
    .where('mode', '=', mode)
    .where('started_at', '<=', before)
    .where('ended_at', 'is not', null)
    .where('totals', 'is', null)
    .orderBy('started_at')
    .execute();
  for (const campaign of campaigns) {
    const standings = await countRecipients(kysely, campaign);
    const people = await countPeople(kysely, campaign);
    // No conversion is told between what is counted of them and the totals: later ones are refused.
    await writeTransaction(db, {}, async (trx) => {
      await forUpdate(db.dialect, trx.selectFrom('campaigns').select('id').where('id', '=', campaign.id)).execute();
      const totals: Totals = { standings, sums: await addConverted(trx, campaign, people), countedAt: now };
      await trx
        .updateTable('campaigns')
        .set({ totals: JSON.stringify(totals) })
        .where('id', '=', campaign.id)
        .execute();
      await trx.deleteFrom('campaign_figures').where('campaign_id', '=', campaign.id).execute();
    });
    yield;
  }
}

async function endedWithLedger(trx: Transaction<Schema>, { project, mode, before }: Old): Promise<string[]> {
  const rows = await trx
    .selectFrom('campaigns as c')
    .select('c.id')
    .where('c.project_id', '=', project)
    .where('c.mode', '=', mode)
    .where('c.ended_at', '<=', before)
    .where('c.totals', 'is not', null)
    .where(({ exists, or, selectFrom }) =>
      or([
        exists(selectFrom('campaign_recipients as r').select('r.chunk').whereRef('r.campaign_id', '=', 'c.id')),
        exists(selectFrom('campaign_conversions as v').select('v.at').whereRef('v.campaign_id', '=', 'c.id')),
      ]),
    )
    .orderBy('c.id')
    .limit(MAX_CAMPAIGNS)
    .execute();
  return rows.map(({ id }) => id);
}

async function deleteSome(
  trx: Transaction<Schema>,
  table: keyof typeof LEDGERS,
  campaign: string,
  limit: number,
): Promise<number> {
  const key = sql.ref(LEDGERS[table]);
  const { numAffectedRows = 0n } = await sql`
    delete from ${sql.table(table)} where campaign_id = ${campaign} and ${key} in (
      select ${key} from ${sql.table(table)} where campaign_id = ${campaign} order by ${key} limit ${limit})
  `.execute(trx);
  return Number(numAffectedRows);
}
