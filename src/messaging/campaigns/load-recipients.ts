import type { Database } from '../../db/open.ts';
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
export function loadRecipients(
  { kysely }: Database,
  { channel }: Pick<CampaignRow, 'channel'>,
  { campaign_id, number }: ChunkRow,
  max: number,
): Promise<WaitingRecipient[]> {
  return kysely
    .selectFrom('campaign_recipients as r')
    .leftJoin('contacts as c', 'c.id', 'r.contact_id')
    .leftJoin('contact_addresses as a', (join) =>
      join.onRef('a.contact_id', '=', 'r.contact_id').on('a.kind', '=', KINDS[channel]),
    )
    .select(['r.contact_id', 'r.tries', 'r.planned_at', 'r.reason', 'c.id as found', 'c.attributes', 'c.locale'])
    .select(['c.country', 'c.time_zone', 'c.time_zone_source', 'a.address', 'a.address_hash'])
    .where('r.campaign_id', '=', campaign_id)
    .where('r.chunk', '=', number)
    .where('r.state', '=', 'waiting')
    .orderBy('r.contact_id')
    .limit(max)
    .execute();
}
