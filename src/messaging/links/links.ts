import { type Kysely, sql } from 'kysely';
import { type Actor, adminEvent } from '../../audit/admin-event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import { filterOnly } from '../../db/filter-only.ts';
import { amongUnlocked } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import type { Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import { oneOf } from '../contacts/one-of.ts';
import type { LinkRow } from './link.ts';

export interface LinkOwner {
  project: string;
  mode: 'live' | 'test';
}

export interface LinkFilter {
  campaignId?: string | undefined;
  messageId?: string | undefined;
}

/** A rerun with the same id finds it there. */
export function createLink(db: Database, row: LinkRow, actor: Actor): Promise<LinkRow> {
  return writeTransaction(db, {}, async (trx) => {
    const made = await trx
      .insertInto('links')
      .values(row)
      .onConflict((conflict) => conflict.column('id').doNothing())
      .returningAll()
      .executeTakeFirst();
    if (!made) return trx.selectFrom('links').selectAll().where('id', '=', row.id).executeTakeFirstOrThrow();
    const data = { link_id: made.id, host: new URL(made.url).host };
    await insertEvents(trx, [adminEvent('link.created', made.project_id, actor, made.created_at, data)]);
    return made;
  });
}

export async function findLink(db: Kysely<Schema>, owner: LinkOwner, id: string): Promise<LinkRow | null> {
  return (await filtered(db, owner, {}).selectAll().where('id', '=', id).executeTakeFirst()) ?? null;
}

/** Newest first. */
export function listLinks(
  db: Kysely<Schema>,
  owner: LinkOwner,
  { campaignId, messageId }: LinkFilter,
  { before, limit }: { before: { at: number; id: string } | null; limit: number },
): Promise<LinkRow[]> {
  let query = filtered(db, owner, { campaignId, messageId }).selectAll();
  if (before) query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(before.at, before.id)));
  return query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
}

export interface LinkFigures {
  links: number;
  clicks: number;
  humanClicks: number;
  visitors: number;
  /** Messages of which at least one link was followed by a human. */
  messagesClicked: number;
}

/** For the click rate of a campaign: `messagesClicked` of those that were delivered. */
export async function linkFigures(db: Kysely<Schema>, owner: LinkOwner, filter: LinkFilter): Promise<LinkFigures> {
  const row = await filtered(db, owner, filter)
    .select(({ fn }) => [
      fn.countAll().as('links'),
      fn.sum('clicks').as('clicks'),
      fn.sum('human_clicks').as('humanClicks'),
      fn.sum('visitors').as('visitors'),
      sql<number>`count(distinct case when human_clicks > 0 then message_id end)`.as('messagesClicked'),
    ])
    .executeTakeFirstOrThrow();
  return {
    links: Number(row.links),
    clicks: Number(row.clicks ?? 0),
    humanClicks: Number(row.humanClicks ?? 0),
    visitors: Number(row.visitors ?? 0),
    messagesClicked: Number(row.messagesClicked),
  };
}

/** How long figures are kept after a link's end. */
const KEPT_MS = 90 * 86_400_000;
const BATCH = 500;

/** One batch of links that ended long ago, with their visitors. Resolves with how many. */
export function purgeLinks(db: Database, now: number): Promise<number> {
  return writeTransaction(db, {}, async (trx) => {
    const old = trx
      .selectFrom('links')
      .select('id')
      .where('expires_at', '<=', now - KEPT_MS)
      .orderBy('expires_at')
      .limit(BATCH);
    const gone = await trx
      .deleteFrom('links')
      .where(amongUnlocked(db.dialect, 'id', old))
      .returning('id')
      .execute();
    const ids = gone.map(({ id }) => id);
    if (ids.length > 0) {
      await trx
        .deleteFrom('link_visitors')
        .where(oneOf(db.dialect, 'link_id', ids))
        .execute();
    }
    return ids.length;
  });
}

function filtered(db: Kysely<Schema>, { project, mode }: LinkOwner, { campaignId, messageId }: LinkFilter) {
  const isOfAll = campaignId === undefined && messageId === undefined;
  const owner = isOfAll ? sql.ref<string>('project_id') : filterOnly('project_id');
  const query = db.selectFrom('links').where(owner, '=', project).where('mode', '=', mode);
  const ofCampaign = campaignId === undefined ? query : query.where('campaign_id', '=', campaignId);
  return messageId === undefined ? ofCampaign : ofCampaign.where('message_id', '=', messageId);
}
