import { setImmediate } from 'node:timers/promises';
import { sql } from 'kysely';
import { analyzeNew } from '../../db/analyze-new.ts';
import type { Database } from '../../db/open.ts';
import type { MessageGate } from '../../delivery/messages/gate.ts';
import { type BulkSender, isForLater } from '../../delivery/messages/send-bulk.ts';
import type { Shortener } from '../../delivery/messages/short-links.ts';
import type { RouteDecision } from '../../delivery/routing/router.ts';
import { type Audience, audience, countContacts } from '../contacts/audience.ts';
import { whenAllowed } from '../windows/frequency.ts';
import { type ProjectRules, readSendingRules } from '../windows/sending-rules.ts';
import type { CampaignRow } from './campaign.ts';
import type { WaitingRecipient } from './load-recipients.ts';
import { createJudge } from './plan-turns.ts';
import { readContacts } from './read-contacts.ts';
import { atMost, fromMicros, toMicros } from './spend.ts';
import { readExperiment } from './split.ts';
import { AUDIENCE_TABLES } from './take-audience.ts';
import type { Script } from './word-recipient.ts';
import { addressMessage, wordRecipient } from './word-recipient.ts';

/** What would become of a campaign that started now. */
export interface Preview {
  /** The whole audience. */
  audience: number;
  /** Of so many of them, by the random part of their ids, the rest is said. */
  checked: number;
  ready: number;
  /** They would wait: for a time of their own, a winner, a window, a cap, a carrier. */
  later: Record<string, number>;
  /** They would not get it. */
  never: Record<string, number>;
  /** Null: not of short messages. */
  segments: number | null;
  /** At most, by the prices of the routing table, of those that are ready or would wait; none where it has none. */
  cost: { amount: string; currency: string }[];
}

export interface PreviewDeps {
  db: Database;
  bulk: Pick<BulkSender, 'route' | 'network'>;
  gate: MessageGate;
  shortener: Shortener | null;
  script: Script;
}

/** A request has to end: of a larger audience it is a sample. */
const MAX_CHECKED = 10_000;
const PAGE = 500;
/** Ids may begin with a time (newOrderedId). */
const RANDOM_PART = sql`substr(id, length(id) - 25)`;

/** Sends nothing, keeps nothing, counts nothing. Null: the audience names what is not there. */
export async function previewCampaign(deps: PreviewDeps, campaign: CampaignRow, now: number): Promise<Preview | null> {
  const { db } = deps;
  const owner = { project: campaign.project_id, mode: campaign.mode };
  await analyzeNew(db, AUDIENCE_TABLES);
  const condition = await audience(db, owner, JSON.parse(campaign.audience) as Audience, now);
  if ('missing' in condition) return null;
  const rules = await readSendingRules(db.kysely, owner);
  const tally = createTally(await countContacts(db, owner, condition));
  const sample = await db.kysely
    .selectFrom('contacts')
    .select('id')
    .where('project_id', '=', owner.project)
    .where('mode', '=', owner.mode)
    .where(condition)
    .orderBy(RANDOM_PART)
    .limit(MAX_CHECKED)
    .execute();
  for (let from = 0; from < sample.length; from += PAGE) {
    if (from > 0) await setImmediate();
    const ids = sample.slice(from, from + PAGE).map(({ id }) => id);
    await checkPage(deps, campaign, rules, await readContacts(db, campaign, ids), tally, now);
  }
  return tally.read(campaign.channel);
}

async function checkPage(
  { db, bulk, gate, shortener, script }: PreviewDeps,
  campaign: CampaignRow,
  rules: ProjectRules,
  recipients: readonly WaitingRecipient[],
  tally: Tally,
  now: number,
): Promise<void> {
  const worded = recipients.flatMap((recipient) => {
    tally.preview.checked += 1;
    const row = addressMessage(campaign, recipient, now + campaign.validity_seconds * 1000, now);
    if (!row) {
      tally.never(recipient.address === null ? 'no_address' : 'invalid_address');
      return [];
    }
    const said = wordRecipient(script, row, recipient.attributes, shortener, now);
    if (said.kind === 'skipped') {
      tally.never(said.reason);
      return [];
    }
    return [{ recipient, row: said.row, times: said.times }];
  });
  const { channel, purpose } = campaign;
  const refusals = await gate(
    worded.map(({ row }) => ({
      ...{ project: row.project_id, mode: row.mode, channel, purpose },
      ...{ addressHash: row.recipient_hash, sender: row.sender },
    })),
  );
  const ids = worded.map(({ recipient }) => recipient.contact_id);
  const caps = rules.frequencyCaps.filter((cap) => cap.purpose === purpose);
  const capped =
    caps.length === 0 || ids.length === 0 ? new Map<string, number>() : await whenAllowed(db, caps, purpose, ids, now);
  const winner = readExperiment(campaign)?.winner ?? null;
  const { foresee } = createJudge({ ...campaign, started_at: campaign.started_at ?? now }, rules, winner, now);
  for (const [index, { recipient, row, times }] of worded.entries()) {
    const refusal = refusals[index] ?? null;
    if (refusal !== null) {
      tally.never(refusal);
      continue;
    }
    const mccMnc = await bulk.network(row.mode, row.recipient_hash);
    const decision = bulk.route({ ...row, mcc_mnc: mccMnc }, now);
    if (decision.candidates.length === 0 && !isForLater(decision)) {
      tally.never('no_route');
      continue;
    }
    const turn = foresee({
      ...{ contactId: recipient.contact_id, country: recipient.country },
      ...{ timeZone: recipient.time_zone, timeZoneSource: recipient.time_zone_source },
      number: channel === 'email' ? null : { e164: row.recipient, country: row.country },
    });
    if (turn.kind === 'never') {
      tally.never(turn.reason);
      continue;
    }
    if (turn.kind === 'later') tally.later(turn.reason);
    else if (capped.has(recipient.contact_id)) tally.later('frequency_cap');
    else if (decision.candidates.length === 0) tally.later('provider_unavailable');
    else tally.preview.ready += 1;
    tally.cost(decision, row.segments, times);
  }
}

type Tally = ReturnType<typeof createTally>;

function createTally(whole: number) {
  const preview = { audience: whole, checked: 0, ready: 0 };
  let total = 0;
  const later: Record<string, number> = {};
  const never: Record<string, number> = {};
  const micros = new Map<string, number>();
  const add = (counts: Record<string, number>) => (reason: string) => {
    counts[reason] = (counts[reason] ?? 0) + 1;
  };
  return {
    preview,
    later: add(later),
    never: add(never),
    cost(decision: RouteDecision, segments: number | null, times: number) {
      total += segments ?? 0;
      const prices = decision.candidates.flatMap(({ cost }) => cost ?? []);
      const [first] = prices;
      if (!first) return;
      const same = prices.filter(({ currency }) => currency === first.currency);
      const each = same.map(({ amount }) => toMicros(amount) * (segments ?? 1));
      micros.set(first.currency, (micros.get(first.currency) ?? 0) + atMost(each, decision, times));
    },
    read: (channel: CampaignRow['channel']): Preview => ({
      ...preview,
      ...{ later, never, segments: channel === 'sms' ? total : null },
      cost: [...micros].map(([currency, sum]) => ({ amount: fromMicros(sum), currency })),
    }),
  };
}
