import { forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import { batchTransaction } from '../../db/transaction.ts';
import type { Job, JobQueue, PutBack } from '../../jobs/queue.ts';
import { backOffMs, createJobWorker, type JobWorker } from '../../jobs/worker.ts';
import { createBatcher } from '../../lib/batch.ts';
import { StoreUnavailable } from '../../lib/errors.ts';
import type { BulkPlaces } from '../bulk-places.ts';
import type { ProviderChoice } from '../choose-provider.ts';
import type { SendVerdict } from '../provider.ts';
import type { Candidate, RouteDecision } from '../routing/router.ts';
import { type Attempt, type Sending, type TryDeps, tryCandidates } from '../try-candidates.ts';
import { callAgainMs, mayCallAgain } from './call-again.ts';
import { findCallObstacle, type Obstacle } from './call-obstacle.ts';
import { composeCall } from './compose-call.ts';
import { readContent } from './content.ts';
import { messageEvents } from './events.ts';
import type { GateQuestion, MessageGate } from './gate.ts';
import { giveUpMessage } from './give-up.ts';
import { jobOf } from './job-of.ts';
import type { KnownNetwork } from './known-network.ts';
import { createMessageLoader, type LoadedMessage, type MessageRow } from './load.ts';
import { loseSends } from './lose-sends.ts';
import { type AttemptStatus, VERDICT_STATUS, WAITING } from './message.ts';
import type { MessageHold } from './message-hold.ts';
import type { MessageWindow } from './message-window.ts';
import { putOff } from './put-off.ts';
import { routeAgain } from './route-again.ts';
import { describeRoute, receiptDueAt } from './route-record.ts';
import { toEnded } from './send-entries.ts';
import type { SendEntry, WriteEntries } from './send-log.ts';
import { settleMessage } from './settle.ts';
import { endOfAttempts, statusOfAttempts } from './status.ts';
import { createTurns } from './turns.ts';

export interface MessageWorkDeps extends TryDeps {
  db: Database;
  queue: JobQueue;
  write: WriteEntries;
  choice: ProviderChoice;
  /** Those of campaigns: calls one by one, and calls again, share their half of the lines. */
  places: Pick<BulkPlaces, 'takeLine'>;
  knownNetwork: KnownNetwork;
  gate: MessageGate;
  hold: MessageHold;
  window: MessageWindow;
  onError(error: unknown): void;
}

type Stop = Obstacle | { status: 'canceled'; reason: 'campaign_canceled' };

/** Longer than all tries of one round may take. */
const LEASE_MS = 15_000;
const SLOTS = 600;
/** Of one project: with those claimed at once it leaves a third to the others. */
const SLOTS_OF_PROJECT = 200;
/** More at once saves little, and codes wait for every turn of the event loop that it takes. */
const BATCH = 64;
/** Rounds over all providers; the pauses between them add up to more than an hour. */
const MAX_ROUNDS = 12;
/** While every provider rests (its circuit is open), or has no free connection. */
const REST_MS = 5_000;
const UNFINISHED: ReadonlySet<string> = new Set([...WAITING, 'sending']);

/** Takes messages from the queue and sends them. */
export function createMessageWorker(deps: MessageWorkDeps): JobWorker {
  const { db, queue, now, choice } = deps;
  const load = createMessageLoader(db);
  const write = createWriter(deps.write);
  const putBack = createBatcher(async (jobs: PutBack[]) => {
    await batchTransaction(db, {}, (batch) => batch.commit(queue.putBack(jobs)));
    return jobs;
  }, BATCH);
  const gate = createBatcher((questions: GateQuestion[]) => deps.gate(questions), BATCH);
  const turns = createTurns();

  async function run(job: Job): Promise<void> {
    const loaded = await load(job.id);
    if (!loaded || !isWaiting(loaded)) return finish(job, loaded);
    const { message } = loaded;
    const at = now();
    if (message.expires_at !== null && message.expires_at <= at) {
      return settleMessage(db, queue, message, endOfAttempts(attemptsWith(loaded, 'expired')), 'expired', job, at);
    }
    const held = await holdOf(message);
    if (held === 'paused') return deps.hold.keep(queue, job, message, at);
    if (held === 'canceled') return stop(job, loaded, { status: held, reason: 'campaign_canceled' });
    const obstacle = await findCallObstacle(db, message);
    if (obstacle) return stop(job, loaded, obstacle);
    const opensAt = await deps.window(message, at);
    if (opensAt > at) return keepWaiting(job, message, { until: opensAt, reason: 'outside_window' }, at);
    await send(job, loaded, at);
  }

  const holdOf = async ({ campaign_id: campaign }: MessageRow) => (campaign === null ? null : deps.hold.of(campaign));

  function keepWaiting(job: Job, message: MessageRow, why: { until: number; reason: string }, at: number) {
    return batchTransaction(db, {}, (batch) => batch.commit(...putOff(db, queue, job, message, why, at)));
  }

  /** What a carrier may have already is not called back by that. */
  async function stop(job: Job, loaded: LoadedMessage, { status, reason }: Stop): Promise<void> {
    const past = endOfAttempts(attemptsWith(loaded, 'failed'));
    await settleMessage(db, queue, loaded.message, past === 'unknown' ? past : status, reason, job, now());
  }

  /** Nothing is left to do. An attempt that is still marked belongs to a process that died in it. */
  async function finish(job: Job, loaded: LoadedMessage | null): Promise<void> {
    if (loaded?.message.status === 'sending') await loseSends(db, queue, [job.id], now());
    const read = db.kysely.selectFrom('messages').select('status').where('id', '=', job.id);
    await batchTransaction(db, {}, async (batch) => {
      const [[found]] = await batch.run(forUpdate(db.dialect, read).compile());
      // Somebody has just put it back: it is looked at again when the lease ends.
      if (found && UNFINISHED.has(found.status)) return;
      await batch.commit(queue.complete([job]));
    });
  }

  /** What cannot be done after so many tries, or ends its process each time. */
  async function giveUp(job: Job, reason: string): Promise<void> {
    await loseSends(db, queue, [job.id], now());
    await giveUpMessage(db, queue, { ...job, reason }, now());
  }

  async function send(job: Job, loaded: LoadedMessage, at: number): Promise<void> {
    const { message } = loaded;
    if (message.mcc_mnc === null && choice.goesByNetwork(message.mode)) {
      message.mcc_mnc = await deps.knownNetwork(message.recipient_hash);
    }
    const { decision, candidates: routed } = routeAgain(choice, loaded, at);
    const { candidates, refusal } = await screen(message, routed);
    if (refusal) return stop(job, loaded, { status: 'blocked', reason: refusal });
    const sending = await toSending(job, message, decision, candidates);
    const result = await tryCandidates(deps, sending, new AbortController().signal);
    switch (result.kind) {
      case 'called_off':
        return;
      case 'paced':
        if (result.why === 'lines') return waitForLine(job, message, result.pacedBy.provider, result.waitMs);
        return comeBack(job, message, result.pacedBy, result.waitMs);
      case 'no_provider':
        return rest(job, loaded);
      case 'tried':
        await write({
          ...toEnded(message.id, result.attempt, result.verdict, now()),
          after: afterTry(job, loaded, decision, result.attempt, result.verdict),
        });
    }
  }

  /** Asked anew for each try: whoever has said no since it was taken gets nothing. */
  async function screen(message: MessageRow, candidates: readonly Candidate[]) {
    const { project_id: project, mode, purpose, recipient_hash: addressHash } = message;
    const channel = message.channel as Sending['channel'];
    const senders = [...new Set(candidates.map(({ sender }) => sender))];
    const ask = (sender: string) => gate({ project, mode, channel, purpose, addressHash, sender });
    const refusals = new Map(await Promise.all(senders.map(async (sender) => [sender, await ask(sender)] as const)));
    const open = candidates.filter(({ sender }) => refusals.get(sender) === null);
    const [first] = candidates;
    // One of the senders may be the only one that is not wanted.
    const refusal = first && open.length === 0 ? refusals.get(first.sender) : null;
    return { candidates: open, refusal: refusal ?? null };
  }

  /** Nobody could be tried: a message that went through all providers stays what it became there. */
  async function rest(job: Job, loaded: LoadedMessage): Promise<void> {
    const { message, attempts } = loaded;
    const { mode, channel } = message;
    const isOver = attempts.some((one) => one.status !== 'failed' && !mayCallAgain(message, one));
    const isHopeless = isOver || !choice.carries(mode, channel as never);
    if (isHopeless) {
      const reason = attempts.at(-1)?.reason ?? 'no_provider';
      return settleMessage(db, queue, message, endOfAttempts(attemptsWith(loaded, 'failed')), reason, job, now());
    }
    return comeBack(job, message, null, REST_MS);
  }

  /** In turn, project by project: one that has much waiting makes only itself wait. Uses up no try. */
  async function comeBack(job: Job, message: MessageRow, pacedBy: Candidate | null, waitMs: number): Promise<void> {
    const { provider = '', buckets = [] } = pacedBy ?? {};
    const perSecond = Math.min(...buckets.map((bucket) => bucket.perSecond));
    const turn = turns.next(`${provider} ${job.owner} ${job.lane}`, perSecond, now() + waitMs);
    // Its end is told of in time.
    const dueAt = Math.min(turn, message.expires_at ?? Infinity);
    await putBack({ ...job, dueAt, tries: job.tries - 1 });
  }

  /** As comeBack, and says why. No more of them look again in a second than there are lines: calls last longer. */
  async function waitForLine(job: Job, message: MessageRow, provider: string, waitMs: number): Promise<void> {
    const at = now();
    const perSecond = Math.max(1, deps.find(provider)?.lines?.().all ?? 0);
    const until = turns.next(`lines of ${provider} ${job.owner} ${job.lane}`, perSecond, at + waitMs);
    await keepWaiting(job, message, { until, reason: 'lines_busy' }, at);
  }

  async function toSending(
    job: Job,
    message: MessageRow,
    decision: RouteDecision,
    candidates: readonly Candidate[],
  ): Promise<Sending> {
    const { id, project_id: project, mode, recipient: to, country } = message;
    const channel = message.channel as Sending['channel'];
    const purpose = message.purpose;
    const { call, template: _, ...content } = readContent(message.content);
    const locale = message.locale ?? 'en';
    const composed = call ? await composeCall({ ...content, call }, locale) : content;
    const route = describeRoute(decision);
    const limit = decision.validitySeconds === null ? Infinity : now() + decision.validitySeconds * 1000;
    return {
      messageId: id,
      project,
      channel,
      purpose,
      country,
      candidates,
      attempts: message.attempts,
      expiresAt: Math.min(message.expires_at ?? Infinity, limit),
      compose: () => ({ project, mode, channel, purpose, to, locale, ...composed }),
      ...(purpose !== 'code' && { takeLine: deps.places.takeLine }),
      async begun({ number, provider, sender }) {
        const at = now();
        const isNext = number > message.attempts + 1;
        if ((await holdOf(message)) || (isNext && (await deps.window(message, at)) > at)) {
          await putBack({ ...job, dueAt: at, tries: job.tries - 1 });
          return false;
        }
        const dueAt = job.leasedUntil;
        const common = { kind: 'begun', messageId: id, attempt: number, provider, sender, route, at, dueAt } as const;
        // Whoever slept through his lease must not send: another process may have taken over.
        return (await write(common)) === 'written' && now() < job.leasedUntil;
      },
      async failed(attempt, verdict) {
        await write({ ...toEnded(id, attempt, verdict, now()), after: null });
      },
    };
  }

  function afterTry(
    job: Job,
    loaded: LoadedMessage,
    decision: RouteDecision,
    { provider }: Attempt,
    verdict: SendVerdict,
  ): Extract<SendEntry, { kind: 'ended' }>['after'] {
    const { message } = loaded;
    const at = now();
    const tries = [...loaded.attempts, { status: VERDICT_STATUS[verdict.kind], reason: reasonOf(verdict) }];
    const delayMs = verdict.kind === 'rejected' ? callAgainMs(message, tries) : retryDelayMs(job, verdict);
    if (delayMs !== null && at + delayMs < (message.expires_at ?? Infinity)) {
      const { claim } = job;
      const putBack = { ...jobOf(message, at + delayMs), claim, tries: job.tries, reason: reasonOf(verdict) };
      return { status: 'queued', dueAt: null, putBack };
    }
    const status = statusOfAttempts(attemptsWith(loaded, VERDICT_STATUS[verdict.kind]));
    const dueAt = status === 'sent' ? receiptDueAt(decision, at) : null;
    const data = { provider, ...(verdict.kind !== 'accepted' && { reason: verdict.reason }) };
    const [event] = messageEvents(message, status, 'system', at, data);
    return { status, dueAt, complete: job, ...(event && { event }) };
  }

  return createJobWorker({
    db,
    queue,
    now,
    run,
    giveUp,
    onError: deps.onError,
    leaseMs: LEASE_MS,
    slots: SLOTS,
    slotsOfOwner: SLOTS_OF_PROJECT,
    batch: BATCH,
    maxTries: MAX_ROUNDS,
  });
}

function isWaiting({ message, attempts }: LoadedMessage): boolean {
  const { status } = message;
  if (status === 'accepted' || status === 'scheduled' || status === 'queued') return true;
  // Its process died between two tries.
  return status === 'sending' && attempts.at(-1)?.status === 'failed';
}

/** Those before may be worth more than what has just happened. */
function attemptsWith({ attempts }: LoadedMessage, last: AttemptStatus): AttemptStatus[] {
  return [...attempts.map(({ status }) => status as AttemptStatus), last];
}

/** Null: not again. */
function retryDelayMs(job: Job, verdict: SendVerdict): number | null {
  if (verdict.kind !== 'failed' || job.tries >= MAX_ROUNDS) return null;
  return Math.max(backOffMs(job.tries), verdict.retryAfterMs ?? 0);
}

function reasonOf(verdict: SendVerdict): string {
  return verdict.kind === 'accepted' ? '' : verdict.reason;
}

/** What happens at once is written at once. */
function createWriter(write: WriteEntries) {
  const batched = createBatcher((entries: SendEntry[]) => write(entries), BATCH);
  return async (entry: SendEntry) => {
    const written = await batched(entry);
    if (written === 'failed') throw new StoreUnavailable('database');
    return written;
  };
}
