import type { CompiledQuery } from 'kysely';
import type { AuditEvent } from '../../audit/event.ts';
import type { Database } from '../../db/open.ts';
import type { MessageAttemptTable, MessagePartTable, MessageTable } from '../../db/schema.ts';
import type { JobQueue, NewJob } from '../../jobs/queue.ts';
import type { BulkPlaces } from '../bulk-places.ts';
import type { ProviderChoice } from '../choose-provider.ts';
import type { OutboundMessage, SendVerdict } from '../provider.ts';
import type { RouteDecision } from '../routing/router.ts';
import { type Attempt, type Deadline, openTryDeadline, type TryDeps, tryUntil } from '../try-candidates.ts';
import { callAgainMs } from './call-again.ts';
import { composeCall } from './compose-call.ts';
import type { CallContent } from './content.ts';
import { messageEvents } from './events.ts';
import { outcomeOf, toPartRows } from './fresh-codes.ts';
import { jobOf } from './job-of.ts';
import type { KnownNetwork } from './known-network.ts';
import { type AttemptStatus, referenceOf } from './message.ts';
import { describeRoute, receiptDueAt } from './route-record.ts';
import { toEnded } from './send-entries.ts';
import { type AttemptEnded, newestOfEach } from './send-log.ts';
import { messageStatements } from './statements.ts';
import { statusOfAttempts } from './status.ts';

/**
 * Sends many messages of which nothing is written yet. The caller has a mark of its own that outlives a crash, as codes
 * have in their verification; the rows follow in one go, together with what the caller keeps.
 */
export interface BulkSender {
  route(message: MessageTable, now: number): RouteDecision;
  /** Of a recipient, where routes go by it. */
  network(mode: 'live' | 'test', recipientHash: string): Promise<string | null>;
  /** At the first provider; to be had before a message is marked, and left when it is sent. */
  places: BulkPlaces;
  /** Of messages that are sent together. */
  deadline(): Deadline;
  /** Never throws for a carrier's sake. `mayBegin` is asked last before each hand-over, with its number. */
  send(message: BulkMessage, mayBegin: (attempt: number) => Promise<boolean>, deadline: Deadline): Promise<BulkOutcome>;
  /**
   * To be committed in one transaction. `fresh`: as if nothing of it were written, which a unique violation contradicts;
   * `again`: a message that is there already stays as it is.
   */
  record(sent: readonly SentMessage[], as: 'fresh' | 'again'): (CompiledQuery | null)[];
  /** After that: carriers may have reported before. */
  recorded(sent: readonly SentMessage[]): void;
}

export interface BulkMessage {
  /** As it is before its first try. */
  row: MessageTable;
  /** Of a call: how they are said. */
  words: Omit<OutboundMessage, 'reference' | 'from' | 'validitySeconds'> & { call?: CallContent };
  decision: RouteDecision;
}

export type BulkOutcome =
  | { kind: 'sent'; message: SentMessage }
  /** Certainly nobody has it, and a later try may go better. */
  | { kind: 'failed'; verdict: Extract<SendVerdict, { kind: 'failed' }> }
  /** Not tried: everybody is at his rate. */
  | { kind: 'paced'; waitMs: number }
  | { kind: 'no_provider' }
  | { kind: 'called_off' };

/** A message and what became of it; to some carrier it is final, but for a call that is made again. */
export interface SentMessage {
  row: MessageTable;
  again?: NewJob;
  attempts: MessageAttemptTable[];
  parts: MessagePartTable[];
  events: AuditEvent[];
}

export interface BulkDeps extends TryDeps {
  db: Database;
  queue: Pick<JobQueue, 'enqueue'>;
  choice: Pick<ProviderChoice, 'route' | 'goesByNetwork'>;
  knownNetwork: KnownNetwork;
  places: BulkPlaces;
  attemptsEnded(attempts: { provider: string; partIds: readonly string[]; reference: string }[]): void;
}

export function createBulkSender(deps: BulkDeps): BulkSender {
  const { choice, now } = deps;
  const statements = messageStatements(deps.db);
  const signal = new AbortController().signal;

  return {
    route: ({ project_id: project, mode, purpose, channel, recipient: to, country, mcc_mnc, sender }, at) =>
      choice.route(
        {
          ...{ project, mode, purpose, channel: channel as BulkMessage['words']['channel'], to, country },
          ...(mcc_mnc !== null && { mccMnc: mcc_mnc }),
          ...(sender !== null && { sender }),
        },
        at,
      ),

    network: async (mode, recipientHash) => (choice.goesByNetwork(mode) ? deps.knownNetwork(recipientHash) : null),

    places: deps.places,

    deadline: () => openTryDeadline(deps, signal),

    async send({ row, words: { call, ...words }, decision }, mayBegin, deadline) {
      const composed = call ? { ...words, ...(await composeCall({ ...words, call }, words.locale)) } : words;
      const tries: Try[] = [];
      const first = decision.candidates[0]?.provider;
      const limit = decision.validitySeconds === null ? Infinity : now() + decision.validitySeconds * 1000;
      const sending = {
        ...{ messageId: row.id, project: words.project, channel: words.channel, purpose: words.purpose },
        ...{ country: row.country, candidates: decision.candidates, attempts: 0 },
        expiresAt: Math.min(row.expires_at ?? Infinity, limit),
        compose: () => composed,
        takeLine: (provider: string) => (provider === first ? () => {} : deps.places.takeLine(provider)),
        async begun(attempt: Attempt) {
          if (!(await mayBegin(attempt.number))) return false;
          tries.push({ attempt, startedAt: now(), ended: null });
          return true;
        },
        async failed(attempt: Attempt, verdict: SendVerdict) {
          end(tries, row.id, attempt, verdict, now());
        },
      };
      const result = await tryUntil(deps, sending, deadline);
      if (result.kind === 'paced') return { kind: 'paced', waitMs: result.waitMs };
      // Called off between two tries, the one before has failed for certain.
      if (result.kind !== 'tried') return { kind: result.kind };
      const { attempt, verdict } = result;
      if (verdict.kind === 'failed') return { kind: 'failed', verdict };
      end(tries, row.id, attempt, verdict, now());
      return { kind: 'sent', message: toSent(row, tries, decision) };
    },

    record: (sent, as) => {
      const { insertMessages, insertEndedAttempts, insertParts, insertEvents, insertFresh } = statements;
      const insert =
        as === 'fresh'
          ? insertFresh
          : { messages: insertMessages, attempts: insertEndedAttempts, parts: insertParts, events: insertEvents };
      return [
        insert.messages(sent.map(({ row }) => row)),
        statements.insertLooks(sent.map(({ row }) => row)),
        insert.attempts(sent.flatMap(({ attempts }) => attempts)),
        insert.parts(newestOfEach(sent.flatMap(({ parts }) => parts))),
        deps.queue.enqueue(sent.flatMap(({ again }) => again ?? [])),
        insert.events(sent.flatMap(({ events }) => events)),
      ];
    },

    recorded(sent) {
      deps.attemptsEnded(
        sent.flatMap(({ row, attempts, parts }) =>
          attempts.map(({ number, provider }) => ({
            provider,
            partIds: parts.filter(({ attempt }) => attempt === number).map(({ provider_id }) => provider_id),
            reference: referenceOf(row.id, number),
          })),
        ),
      );
    },
  };
}

interface Try {
  attempt: Attempt;
  startedAt: number;
  ended: Omit<AttemptEnded, 'after'> | null;
}

function end(tries: readonly Try[], messageId: string, attempt: Attempt, verdict: SendVerdict, at: number): void {
  const one = tries.find(({ attempt: { number } }) => number === attempt.number);
  if (one) one.ended = toEnded(messageId, attempt, verdict, at);
}

function toSent(given: MessageTable, tries: readonly Try[], decision: RouteDecision): SentMessage {
  const ended = tries.flatMap(({ ended }) => ended ?? []);
  const last = ended.at(-1);
  const at = last?.at ?? given.created_at;
  const waitMs = last?.status === 'rejected' ? callAgainMs(given, ended) : null;
  const againAt = waitMs !== null && at + waitMs < (given.expires_at ?? Infinity) ? at + waitMs : null;
  const status = againAt === null ? statusOfAttempts(ended.map((one) => one.status as AttemptStatus)) : 'queued';
  const outcome = last && outcomeOf({ ...last, after: null });
  const row: MessageTable = {
    ...given,
    ...outcome,
    status,
    attempts: ended.length,
    provider: last?.provider ?? null,
    route: describeRoute(decision),
    mcc_mnc: last?.mccMnc ?? given.mcc_mnc,
    due_at: status === 'sent' ? receiptDueAt(decision, at) : null,
    updated_at: at,
  };
  const attempts = tries.flatMap(({ attempt, startedAt, ended: one }): MessageAttemptTable[] => {
    if (!one) return [];
    const { number, provider, sender } = attempt;
    const key = { message_id: row.id, number, provider, sender, status: one.status };
    return [{ ...key, ...outcomeOf({ ...one, after: null }), started_at: startedAt, ended_at: one.at }];
  });
  const data = {
    provider: row.provider,
    ...(row.reason !== null && { reason: row.reason }),
    ...(row.campaign_id !== null && { campaign_id: row.campaign_id }),
  };
  return {
    row,
    ...(againAt !== null && { again: jobOf(row, againAt) }),
    attempts,
    parts: ended.flatMap((one) => toPartRows({ ...one, after: null })),
    events: messageEvents(row, status, 'system', at, data),
  };
}

/** Of nobody's making: whether the carriers may do better later. */
export function isForLater({ candidates, skipped }: RouteDecision): boolean {
  return candidates.length === 0 && skipped.some(({ why }) => why === 'circuit_open');
}
