import type { Kysely, Updateable } from 'kysely';
import type { EventType } from '../../audit/event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import type { Database } from '../../db/open.ts';
import type { CampaignTable } from '../../db/schema/campaigns.ts';
import type { Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { By } from '../contacts/change-contacts.ts';
import type { Owner } from '../contacts/contact.ts';
import type { Place } from '../contacts/contacts-table.ts';
import { callOffMessages } from './call-off-messages.ts';
import type { CampaignRow } from './campaign.ts';
import { campaignEvent } from './campaign-event.ts';
import { markHeldMessages, releaseMessages } from './hold-messages.ts';

/** What is asked for; the rest of the row is how it goes. */
export type CampaignDraft = Pick<
  CampaignRow,
  | 'name'
  | 'channel'
  | 'purpose'
  | 'sender'
  | 'audience'
  | 'content'
  | 'schedule'
  | 'experiment'
  | 'validity_seconds'
  | 'per_second'
  | 'spend_cap'
  | 'spend_currency'
>;

export function findCampaign(db: Kysely<Schema>, owner: Owner, id: string): Promise<CampaignRow | undefined> {
  return ownCampaigns(db, owner).where('id', '=', id).executeTakeFirst();
}

export interface CampaignFilter {
  status?: CampaignRow['status'] | undefined;
  seriesId?: string | undefined;
}

export function listCampaigns(
  db: Kysely<Schema>,
  owner: Owner,
  { status, seriesId }: CampaignFilter,
  before: Place | null,
  limit: number,
): Promise<CampaignRow[]> {
  let query = ownCampaigns(db, owner);
  if (status !== undefined) query = query.where('status', '=', status);
  if (seriesId !== undefined) query = query.where('series_id', '=', seriesId);
  if (before) query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(before.at, before.id)));
  return query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
}

/** One made before by the same id is what is answered. */
export function createCampaign(
  db: Database,
  { owner, actor }: By,
  id: string,
  draft: CampaignDraft,
  now: number,
): Promise<CampaignRow> {
  return writeTransaction(db, {}, async (trx) => {
    const before = await findCampaign(trx, owner, id);
    if (before) return before;
    const row: CampaignRow = {
      ...{ id, project_id: owner.project, mode: owner.mode, ...draft, status: 'draft', reason: null },
      ...{ paced_until: null, reserved: 0, spent: 0, position: null, recipients: 0, chunks: 0 },
      ...{ series_id: null, totals: null, actor: actor.id },
      ...{ starts_at: null, started_at: null, ended_at: null, created_at: now, updated_at: now },
    };
    await trx.insertInto('campaigns').values(row).execute();
    const data = { channel: row.channel, purpose: row.purpose };
    await insertEvents(trx, [campaignEvent('campaign.created', row, actor, now, data)]);
    return row;
  });
}

export interface Transition {
  event: Extract<EventType, `campaign.${string}`>;
  /** The statuses it is allowed in. */
  from: readonly CampaignRow['status'][];
  change: Updateable<CampaignTable>;
  /** Refused where money has been counted in another one. */
  currency?: string;
  data?: Record<string, unknown>;
}

export type Moved = { kind: 'moved' | 'wrong_state' | 'other_currency'; row: CampaignRow } | null;

/** Null: there is none. */
export function moveCampaign(
  db: Database,
  { owner, actor }: By,
  id: string,
  { event, from, change, currency, data = {} }: Transition,
  now: number,
): Promise<Moved> {
  return writeTransaction(db, {}, async (trx): Promise<Moved> => {
    const row = await trx
      .updateTable('campaigns')
      .set({ ...change, updated_at: now })
      .where('id', '=', id)
      .where('project_id', '=', owner.project)
      .where('mode', '=', owner.mode)
      .where('status', 'in', [...from])
      .$if(currency !== undefined, (query) =>
        query.where((eb) => eb(eb.fn.coalesce('spend_currency', eb.val(currency)), '=', currency ?? null)),
      )
      .returningAll()
      .executeTakeFirst();
    if (!row) {
      const found = await findCampaign(trx, owner, id);
      if (!found) return null;
      const isOther = currency !== undefined && (found.spend_currency ?? currency) !== currency;
      return { kind: isOther && from.includes(found.status) ? 'other_currency' : 'wrong_state', row: found };
    }
    if (row.status === 'canceled') {
      // Those that may be with a carrier are yet to be settled.
      await trx.deleteFrom('campaign_chunks').where('campaign_id', '=', id).where('phase', '<>', 'handed').execute();
      await callOffMessages(trx, db.dialect, row, actor, now);
    }
    if (event === 'campaign.paused') await markHeldMessages(trx, db.dialect, row, now);
    if (event === 'campaign.resumed') await releaseMessages(trx, db.dialect, row, now);
    await insertEvents(trx, [campaignEvent(event, row, actor, now, data)]);
    return { kind: 'moved', row };
  });
}

function ownCampaigns(db: Kysely<Schema>, { project, mode }: Owner) {
  return db.selectFrom('campaigns').selectAll().where('project_id', '=', project).where('mode', '=', mode);
}
