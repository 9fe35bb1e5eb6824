import type { MessageTable } from '../../db/schema.ts';
import { batchTransaction } from '../../db/transaction.ts';
import type { BulkOutcome } from '../../delivery/messages/send-bulk.ts';
import type { RouteDecision } from '../../delivery/routing/router.ts';
import { backOffMs } from '../../jobs/worker.ts';
import { inParts } from '../../lib/in-parts.ts';
import { type CampaignRow, LEASE_MS } from './campaign.ts';
import { type ChunkDeps, insist, mayBegin, REST_MS, type Rest, waitOf } from './chunk-deps.ts';
import { type LeasedChunk, markChunk } from './chunks.ts';
import type { WaitingRecipient } from './load-recipients.ts';
import { type Later, type Outcome, type Sent, stand, writeOutcomes } from './outcomes.ts';
import { costOfTry, leftToSpend, mayCost, reserve, toMicros } from './spend.ts';
import { type Script, type Worded, wordRecipient } from './word-recipient.ts';

/** A recipient that may be sent something now. */
export interface Ready {
  recipient: WaitingRecipient;
  row: MessageTable;
  decision: RouteDecision;
  variant: string | null;
}

/** With a place at its carrier. */
interface Placed extends Ready {
  leave(): void;
}

interface Priced extends Placed {
  worded: Extract<Worded, { kind: 'worded' }>;
  /** In millionths; 0 without a cap. */
  cost: number;
}

/** While others have money reserved that they may give back. */
const MONEY_MS = 500;
/** For a place at a carrier. */
const PATIENCE_MS = 3_000;
/** Calls end in their own time. */
const LINES_MS = 1_000;
/** Then contacts are read again, and asked for whether they still want it: carriers may be slow, and people say STOP. */
const SCREENED_MS = 1_000;
/** In one turn of the event loop; as many are answered in one. */
const SENT_AT_ONCE = 16;

/** Hands the ready ones of a chunk over, slice by slice, the next one while the one before is with the carriers. */
export function createHandOver(deps: ChunkDeps, campaign: CampaignRow, chunk: LeasedChunk) {
  const { db, now } = deps;
  const lease = chunk;
  let rest: Rest | null = null;
  let slices = 0;

  function waitFor(found: Rest): void {
    if (!rest || found.dueAt < rest.dueAt) rest = found;
  }

  /** Worded and priced; what cannot be said to somebody is settled. Null: the campaign cannot go on. */
  async function word(slice: readonly Placed[]): Promise<{ priced: Priced[]; settled: Outcome[] } | null> {
    const at = now();
    const scripts = new Map<string | null, Script>();
    for (const variant of new Set(slice.map((one) => one.variant))) {
      const script = await deps.scriptOf(campaign, variant);
      if ('refused' in script) {
        await deps.halt(campaign, script.refused);
        return null;
      }
      scripts.set(variant, script);
    }
    const { shortener } = deps;
    const words = await inParts(slice, ({ variant, row, recipient }) => {
      const script = scripts.get(variant);
      return script ? wordRecipient(script, row, recipient.attributes, shortener, at) : null;
    });
    const priced: Priced[] = [];
    const settled: Outcome[] = [];
    for (const [index, one] of slice.entries()) {
      const worded = words[index];
      if (!worded) continue;
      if (worded.kind === 'skipped') {
        settled.push({ ...stand(campaign, one.recipient, 'skipped', worded.reason, at), variant: one.variant });
        continue;
      }
      const cost = campaign.spend_cap === null ? 0 : mayCost(campaign, one.decision, worded.row, worded.times);
      if (cost === null) settled.push(stand(campaign, one.recipient, 'failed', 'price_unknown', at));
      else priced.push({ ...one, worded, cost });
    }
    return { priced, settled };
  }

  /** The mark and the money, before anybody is handed over. Fewer, or nobody, where the cap ends them. */
  async function mark(given: readonly Priced[], number: number): Promise<readonly Priced[]> {
    const last = given.at(-1);
    if (!last) return [];
    const reserved = given.reduce((sum, { cost }) => sum + cost, 0);
    const leasedUntil = now() + LEASE_MS;
    const links = given.flatMap(({ worded }) => worded.links);
    const result = await batchTransaction(db, {}, async (batch) => {
      const money = reserve(db, campaign.id, reserved);
      const [allowed, marked] = await batch.run(
        money,
        markChunk(db, chunk, { handedTo: last.recipient.contact_id, slice: number, reserved, leasedUntil }),
      );
      if (money && allowed.length === 0) return 'too_much';
      if (marked.length === 0) return 'lost';
      await batch.commit(deps.shortener?.insert(links) ?? null);
      return 'marked';
    });
    if (result === 'marked') {
      lease.leasedUntil = leasedUntil;
      return given;
    }
    if (result === 'lost') {
      waitFor({ dueAt: now(), reason: null });
      return [];
    }
    const { micros, mayGrow } = await leftToSpend(db, campaign.id);
    let sum = 0;
    const fitting = given.filter(({ cost }) => {
      sum += cost;
      return sum <= micros;
    });
    waitFor({ dueAt: now() + MONEY_MS, reason: 'spend_cap' });
    if (fitting.length > 0 && fitting.length < given.length) return mark(fitting, number);
    // All of them may fit by now: then they are asked for again.
    if (fitting.length === 0 && !mayGrow) await deps.halt(campaign, 'spend_cap');
    return [];
  }

  async function sendAll(slice: readonly Priced[]): Promise<BulkOutcome[]> {
    using deadline = deps.bulk.deadline();
    const took: number[] = [];
    const sendOne = async ({ worded: { row, words }, decision, leave }: Priced) => {
      const may = async (attempt: number) => (attempt === 1 || (await isOpen(row))) && mayBegin(deps, lease);
      const begunAt = performance.now();
      const outcome = await deps.bulk.send({ row, words, decision }, may, deadline);
      took.push(performance.now() - begunAt);
      leave();
      return outcome;
    };
    const outcomes = await inParts(slice, sendOne, SENT_AT_ONCE);
    deps.slices.took(campaign.id, slice.length, Math.max(...took) - Math.min(...took));
    return outcomes;
  }

  /** A window may have closed while the carrier before was asked. Who cannot be asked about waits. */
  async function isOpen(row: MessageTable): Promise<boolean> {
    const at = now();
    const opensAt = await deps.window(row, at).catch(() => Infinity);
    return opensAt <= at;
  }

  async function send(number: number, slice: readonly Priced[], settled: readonly Outcome[]): Promise<void> {
    const outcomes = await sendAll(slice);
    const sorted = { sent: [] as Sent[], settled: [...settled], later: [] as Later[], spent: 0 };
    for (const [index, one] of slice.entries()) {
      const outcome = outcomes[index];
      if (outcome) sortOutcome(one, outcome, sorted);
    }
    const reserved = slice.reduce((sum, { cost }) => sum + cost, 0);
    const { sent, later, spent } = sorted;
    const money = { slice: number, reserved, spent };
    const written = { campaign, chunk, settled: sorted.settled, later, sent, money };
    await insist(() => writeOutcomes(deps, written), deps, lease);
  }

  function sortOutcome(
    one: Priced,
    outcome: BulkOutcome,
    to: { sent: Sent[]; settled: Outcome[]; later: Later[]; spent: number },
  ): void {
    const at = now();
    const { recipient, variant } = one;
    switch (outcome.kind) {
      case 'called_off':
        waitFor({ dueAt: at, reason: null });
        break;
      case 'paced':
        waitFor({ dueAt: at + waitOf(outcome.waitMs), reason: 'rate_limited' });
        break;
      case 'no_provider':
        waitFor({ dueAt: at + REST_MS, reason: 'provider_unavailable' });
        break;
      case 'failed': {
        const { reason, retryAfterMs = 0 } = outcome.verdict;
        const tries = recipient.tries + 1;
        const again = at + Math.max(backOffMs(tries), retryAfterMs);
        const expires = one.row.expires_at ?? Infinity;
        const next = { ...stand(campaign, recipient, 'waiting', reason, at), tries, variant };
        if (again < expires) to.later.push({ outcome: next, at: again });
        else to.settled.push({ ...next, state: 'expired' });
        break;
      }
      case 'sent': {
        const { row } = outcome.message;
        const state = stateOf(row);
        const cost = priceOf(one, row);
        const standing = {
          ...stand(campaign, recipient, state, isCalledAgain(row) ? null : row.reason, at),
          ...{ variant, message_id: row.id },
          ...{ cost_amount: cost?.amount ?? null, cost_currency: cost?.currency ?? null },
        };
        to.sent.push({ outcome: standing, message: outcome.message });
        if (state !== 'failed') to.spent += spentOn(one, row);
      }
    }
  }

  /** What a carrier says is for the try that it took: for those that may follow all of the rest is kept. */
  function spentOn({ cost, decision }: Priced, row: MessageTable): number {
    if (row.cost_amount === null || row.cost_currency !== campaign.spend_currency) return cost;
    return toMicros(row.cost_amount) + cost - costOfTry(decision, row);
  }

  /** Of the next ones those that have a place. None: the carriers are full. */
  async function place(next: readonly Ready[]): Promise<Placed[]> {
    const providers = next.map(({ decision }) => decision.candidates[0]?.provider ?? '');
    const places = await deps.bulk.places.take(providers, PATIENCE_MS);
    if (places.length === 0) {
      const isCall = campaign.channel === 'voice';
      waitFor({ dueAt: now() + waitOf(isCall ? LINES_MS : 0), reason: isCall ? 'lines_busy' : 'rate_limited' });
    }
    return places.flatMap((leave, index) => {
      const one = next[index];
      return one ? [{ ...one, leave }] : [];
    });
  }

  /** Under way when it resolves. Null: nothing more is handed over. */
  async function handOver(slice: readonly Placed[]): Promise<{ done: Promise<void> } | null> {
    let marked: readonly Priced[] = [];
    try {
      const found = await word(slice);
      if (!found) return null;
      const number = slices++;
      marked = await mark(found.priced, number);
      const done = send(number, marked, found.settled);
      done.catch(() => {});
      return { done };
    } finally {
      const going = new Set(marked.map(({ leave }) => leave));
      for (const { leave } of slice) if (!going.has(leave)) leave();
    }
  }

  return {
    /** What is left waits for that; null: nobody is left. */
    async run(ready: readonly Ready[]): Promise<Rest | null> {
      const screenedAt = now();
      let before: Promise<void> = Promise.resolve();
      for (let from = 0, size = 0; from < ready.length; from += size) {
        const slice = await place(ready.slice(from, from + deps.slices.size(campaign.id)));
        size = slice.length;
        // The first always: however slow the database is, it goes on.
        const isFresh = from === 0 || now() < screenedAt + SCREENED_MS;
        const mayGoOn = size > 0 && rest === null && isFresh && mayBegin(deps, lease);
        if (!mayGoOn) for (const { leave } of slice) leave();
        const running = mayGoOn
          ? await handOver(slice).catch(async (error) => {
              await before;
              throw error;
            })
          : null;
        if (!running) {
          if (!rest) waitFor({ dueAt: now(), reason: null });
          break;
        }
        await before;
        before = running.done;
      }
      await before;
      return rest;
    },
  };
}

/** Who was busy: its message goes on by itself. */
const isCalledAgain = ({ status }: MessageTable) => status === 'queued';

function stateOf(row: MessageTable): 'sent' | 'unknown' | 'failed' {
  if (row.status === 'unknown') return 'unknown';
  return row.status === 'sent' || isCalledAgain(row) ? 'sent' : 'failed';
}

/** As the carrier says, else as the routing table expects. */
function priceOf({ decision, worded }: Priced, row: MessageTable) {
  if (row.cost_amount !== null && row.cost_currency !== null) {
    return { amount: row.cost_amount, currency: row.cost_currency };
  }
  const cost = decision.candidates.find(({ provider }) => provider === row.provider)?.cost;
  if (!cost || row.status !== 'sent') return null;
  const micros = toMicros(cost.amount) * (worded.row.segments ?? 1);
  return { amount: (micros / 1e6).toFixed(6).replace(/\.?0+$/, ''), currency: cost.currency };
}
