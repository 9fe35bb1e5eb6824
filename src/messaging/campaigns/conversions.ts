import type { Kysely } from 'kysely';
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

/** The one kept first under its reference; null: nothing was sent to that person. */
export function recordConversion(
  db: Database,
  campaign: CampaignRow,
  { reference, who, value, at }: Conversion,
  actor: Actor,
  now: number,
): Promise<CampaignConversionTable | null> {
  return writeTransaction(db, {}, async (trx) => {
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
    if (!made) {
      return trx
        .selectFrom('campaign_conversions')
        .selectAll()
        .where('campaign_id', '=', campaign.id)
        .where('reference', '=', reference)
        .executeTakeFirstOrThrow();
    }
    const data = { contact_id: made.contact_id, ...(made.variant !== null && { variant: made.variant }) };
    await insertEvents(trx, [
      campaignEvent('campaign.converted', campaign, actor, now, { ...data, ...(value && { value }) }),
    ]);
    return made;
  });
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
