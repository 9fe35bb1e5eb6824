import type { Kysely, Transaction } from 'kysely';
import type { Actor } from '../../audit/admin-event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import type { Database } from '../../db/open.ts';
import type { CampaignConversionTable } from '../../db/schema/sending.ts';
import type { Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { CampaignRow } from './campaign.ts';
import { campaignEvent } from './campaign-event.ts';

/** What the app says somebody did because of a campaign. */
export interface Conversion {
  /** The app's name of it; the same again is the same conversion. */
  reference: string;
  who: { contactId: string } | { addressHash: string };
  value: { amount: string; currency: string } | null;
  at: number;
}

/**
 * The one kept first under its reference; null: nothing was sent to that person. `too_late`: what came of the campaign is
 * added up, and one more would count nowhere.
 */
export function recordConversion(
  db: Database,
  campaign: CampaignRow,
  { reference, who, value, at }: Conversion,
  actor: Actor,
  now: number,
): Promise<CampaignConversionTable | 'too_late' | null> {
  return writeTransaction(db, {}, async (trx) => {
    if (await isAddedUp(db, trx, campaign)) return (await findConversion(trx, campaign, reference)) ?? 'too_late';
    const recipient = await findSent(trx, campaign, who);
    if (!recipient) return null;
    const row: CampaignConversionTable = {
      ...{ campaign_id: campaign.id, reference, contact_id: recipient.contact_id, variant: recipient.variant },
      ...{ value_amount: value?.amount ?? null, value_currency: value?.currency ?? null, at, created_at: now },
    };
    const made = await trx
      .insertInto('campaign_conversions')
      .values(row)
      .onConflict((conflict) => conflict.columns(['campaign_id', 'reference']).doNothing())
      .returningAll()
      .executeTakeFirst();
    if (!made) return (await findConversion(trx, campaign, reference)) ?? null;
    const data = { contact_id: made.contact_id, ...(made.variant !== null && { variant: made.variant }) };
    await insertEvents(trx, [
      campaignEvent('campaign.converted', campaign, actor, now, { ...data, ...(value && { value }) }),
    ]);
    return made;
  });
}

/** It is not until this transaction ends, if it is not yet; before its end it never is. */
async function isAddedUp({ dialect }: Database, trx: Transaction<Schema>, { id, ended_at }: CampaignRow) {
  if (ended_at === null) return false;
  const query = trx.selectFrom('campaigns').select('totals').where('id', '=', id);
  const campaign = await (dialect === 'postgres' ? query.forShare() : query).executeTakeFirst();
  return campaign !== undefined && campaign.totals !== null;
}

function findConversion(db: Kysely<Schema>, { id }: CampaignRow, reference: string) {
  return db
    .selectFrom('campaign_conversions')
    .selectAll()
    .where('campaign_id', '=', id)
    .where('reference', '=', reference)
    .executeTakeFirst();
}

async function findSent(db: Kysely<Schema>, campaign: CampaignRow, who: Conversion['who']) {
  const contacts = 'contactId' in who ? [who.contactId] : await writtenTo(db, campaign, who.addressHash);
  if (contacts.length === 0) return undefined;
  return db
    .selectFrom('campaign_recipients')
    .select(['contact_id', 'variant'])
    .where('campaign_id', '=', campaign.id)
    .where('contact_id', 'in', contacts)
    .where('state', 'in', ['sent', 'unknown'])
    .executeTakeFirst();
}

/** The contacts that messages of the campaign to this address were for. */
async function writtenTo(db: Kysely<Schema>, campaign: CampaignRow, addressHash: string): Promise<string[]> {
  const rows = await db
    .selectFrom('messages')
    .select('contact_id')
    .where('recipient_hash', '=', addressHash)
    .where('project_id', '=', campaign.project_id)
    .where('mode', '=', campaign.mode)
    .where('campaign_id', '=', campaign.id)
    .execute();
  return rows.flatMap(({ contact_id }) => contact_id ?? []);
}
