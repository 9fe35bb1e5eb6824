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
    const winner = isOfRest(campaign, candidates) ? await winnerOf(db, campaign, at) : null;
    const { turnOf } = createJudge(campaign, own, winner, at);
    const turns = await inParts(candidates, turnOf);
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

/** Whether somebody gets what others liked best. */
function isOfRest(campaign: CampaignRow, candidates: readonly Candidate[]): boolean {
  const experiment = readExperiment(campaign);
  if (!experiment) return false;
  return candidates.some(({ contactId }) => assignVariant(experiment, campaign.id, contactId) === null);
}

type Judged = Pick<Candidate, 'contactId' | 'country' | 'timeZone' | 'timeZoneSource' | 'number'>;

/** Of all but the caps; `winner`: null before it is known. */
export function createJudge(
  campaign: CampaignRow,
  { timeZone, windows }: Pick<ProjectRules, 'timeZone' | 'windows'>,
  winner: string | null,
  now: number,
) {
  const schedule = readCampaignSchedule(campaign);
  const experiment = readExperiment(campaign);
  const layers = [windows, (schedule.windows ?? []).map(toOwnWindow)];
  const { channel, purpose } = campaign;
  // Most of a chunk are in a few places.
  const known = new Map<string, number | null>();

  /** By the windows, from a time on. */
  function allowedAt(places: Places, from: number): number | null {
    const key = `${from} ${nameOfPlaces(places)}`;
    let at = known.get(key);
    if (at === undefined) {
      at = nextAllowedAt({ places, channel, purpose, now: from, rules: { timeZone, layers } });
      known.set(key, at);
    }
    return at;
  }

  function judge({ contactId }: Judged, places: Places): Turn {
    const planned = localTurn(schedule, places, timeZone);
    if (planned !== null && planned > now) return { kind: 'later', at: planned, reason: 'local_time', planned: true };
    const assigned = experiment && assignVariant(experiment, campaign.id, contactId);
    if (experiment && assigned === null && winner === null) {
      const decided = decisionAt(experiment, campaign);
      const at = decided > now ? decided : now + ASK_AGAIN_MS;
      return { kind: 'later', at, reason: 'awaiting_winner', planned: true };
    }
    const at = allowedAt(places, now);
    if (at === null) return NEVER;
    if (at > now) return { kind: 'later', at, reason: 'outside_window' };
    const variant = assigned ?? winner;
    return { kind: 'now', ...(variant !== null && { variant }) };
  }

  return {
    turnOf: (candidate: Judged) => judge(candidate, placesOfCandidate(candidate)),
    /** Before anybody waits: whom no window will ever suit is not told to. */
    foresee(candidate: Judged): Turn {
      const places = placesOfCandidate(candidate);
      const turn = judge(candidate, places);
      return turn.kind === 'later' && allowedAt(places, turn.at) === null ? NEVER : turn;
    },
  };
}

const NEVER: Turn = { kind: 'never', state: 'skipped', reason: 'no_allowed_time' };

function placesOfCandidate({ country, timeZone, timeZoneSource, number }: Judged): Places {
  return placesOf({ country, time_zone: timeZone, time_zone_source: timeZoneSource }, number);
}

/** When the clocks of everywhere the contact may be show it, or have. */
function localTurn({ local_time }: CampaignSchedule, [place]: Places, fallback: string): number | null {
  if (local_time === undefined) return null;
  const wall = Date.parse(`${local_time}Z`);
  return Math.max(...zonesOf(place, fallback).map((zone) => instantOf(zone, wall, 0)));
}
