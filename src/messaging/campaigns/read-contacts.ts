import type { Database } from '../../db/open.ts';
import type { CampaignRow } from './campaign.ts';
import { KINDS, type WaitingRecipient } from './load-recipients.ts';

/** Somebody of whom nothing is known. */
export const NOBODY: WaitingRecipient = {
  ...{ contact_id: '', found: null, attributes: null, locale: null, country: null, time_zone: null },
  ...{ time_zone_source: null, address: null, address_hash: null, tries: 0, planned_at: null, reason: null },
};

/** Contacts of the campaign's project, as its recipients would be. */
export async function readContacts(
  { kysely }: Database,
  { channel, project_id: project, mode }: Pick<CampaignRow, 'channel' | 'project_id' | 'mode'>,
  ids: string[],
): Promise<WaitingRecipient[]> {
  const rows = await kysely
    .selectFrom('contacts as c')
    .leftJoin('contact_addresses as a', (join) =>
      join.onRef('a.contact_id', '=', 'c.id').on('a.kind', '=', KINDS[channel]),
    )
    .select(['c.id as contact_id', 'c.attributes', 'c.locale', 'c.country', 'c.time_zone', 'c.time_zone_source'])
    .select(['a.address', 'a.address_hash'])
    .where('c.id', 'in', ids)
    .where('c.project_id', '=', project)
    .where('c.mode', '=', mode)
    .execute();
  return rows.map((row) => ({ ...NOBODY, ...row, found: row.contact_id }));
}
