import type { AuditEvent } from '../../audit/event.ts';
import type { Database } from '../../db/open.ts';
import type { MessagePartTable, MessageTable } from '../../db/schema.ts';
import { batchTransaction } from '../../db/transaction.ts';
import type { Claimed, JobQueue, NewJob, PutBack } from '../../jobs/queue.ts';
import { StoreUnavailable } from '../../lib/errors.ts';
import type { Price } from '../provider.ts';
import { type FreshCode, foldFreshCodes, outcomeOf, toPartRows } from './fresh-codes.ts';
import type { AttemptStatus, MessageStatus } from './message.ts';
import { messageStatements } from './statements.ts';

/** A try is about to be made. */
export interface AttemptBegun {
  kind: 'begun';
  messageId: string;
  /** From 1. */
  attempt: number;
  provider: string;
  sender: string;
  /** JSON of the decision. */
  route: string;
  at: number;
  /** When its process must be taken for dead. */
  dueAt: number;
  /** Of a code: its message is written together with its first attempt. */
  message?: MessageTable;
}

/** A provider has answered, or will not. */
export interface AttemptEnded {
  kind: 'ended';
  messageId: string;
  attempt: number;
  provider: string;
  status: Extract<AttemptStatus, 'sent' | 'failed' | 'rejected' | 'unknown'>;
  reason: string | null;
  carrierCode: string | null;
  price: Price | null;
  mccMnc: string | null;
  /** The carrier's ids, one for each part; none unless it was taken. */
  partIds: readonly string[];
  at: number;
  /** What is to become of the message; null while another provider is tried at once. */
  after: {
    status: MessageStatus;
    dueAt: number | null;
    event?: AuditEvent;
    /** What becomes of its job, in the same transaction. */
    complete?: Claimed;
    putBack?: PutBack & NewJob;
  } | null;
}

/** The process that sent this code died before it wrote anything of it. */
export interface CodeLost {
  kind: 'lost';
  messageId: string;
  message: MessageTable;
}

export type SendEntry = AttemptBegun | AttemptEnded | CodeLost;
type Known = Exclude<SendEntry, CodeLost>;

/** `refused`: an attempt may not begin, because the message was called off or somebody else took it up first. */
export type Written = 'written' | 'refused' | 'failed';

/**
 * Writes what happens to messages while they are sent; of all that comes at a time, in one transaction. Writing an
 * entry again changes nothing.
 */
export type WriteEntries = (entries: readonly SendEntry[]) => Promise<Written[]>;

export function createSendLog(db: Database, queue: JobQueue): WriteEntries {
  const statements = messageStatements(db);

  /** Answers with the codes that something is written of already. */
  async function writeFreshCodes(codes: readonly FreshCode[]): Promise<FreshCode[]> {
    if (codes.length === 0) return [];
    const rows = codes.map(({ message }) => message).sort(byId);
    return batchTransaction(db, {}, async (batch) => {
      const [inserted] = await batch.run(statements.insertMessages(rows));
      const ids = new Set(inserted.map(({ id }) => id));
      const fresh = codes.filter(({ message }) => ids.has(message.id));
      await batch.commit(
        statements.insertLooks(fresh.map(({ message }) => message)),
        statements.insertEndedAttempts(fresh.flatMap(({ attempts }) => attempts)),
        statements.insertParts(newestOfEach(fresh.flatMap(({ parts }) => parts))),
      );
      return codes.filter(({ message }) => !ids.has(message.id));
    });
  }

  async function writeWave(entries: readonly Known[]): Promise<Written[]> {
    const begun = entries.filter((entry) => entry.kind === 'begun').sort(byMessage);
    const ended = entries.filter((entry) => entry.kind === 'ended').sort(byMessage);
    const known = begun.filter(({ message }) => message === undefined);
    const changed = ended.filter(({ after }) => after !== null);
    const taken = await batchTransaction(db, {}, async (batch) => {
      const [, taken, , , settled] = await batch.run(
        statements.insertMessages(begun.flatMap(({ message }) => message ?? [])),
        statements.beginMessages(known.map(toBegunRow)),
        statements.insertAttempts(begun.map(toBegunRow)),
        statements.endAttempts(ended.map(toEndedRow)),
        statements.endMessages(changed.map(toChange)),
        statements.insertParts(newestOfEach(ended.flatMap(toPartRows))),
      );
      const looks = [...begun.map(({ messageId: id, dueAt: due_at }) => ({ id, due_at })), ...changed.map(toChange)];
      const settledIds = new Set(settled.map(({ id }) => id));
      const settling = changed.filter(({ messageId }) => settledIds.has(messageId));
      await batch.commit(
        statements.insertLooks(looks),
        statements.insertEvents(settling.flatMap(({ after }) => after?.event ?? [])),
        // Gone, if its process had been given up meanwhile.
        queue.enqueue(settling.flatMap(({ after }) => after?.putBack ?? [])),
        queue.complete(changed.flatMap(({ after }) => after?.complete ?? [])),
        queue.putBack(changed.flatMap(({ after }) => after?.putBack ?? [])),
      );
      return new Set(taken.map(({ id }) => id));
    });
    return entries.map((entry) =>
      entry.kind === 'ended' || entry.message !== undefined || taken.has(entry.messageId) ? 'written' : 'refused',
    );
  }

  /** One entry that the database will not take must not keep the others out. */
  async function apart<Item, Answer>(
    items: readonly Item[],
    write: (items: readonly Item[]) => Promise<Answer[]>,
    failed: (item: Item) => Answer[],
  ): Promise<Answer[]> {
    try {
      return await write(items);
    } catch (error) {
      if (error instanceof StoreUnavailable || items.length === 1) throw error;
      const answers: Answer[] = [];
      for (const item of items) answers.push(...(await write([item]).catch(() => failed(item))));
      return answers;
    }
  }

  return async (entries) => {
    const written = new Map<SendEntry, Written>();
    const { codes, rest } = foldFreshCodes(entries);
    const refused = new Set<FreshCode>();
    const known = await apart(codes, writeFreshCodes, (code) => {
      refused.add(code);
      return [];
    });
    for (const code of codes)
      for (const entry of code.entries) written.set(entry, refused.has(code) ? 'failed' : 'written');
    const further = known.flatMap((code) => code.entries).filter((entry) => entry.kind !== 'lost');
    for (const wave of toWaves([...rest.filter((entry) => entry.kind !== 'lost'), ...further])) {
      const answers = await apart(wave, writeWave, (): Written[] => ['failed']);
      for (const [index, entry] of wave.entries()) written.set(entry, answers[index] ?? 'failed');
    }
    return entries.map((entry) => written.get(entry) ?? 'failed');
  };
}

/** What happens to one message happens in order; entries of different messages go together. */
function toWaves(entries: readonly Known[]): Known[][] {
  const counts = new Map<string, number>();
  const waves: Known[][] = [];
  for (const entry of entries) {
    const wave = counts.get(entry.messageId) ?? 0;
    counts.set(entry.messageId, wave + 1);
    const going = waves[wave];
    if (going) going.push(entry);
    else waves.push([entry]);
  }
  return waves;
}

/** One order for all processes: they wait for each other, but never in a circle. */
function byMessage(a: SendEntry, b: SendEntry): number {
  return a.messageId < b.messageId ? -1 : 1;
}

function byId(a: MessageTable, b: MessageTable): number {
  return a.id < b.id ? -1 : 1;
}

/** A row can be written only once in a statement; a carrier may well give two messages the same id. */
export function newestOfEach(rows: readonly MessagePartTable[]): MessagePartTable[] {
  return [...new Map(rows.map((row) => [`${row.provider} ${row.provider_id}`, row])).values()];
}

function toBegunRow({ messageId, attempt, provider, sender, route, at, dueAt }: AttemptBegun) {
  return { message_id: messageId, number: attempt, provider, sender, route, started_at: at, due_at: dueAt };
}

function toEndedRow(entry: AttemptEnded) {
  const { messageId, attempt, status, at } = entry;
  return { ...outcomeOf(entry), message_id: messageId, number: attempt, status, ended_at: at };
}

function toChange(entry: AttemptEnded) {
  const { messageId, attempt, status, mccMnc, at, after } = entry;
  return {
    ...outcomeOf(entry),
    id: messageId,
    attempts: attempt,
    status: after?.status ?? status,
    mcc_mnc: mccMnc,
    due_at: after?.dueAt ?? null,
    updated_at: at,
  };
}
