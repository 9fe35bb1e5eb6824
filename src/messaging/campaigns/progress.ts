import type { Static } from 'typebox';
import type { Database } from '../../db/open.ts';
import type { Owner } from '../contacts/contact.ts';
import type { CampaignRow } from './campaign.ts';
import type { CampaignSchema } from './campaign-schemas.ts';
import { viewCampaign } from './campaign-views.ts';
import { findCampaign } from './campaigns-table.ts';
import { keepCounts } from './kept-counts.ts';
import { countRecipients, type Standing } from './read-recipients.ts';

type View = Static<typeof CampaignSchema>;

export interface Progress {
  view: View;
  ended: boolean;
}

/** Larger ones are not counted for each who asks. */
export const COUNTED_AT_ONCE = 25_000;

/** A campaign with how its recipients stand: of a large one as of a moment ago, and without it until it is counted. */
export function createWholeView(db: Database, countedAtOnce = COUNTED_AT_ONCE): (row: CampaignRow) => Promise<View> {
  const kept = keepCounts<Standing[]>();
  return async (row) => {
    const count = () => countRecipients(db.kysely, row);
    const standings = row.recipients <= countedAtOnce ? await count() : await kept(`${row.id} ${row.status}`, count);
    return viewCampaign(row, standings ?? undefined);
  };
}

/** One count for all who follow the same. */
export function createProgressReader(db: Database): (owner: Owner, id: string) => Promise<Progress | null> {
  const whole = createWholeView(db, 0);
  return async (owner, id) => {
    const row = await findCampaign(db.kysely, owner, id);
    if (!row) return null;
    const view = await whole(row);
    return { view, ended: row.ended_at !== null && view.counts !== undefined };
  };
}
