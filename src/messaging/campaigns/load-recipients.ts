import { sql } from 'kysely';
import type { Database } from '../../db/open.ts';
import { lookUp } from '../../db/row-set.ts';
import type { AddressKind } from '../contacts/contact.ts';
import type { CampaignRow, ChunkRow } from './campaign.ts';

/** A recipient that waits, with what is known of the contact now: nothing once it is deleted. */
export interface WaitingRecipient {
  contact_id: string;
  tries: number;
  planned_at: number | null;
  reason: string | null;
  found: string | null;
  attributes: string | null;
  locale: string | null;
  country: string | null;
  time_zone: string | null;
  time_zone_source: 'given' | 'inferred' | null;
  address: string | null;
  address_hash: string | null;
}

export const KINDS = {
  sms: 'phone',
  voice: 'phone',
  email: 'email',
  whatsapp: 'whatsapp',
  telegram: 'telegram',
} as const satisfies Record<CampaignRow['channel'], AddressKind>;

/** Those of a chunk that wait, by id. */
export async function loadRecipients(
  { kysely, dialect }: Database,
  { channel }: Pick<CampaignRow, 'channel'>,
  { campaign_id, number }: ChunkRow,
  max: number,
): Promise<WaitingRecipient[]> {
  const kind = KINDS[channel];
  const { rows } = await sql<WaitingRecipient>`
    select r.*, c.id as found, c.attributes, c.locale, c.country, c.time_zone, c.time_zone_source,
      a.address, a.address_hash
    from (
      select contact_id, tries, planned_at, reason from campaign_recipients
      where campaign_id = ${campaign_id} and chunk = ${number} and state = 'waiting'
      order by contact_id limit ${max}
    ) as r
    ${lookUp(dialect, 'contacts', 'c', sql`c.id = r.contact_id`, 'left join')}
    ${lookUp(dialect, 'contact_addresses', 'a', sql`a.contact_id = r.contact_id and a.kind = ${kind}`, 'left join')}
    order by r.contact_id`.execute(kysely);
  return rows;
}
