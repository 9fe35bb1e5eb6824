import type { Static } from 'typebox';
import type { Database } from '../../db/open.ts';
import type { Now } from '../../lib/clock.ts';
import type { Owner } from '../contacts/contact.ts';
import type { CampaignRow } from './campaign.ts';
import { createStandings } from './campaign-figures.ts';
import type { CampaignSchema } from './campaign-schemas.ts';
import { viewCampaign } from './campaign-views.ts';
import { findCampaign } from './campaigns-table.ts';
import type { Known } from './kept-figures.ts';
import type { Standing } from './read-recipients.ts';

type View = Static<typeof CampaignSchema>;

export interface Progress {
  view: View;
  ended: boolean;
}

/** Larger ones are not counted for each who asks. */
export const COUNTED_AT_ONCE = 25_000;

function viewWhole(row: CampaignRow, { value, countedAt }: Known<Standing[]>): View {
  return viewCampaign(row, value, row.recipients > COUNTED_AT_ONCE ? countedAt : undefined);
}

/** A campaign with how its recipients stand: of a large one as of a moment ago. */
export function createWholeView(db: Database, now: Now): (row: CampaignRow) => Promise<View> {
  const standings = createStandings(db, now, COUNTED_AT_ONCE);
  return async (row) => viewWhole(row, await standings.read(row));
}

/** One count for all who follow the same. */
export function createProgressReader(db: Database, now: Now): (owner: Owner, id: string) => Promise<Progress | null> {
  const standings = createStandings(db, now, 0);
  return async (owner, id) => {
    const row = await findCampaign(db.kysely, owner, id);
    if (!row) return null;
    const known = await standings.read(row);
    return { view: viewWhole(row, known), ended: row.ended_at !== null && !known.counting };
  };
}
