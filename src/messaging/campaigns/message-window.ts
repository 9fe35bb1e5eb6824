import type { Database } from '../../db/open.ts';
import type { MessageWindow } from '../../delivery/messages/message-window.ts';
import { createBatcher } from '../../lib/batch.ts';
import type { Channel } from '../../lib/channels.ts';
import type { Now } from '../../lib/clock.ts';
import { nextAllowedAt } from '../windows/next-allowed-at.ts';
import { type PlacedContact, placesOf } from '../windows/place.ts';
import { createRulesCache } from '../windows/rules-cache.ts';
import { toOwnWindow } from '../windows/window-schemas.ts';
import { readCampaignSchedule } from './schedule.ts';

const BATCH = 64;
/** Of a contact that is gone. */
const UNKNOWN: PlacedContact = { country: null, time_zone: null, time_zone_source: null };

/**
 * The windows again, for what campaigns and automations have made: a carrier may have failed, and the next one be asked
 * hours later. What the app sends one by one is sent when it says so, and reminders have their own time.
 */
export function createMessageWindow(db: Database, now: Now): MessageWindow {
  const rulesOf = createRulesCache(db, now);

  const contactOf = createBatcher(async (ids: string[]) => {
    const rows = await db.kysely
      .selectFrom('contacts')
      .select(['id', 'country', 'time_zone', 'time_zone_source'])
      .where('id', 'in', ids)
      .execute();
    const byId = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => byId.get(id) ?? UNKNOWN);
  }, BATCH);

  const windowsOf = createBatcher(async (ids: string[]) => {
    const rows = await db.kysely.selectFrom('campaigns').select(['id', 'schedule']).where('id', 'in', ids).execute();
    const byId = new Map(rows.map((row) => [row.id, (readCampaignSchedule(row).windows ?? []).map(toOwnWindow)]));
    return ids.map((id) => byId.get(id) ?? []);
  }, BATCH);

  return async (message, at) => {
    const { project_id: project, mode, purpose, contact_id: contactId, campaign_id: campaignId } = message;
    if (contactId === null || purpose === 'code' || (purpose === 'transactional' && campaignId === null)) return at;
    const [contact, { timeZone, windows }, own] = await Promise.all([
      contactOf(contactId),
      rulesOf({ project, mode }),
      campaignId === null ? [] : windowsOf(campaignId),
    ]);
    const channel = message.channel as Channel;
    const number = channel === 'email' ? null : { e164: message.recipient, country: message.country };
    const rules = { timeZone, layers: [windows, own] };
    return nextAllowedAt({ places: placesOf(contact, number), channel, purpose, now: at, rules }) ?? Infinity;
  };
}
