import type { Database } from '../../db/open.ts';
import type { Now } from '../../lib/clock.ts';
import type { CampaignRow } from './campaign.ts';
import { createKeptFigures, WRITTEN_FROM } from './kept-figures.ts';
import { countRecipients } from './read-recipients.ts';
import { countSums, sumsAtStart } from './stats.ts';

/** How the recipients stand. Campaigns of more than `atOnce` are not counted for each who asks, here and in the next. */
export function createStandings(db: Database, now: Now, atOnce: number, waitMs?: number) {
  return createKeptFigures({
    ...{ db, now, kind: 'standings', atOnce, waitMs },
    count: (campaign) => countRecipients(db.kysely, campaign),
    atStart: ({ recipients }) => (recipients === 0 ? [] : [{ state: 'waiting', reason: 'in_line', count: recipients }]),
  });
}

/** What came of it. */
export function createSums(db: Database, now: Now, atOnce: number, waitMs?: number) {
  return createKeptFigures({
    ...{ db, now, kind: 'sums', atOnce, waitMs },
    count: (campaign) => countSums(db.kysely, campaign),
    atStart: sumsAtStart,
  });
}

/** Begins to count a large campaign that has ended: whoever looks at it first finds figures. */
export function createEndCount(db: Database, now: Now): (campaign: CampaignRow) => Promise<unknown> {
  const all = [createStandings(db, now, 0, 0), createSums(db, now, 0, 0)];
  return async (campaign) => {
    if (campaign.recipients >= WRITTEN_FROM) await Promise.all(all.map(({ read }) => read(campaign)));
  };
}
