import type { AuditEvent } from '../../audit/event.ts';
import type { Database } from '../../db/open.ts';
import type { MessagePartTable, MessageTable } from '../../db/schema.ts';
import { batchTransaction } from '../../db/transaction.ts';
import type { Claimed, JobQueue, PutBack } from '../../jobs/queue.ts';
import { StoreUnavailable } from '../../lib/errors.ts';
import type { Price } from '../provider.ts';
import type { AttemptStatus, MessageStatus } from './message.ts';
import { createMessageStatements } from './statements.ts';

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
    putBack?: PutBack;
  } | null;
}

export type SendEntry = AttemptBegun | AttemptEnded;

/** `refused`: an attempt may not begin, because the message was called off or somebody else took it up first. */
export type Written = 'written' | 'refused' | 'failed';

/**
 * Writes what happens to messages while they are sent; of all that comes at a time, in one transaction. Writing an
 * entry again changes nothing.
 */
export type WriteEntries = (entries: readonly SendEntry[]) => Promise<Written[]>;

export function createSendLog(db: Database, queue: JobQueue): WriteEntries {
  const statements = createMessageStatements(db);

  async function writeWave(entries: readonly SendEntry[]): Promise<Written[]> {
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
      const settledIds = new Set(settled.map(({ id }) => id));
      const events = changed.flatMap(({ messageId, after }) => (settledIds.has(messageId) ? (after?.event ?? []) : []));
      await batch.commit(
        statements.insertEvents(events),
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
  async function writeApart(entries: readonly SendEntry[]): Promise<Written[]> {
    try {
      return await writeWave(entries);
    } catch (error) {
      if (error instanceof StoreUnavailable || entries.length === 1) throw error;
      const written: Written[] = [];
      for (const entry of entries) written.push(...(await writeWave([entry]).catch(() => ['failed' as const])));
      return written;
    }
  }

  return async (entries) => {
    const written = new Map<SendEntry, Written>();
    for (const wave of toWaves(entries)) {
      const answers = await writeApart(wave);
      for (const [index, entry] of wave.entries()) written.set(entry, answers[index] ?? 'failed');
    }
    return entries.map((entry) => written.get(entry) ?? 'failed');
  };
}

/** What happens to one message happens in order; entries of different messages go together. */
function toWaves(entries: readonly SendEntry[]): SendEntry[][] {
  const counts = new Map<string, number>();
  const waves: SendEntry[][] = [];
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

/** A row can be written only once in a statement; a carrier may well give two messages the same id. */
function newestOfEach(rows: readonly MessagePartTable[]): MessagePartTable[] {
  return [...new Map(rows.map((row) => [`${row.provider} ${row.provider_id}`, row])).values()];
}

function toBegunRow({ messageId, attempt, provider, sender, route, at, dueAt }: AttemptBegun) {
  return { message_id: messageId, number: attempt, provider, sender, route, started_at: at, due_at: dueAt };
}

function toEndedRow({ messageId, attempt, status, reason, carrierCode, price, at }: AttemptEnded) {
  return {
    message_id: messageId,
    number: attempt,
    status,
    reason,
    carrier_code: carrierCode,
    cost_amount: price?.amount ?? null,
    cost_currency: price?.currency ?? null,
    ended_at: at,
  };
}

function toChange({ messageId, attempt, status, reason, carrierCode, price, mccMnc, at, after }: AttemptEnded) {
  return {
    id: messageId,
    attempts: attempt,
    status: after?.status ?? status,
    reason,
    carrier_code: carrierCode,
    cost_amount: price?.amount ?? null,
    cost_currency: price?.currency ?? null,
    mcc_mnc: mccMnc,
    due_at: after?.dueAt ?? null,
    updated_at: at,
  };
}

function toPartRows({ messageId, attempt, provider, partIds, at }: AttemptEnded): MessagePartTable[] {
  return partIds.map((id, index) => ({
    provider,
    provider_id: id,
    message_id: messageId,
    attempt,
    part: index + 1,
    status: 'sent',
    reason: null,
    carrier_code: null,
    cost_amount: null,
    cost_currency: null,
    status_at: at,
  }));
}
