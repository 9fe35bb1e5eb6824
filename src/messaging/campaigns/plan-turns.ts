import type { Database } from '../../db/open.ts';
import type { Now } from '../../lib/clock.ts';
import { inParts } from '../../lib/in-parts.ts';
import { takeFrequency } from '../windows/frequency.ts';
import { instantOf } from '../windows/local-time.ts';
import { nextAllowedAt } from '../windows/next-allowed-at.ts';
import { nameOfPlaces, type Places, placesOf } from '../windows/place.ts';
import { createRulesCache } from '../windows/rules-cache.ts';
import type { ProjectRules } from '../windows/sending-rules.ts';
import { toOwnWindow } from '../windows/window-schemas.ts';
import { zonesOf } from '../windows/zones.ts';
import type { CampaignRow } from './campaign.ts';
import { type CampaignSchedule, readCampaignSchedule } from './schedule.ts';
import { assignVariant, decisionAt, readExperiment } from './split.ts';
import { winnerOf } from './split-winner.ts';
import type { Candidate, TakeTurns, Turn } from './take-turns.ts';

/** There was nothing yet to decide by. */
const ASK_AGAIN_MS = 900_000;

/**
 * Whose turn it is by the campaign's schedule, its variants, the windows of law, project and campaign, and the caps on how
 * often a contact is written to, in this order: what costs something is asked for last, and a send counts as soon as
 * it is allowed.
 */
export function createPlanTurns(db: Database, now: Now): TakeTurns {
  const rulesOf = createRulesCache(db, now);

  return async (_db, campaign, candidates, at) => {
    if (candidates.length === 0) return [];
    const own = await rulesOf({ project: campaign.project_id, mode: campaign.mode });
    const judge = await createJudge(db, campaign, own, candidates, at);
    const turns = await inParts(candidates, judge);
    const due = candidates.filter((_, index) => turns[index]?.kind === 'now').map(({ contactId }) => contactId);
    const { purpose, id } = campaign;
    const capped = await takeFrequency(db, own.frequencyCaps, { purpose, id }, due, at);
    return candidates.map(({ contactId }, index): Turn => {
      const until = capped.get(contactId);
      if (until !== undefined) return { kind: 'later', at: until, reason: 'frequency_cap' };
      return turns[index] ?? { kind: 'now' };
    });
  };
}

async function createJudge(
  db: Database,
  campaign: CampaignRow,
  { timeZone, windows }: ProjectRules,
  candidates: readonly Candidate[],
  now: number,
): Promise<(candidate: Candidate) => Turn> {
  const schedule = readCampaignSchedule(campaign);
  const experiment = readExperiment(campaign);
  const variants = experiment && candidates.map(({ contactId }) => assignVariant(experiment, campaign.id, contactId));
  const winner = variants?.includes(null) ? await winnerOf(db, campaign, now) : null;
  const layers = [windows, (schedule.windows ?? []).map(toOwnWindow)];
  const { channel, purpose } = campaign;
  // Most of a chunk are in a few places.
  const known = new Map<string, number | null>();
  const allowedAt = (places: Places) => {
    const key = nameOfPlaces(places);
    let at = known.get(key);
    if (at === undefined) {
      at = nextAllowedAt({ places, channel, purpose, now, rules: { timeZone, layers } });
      known.set(key, at);
    }
    return at;
  };

  return (candidate) => {
    const places = placesOf(
      { country: candidate.country, time_zone: candidate.timeZone, time_zone_source: candidate.timeZoneSource },
      candidate.number,
    );
    const planned = localTurn(schedule, places, timeZone);
    if (planned !== null && planned > now) return { kind: 'later', at: planned, reason: 'local_time', planned: true };
    const assigned = experiment && assignVariant(experiment, campaign.id, candidate.contactId);
    if (experiment && assigned === null && winner === null) {
      const decided = decisionAt(experiment, campaign);
      const at = decided > now ? decided : now + ASK_AGAIN_MS;
      return { kind: 'later', at, reason: 'awaiting_winner', planned: true };
    }
    const at = allowedAt(places);
    if (at === null) return { kind: 'never', state: 'skipped', reason: 'no_allowed_time' };
    if (at > now) return { kind: 'later', at, reason: 'outside_window' };
    const variant = assigned ?? winner;
    return { kind: 'now', ...(variant !== null && { variant }) };
  };
}

/** When the clocks of everywhere the contact may be show it, or have. */
function localTurn({ local_time }: CampaignSchedule, [place]: Places, fallback: string): number | null {
  if (local_time === undefined) return null;
  const wall = Date.parse(`${local_time}Z`);
  return Math.max(...zonesOf(place, fallback).map((zone) => instantOf(zone, wall, 0)));
}
