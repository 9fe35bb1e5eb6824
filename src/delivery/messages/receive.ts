import { type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Database } from '../../db/open.ts';
import { lookUp, rowSet } from '../../db/row-set.ts';
import type { JobQueue } from '../../jobs/queue.ts';
import { createBatcher } from '../../lib/batch.ts';
import type { Channel } from '../../lib/channels.ts';
import type { Now } from '../../lib/clock.ts';
import { codeTraffic } from '../../lib/code-traffic.ts';
import type { ProviderChoice } from '../choose-provider.ts';
import type { ProviderReceipt } from '../provider.ts';
import type { Routing } from '../routing/router.ts';
import type { AttemptReport, MessageState } from './apply-receipts.ts';
import { findTargets, type Target } from './find-targets.ts';
import type { KeepOptOuts } from './gate.ts';
import { createReceiptKeeper } from './keep-receipts.ts';
import { attemptsOf, type ReceiptRow } from './load.ts';
import { FIRST_LOOK_MS, toReceiptRow } from './receipt-row.ts';
import { routeAgain } from './route-again.ts';
import { hasArrived, hasFailed } from './status.ts';
import { workIn } from './work-in.ts';

/** What delivery tells verify of a code. The same as verify's, declared here. */
export interface CodeReceipt {
  verificationId: string;
  sendIndex: number;
  status: 'delivered' | 'failed';
  provider: string;
  reason?: string;
}

export interface Receiver {
  /** Resolves when they are kept; the rest goes on in the background. Rejects: let the carrier report again. */
  receive(provider: string, receipts: readonly ProviderReceipt[]): Promise<void>;
  /** Works in what could not be worked in when it came. Returns how many were looked at. */
  lookAgain(now: number): Promise<number>;
  /** Works in what was reported before a provider had answered. */
  attemptsEnded(
    attempts: readonly { provider: string; partIds: readonly string[]; reference: string }[],
  ): Promise<void>;
}

export interface ReceiverDeps {
  db: Database;
  queue: JobQueue;
  choice: Pick<ProviderChoice, 'route'>;
  routing: Pick<Routing, 'reported'>;
  now: Now;
  /** Throws when it could not be worked in: it is told again. */
  onCode(receipt: CodeReceipt): Promise<void> | void;
  keepOptOuts: KeepOptOuts;
  background(task: Promise<unknown>): void;
  onError(error: unknown): void;
  metrics: { reported(provider: string, status: string): void };
  /** Of these providers one receipt stands for the whole message, whatever ids its parts have. */
  reportsOnce(provider: string): boolean;
}

const BATCH = 200;
const BATCH_BESIDE_CODES = 50;
/** Receipts in memory; about 10 MB. */
const MAX_WORKING = 10_000;
/** After 2 s, 4 s, 8 s … more than an hour; then a receipt stays parked until it is purged. */
const LONGEST_LOOK_MS = FIRST_LOOK_MS * 2 ** 11;

export function createReceiver(deps: ReceiverDeps): Receiver {
  const { db, queue, choice, now } = deps;
  const { bulk } = db;
  const { kysely, dialect } = bulk;
  const keep = createReceiptKeeper(bulk);
  const options = { reportsOnce: deps.reportsOnce, canFailOver, keepOptOuts: deps.keepOptOuts };
  const batchSize = () => (codeTraffic.isAbout() ? BATCH_BESIDE_CODES : BATCH);
  let working = 0;
  const find = createBatcher(async (groups: ReceiptRow[][]) => {
    const found = Map.groupBy(await findTargets(bulk, groups.flat()), ({ receipt }) => receipt);
    return groups.map((group) => group.flatMap((receipt) => found.get(receipt) ?? []));
  }, BATCH);
  const applyCodes = createBatcher(applyTo.bind(null, db), BATCH);
  const applyOthers = createBatcher(applyTo.bind(null, bulk), batchSize);

  async function applyTo(store: Database, groups: Target[][]): Promise<Target[][]> {
    await workInAndTell(store, groups.flat());
    return groups;
  }

  /** A code may have to go on to its next step: it waits for nothing that waits for codes. */
  async function apply(targets: readonly Target[]): Promise<void> {
    const [codes, others] = [targets.filter(isOfCode), targets.filter((target) => !isOfCode(target))];
    await Promise.all([codes.length > 0 && applyCodes(codes), others.length > 0 && applyOthers(others)]);
  }

  async function workInAndTell(store: Database, targets: readonly Target[]): Promise<void> {
    const { reports, codes, goesOn } = await workIn(store, queue, targets, options, now());
    if (goesOn) queue.wake();
    for (const { message, attempt, status } of reports) {
      const { channel, country } = message;
      const outcome = status === 'delivered' ? 'delivered' : 'undelivered';
      deps.routing.reported({ provider: attempt.provider, channel: channel as Channel, country }, outcome, now());
    }
    const untold = await tell(reports);
    await settleTold(codes.filter(({ messageId, attempt }) => !untold.has(nameOf(messageId, attempt))));
  }

  function canFailOver(state: MessageState): boolean {
    const { message } = state;
    const at = now();
    if (message.purpose === 'code' || (message.expires_at ?? Infinity) <= at) return false;
    return routeAgain(choice, state, at).candidates.length > 0;
  }

  /**
   * A code's verification goes on to its next step at once, none waits for another's. Answers with those that could not
   * be told.
   */
  async function tell(reports: readonly AttemptReport[]): Promise<Set<string>> {
    const untold = new Set<string>();
    const tellInOrder = async (own: readonly AttemptReport[]) => {
      for (const report of own) {
        const receipt = toCodeReceipt(report);
        try {
          if (receipt) await deps.onCode(receipt);
        } catch (error) {
          deps.onError(error);
          untold.add(nameOf(report.message.id, report.attempt.number));
        }
      }
    };
    const ofEach = Map.groupBy(reports, ({ message }) => message.verification_id ?? message.id);
    await Promise.all([...ofEach.values()].map(tellInOrder));
    return untold;
  }

  async function settleTold(attempts: readonly { messageId: string; attempt: number }[]): Promise<void> {
    if (attempts.length === 0) return;
    const rows = attempts.map(({ messageId, attempt }) => ({ message_id: messageId, attempt }));
    // With `is not null` Postgres would read the index of all that have been due.
    await sql`
      update receipts set due_at = null from ${rowSet(dialect, { message_id: 'text', attempt: 'bigint' }, rows)}
      where receipts.message_id = r.message_id and receipts.attempt = r.attempt and coalesce(receipts.due_at, 0) > 0
    `.execute(kysely);
  }

  /** Before the work: a receipt that breaks something must not come back at once. */
  async function postpone(due: readonly ReceiptRow[], at: number): Promise<void> {
    const rows = due.map(({ key, received_at }) => {
      const age = Math.max(at - received_at, FIRST_LOOK_MS);
      return { key, due_at: age > LONGEST_LOOK_MS ? null : at + age };
    });
    await sql`
      update receipts set due_at = r.due_at from ${rowSet(dialect, { key: 'text', due_at: 'bigint' }, rows)}
      where receipts.key = r.key
    `.execute(kysely);
  }

  async function tellAgain(receipts: readonly ReceiptRow[]): Promise<void> {
    const ids = [...new Set(receipts.flatMap(({ message_id }) => message_id ?? []))];
    if (ids.length === 0) return;
    const messages = await kysely.selectFrom('messages').selectAll().where('id', 'in', ids).execute();
    const attempts = await attemptsOf(bulk, ids);
    const about = attempts.filter((attempt) =>
      receipts.some(
        ({ message_id, attempt: number }) => message_id === attempt.message_id && number === attempt.number,
      ),
    );
    const reports = about.flatMap((attempt): AttemptReport[] => {
      const message = messages.find(({ id }) => id === attempt.message_id);
      const status = attempt.status as Parameters<typeof hasFailed>[0];
      if (!message || !(hasArrived(status) || hasFailed(status))) return [];
      const isWhole = status === 'delivered' || status === 'read';
      return [{ message, attempt, status: isWhole ? 'delivered' : 'failed' }];
    });
    const untold = await tell(reports);
    const told = about.filter(({ message_id, number }) => !untold.has(nameOf(message_id, number)));
    await settleTold(told.map(({ message_id, number }) => ({ messageId: message_id, attempt: number })));
  }

  const parked = (named: RawBuilder<SqlBool>) =>
    lookUp(dialect, 'receipts', 'parked', sql`parked.provider = r.provider and ${named} and parked.message_id is null`);

  return {
    async receive(provider, receipts) {
      if (receipts.length === 0) return;
      for (const { status } of receipts) deps.metrics.reported(provider, status);
      const at = now();
      const rows = new Map(receipts.map((receipt) => toReceiptRow(provider, receipt, at)).map((row) => [row.key, row]));
      const fresh = await keep([...rows.values()]);
      // Kept it is: what comes faster than it can be worked in is left to the watch.
      if (fresh.length === 0 || working > MAX_WORKING) return;
      working += fresh.length;
      const work = find(fresh).then(apply);
      deps.background(
        work.finally(() => {
          working -= fresh.length;
        }),
      );
    },

    async lookAgain(at) {
      const query = kysely.selectFrom('receipts').selectAll().where('due_at', '<=', at).orderBy('due_at').limit(BATCH);
      const due = await query.execute();
      if (due.length === 0) return 0;
      await postpone(due, at);
      await apply(
        await findTargets(
          bulk,
          due.filter(({ message_id }) => message_id === null),
        ),
      );
      await tellAgain(due.filter(({ message_id }) => message_id !== null));
      return due.length;
    },

    async attemptsEnded(attempts) {
      const rows = attempts.flatMap(({ provider, partIds, reference }) => [
        { provider, provider_id: null, reference },
        ...partIds.map((id) => ({ provider, provider_id: id, reference: null })),
      ]);
      if (rows.length === 0) return;
      const given = rowSet(dialect, { provider: 'text', provider_id: 'text', reference: 'text' }, rows);
      const { rows: waiting } = await sql<ReceiptRow>`
        select parked.* from ${given} ${parked(sql`parked.provider_id = r.provider_id`)}
        union
        select parked.* from ${given} ${parked(sql`parked.reference = r.reference`)}
      `.execute(kysely);
      await apply(await findTargets(bulk, waiting));
    },
  };
}

const isOfCode = ({ purpose }: Target) => purpose === 'code';

const nameOf = (messageId: string, attempt: number) => `${messageId} ${attempt}`;

function toCodeReceipt({ message, attempt, status }: AttemptReport): CodeReceipt | null {
  if (message.verification_id === null || message.send_index === null) return null;
  return {
    verificationId: message.verification_id,
    sendIndex: message.send_index,
    status,
    provider: attempt.provider,
    ...(attempt.reason !== null && { reason: attempt.reason }),
  };
}
