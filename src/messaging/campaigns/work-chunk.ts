import { batchTransaction } from '../../db/transaction.ts';
import type { GateQuestion, MessageGate } from '../../delivery/messages/gate.ts';
import { isForLater } from '../../delivery/messages/send-bulk.ts';
import type { RouteDecision } from '../../delivery/routing/router.ts';
import { inParts } from '../../lib/in-parts.ts';
import type { CampaignRow } from './campaign.ts';
import { type ChunkDeps, REST_MS, type Rest } from './chunk-deps.ts';
import { endChunk, type LeasedChunk, putChunkBack } from './chunks.ts';
import { createHandOver, type Ready } from './hand-over.ts';
import { loadRecipients, type WaitingRecipient } from './load-recipients.ts';
import { expiryOf, type Later, stand, writeOutcomes } from './outcomes.ts';
import type { Candidate, Turn } from './take-turns.ts';
import { addressMessage } from './word-recipient.ts';

/** Of people to call: lines are few, and who has none is looked at again. */
const CALLS = 32;

/** Sends what is due of a chunk, and puts back what is not. Whoever lost the lease meanwhile changes nothing more. */
export async function workChunk(deps: ChunkDeps, campaign: CampaignRow, chunk: LeasedChunk): Promise<void> {
  const { db, now } = deps;
  const pace = await deps.takePace(db, campaign, now());
  if (pace.count === 0) return release(deps, chunk, { dueAt: pace.askAt, reason: 'pace' });
  const count = campaign.channel === 'voice' ? Math.min(pace.count, CALLS) : pace.count;
  const waiting = await loadRecipients(db, campaign, chunk, count);
  const due = await sortOut(deps, campaign, chunk, waiting);
  const rest = await createHandOver(deps, campaign, chunk).run(due.ready);
  // Nobody is left, or those that were not loaded.
  return release(
    deps,
    chunk,
    rest ?? due.wait ?? { dueAt: now(), reason: campaign.per_second === null ? null : 'pace' },
  );
}

/** It ends when none of its recipients waits. */
async function release({ db }: ChunkDeps, chunk: LeasedChunk, { dueAt, reason }: Rest): Promise<void> {
  await batchTransaction(db, {}, (batch) => batch.commit(endChunk(db, chunk), putChunkBack(db, chunk, dueAt, reason)));
}

/** Who may be sent something now; what became of the others is written. `wait`: some wait for carriers to be back. */
async function sortOut(
  deps: ChunkDeps,
  campaign: CampaignRow,
  chunk: LeasedChunk,
  waiting: readonly WaitingRecipient[],
): Promise<{ ready: Ready[]; wait: Rest | null }> {
  const { db, now } = deps;
  const at = now();
  const settled = [];
  const later: Later[] = [];
  const reachable = [];
  const addressed = await inParts(waiting, (recipient) => {
    const expiresAt = expiryOf(campaign, recipient);
    return { recipient, expiresAt, row: addressMessage(campaign, recipient, expiresAt, at) };
  });
  for (const { recipient, expiresAt, row } of addressed) {
    if (recipient.found === null) settled.push(stand(campaign, recipient, 'skipped', 'contact_deleted', at));
    else if (!row) settled.push(stand(campaign, recipient, 'skipped', reasonOfNone(recipient), at));
    else if (expiresAt <= at) settled.push(stand(campaign, recipient, 'expired', recipient.reason ?? 'validity', at));
    else reachable.push({ recipient, row });
  }
  const turns = await deps.takeTurns(
    db,
    campaign,
    reachable.map(({ recipient, row }) => toCandidate(campaign, recipient, row)),
    at,
  );
  const due = [];
  for (const [index, one] of reachable.entries()) {
    const turn: Turn = turns[index] ?? { kind: 'now' };
    const { recipient } = one;
    if (turn.kind === 'now') due.push({ ...one, variant: turn.variant ?? null });
    else if (turn.kind === 'never') settled.push(stand(campaign, recipient, turn.state, turn.reason, at));
    else {
      const planned_at = turn.planned ? turn.at : recipient.planned_at;
      const outcome = { ...stand(campaign, recipient, 'waiting', turn.reason, at), planned_at };
      later.push({ outcome, at: turn.at });
    }
  }
  const routed = await inParts(due, async (one) => {
    const { row } = one;
    row.mcc_mnc = await deps.bulk.network(row.mode, row.recipient_hash);
    return { ...one, decision: deps.bulk.route(row, at) };
  });
  const screened = await screen(deps.gate, routed);
  const ready: Ready[] = [];
  let wait: Rest | null = null;
  for (const { recipient, refusal, ...one } of screened) {
    if (refusal !== null) settled.push(stand(campaign, recipient, 'blocked', refusal, at));
    else if (one.decision.candidates.length > 0) ready.push({ ...one, recipient });
    else if (isForLater(one.decision)) wait = { dueAt: at + REST_MS, reason: 'provider_unavailable' };
    else settled.push(stand(campaign, recipient, 'failed', 'no_route', at));
  }
  await writeOutcomes(deps, { campaign, chunk, settled, later });
  return { ready, wait };
}

const reasonOfNone = ({ address }: WaitingRecipient) => (address === null ? 'no_address' : 'invalid_address');

function toCandidate(
  { mode, channel }: CampaignRow,
  { contact_id: contactId, country, time_zone, time_zone_source, planned_at }: WaitingRecipient,
  row: Ready['row'],
): Candidate {
  const number = channel === 'email' ? null : { e164: row.recipient, country: row.country };
  return {
    contactId,
    mode,
    country,
    timeZone: time_zone,
    timeZoneSource: time_zone_source,
    plannedAt: planned_at,
    number,
  };
}

interface Routed {
  row: Ready['row'];
  decision: RouteDecision;
}

/** Asked for all at once: whoever has said no since the audience was taken gets nothing, from no sender he refuses. */
async function screen<T extends Routed>(gate: MessageGate, routed: readonly T[]) {
  const questions: GateQuestion[] = [];
  const asked = routed.map(({ row, decision }) => {
    const senders = [...new Set(decision.candidates.map(({ sender }) => sender))];
    return (senders.length > 0 ? senders : [null]).map((sender) => {
      const { project_id: project, mode, purpose, recipient_hash: addressHash } = row;
      const channel = row.channel as GateQuestion['channel'];
      return { sender, index: questions.push({ project, mode, channel, purpose, addressHash, sender }) - 1 };
    });
  });
  const answers = await gate(questions);
  return routed.map((one, index) => {
    const refusals = new Map((asked[index] ?? []).map(({ sender, index: at }) => [sender, answers[at] ?? null]));
    const { decision } = one;
    const open = decision.candidates.filter(({ sender }) => refusals.get(sender) === null);
    // One of the senders may be the only one that is not wanted.
    const refusal = open.length === 0 ? ([...refusals.values()][0] ?? null) : null;
    return { ...one, decision: { ...decision, candidates: open }, refusal };
  });
}
