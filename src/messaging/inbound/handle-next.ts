import type { KeyObject } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import { insertEvents } from '../../audit/insert-events.ts';
import type { Database } from '../../db/open.ts';
import type { Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { InboundRow } from '../../delivery/messages/keep-inbound.ts';
import type { JobQueue } from '../../jobs/queue.ts';
import { backOffMs } from '../../jobs/worker.ts';
import type { Channel } from '../../lib/channels.ts';
import { parsePhone } from '../../lib/phone.ts';
import { readReply } from '../consent/keywords/read-reply.ts';
import { type Owner, readAddressee } from '../consent/subject.ts';
import type { AutoReply, Handled, InboundHandler, InboundTurn } from './inbound.ts';
import { findLastWriter } from './number-owners.ts';
import { UNOWNED } from './offer-unowned.ts';
import { receivedEvent } from './received-event.ts';
import { replyJobs } from './reply-queue.ts';

export interface ChainDeps {
  db: Database;
  hashKey: KeyObject;
  /** STOP and the like, of a message whose process died before it could act on them. */
  takeReplies(messages: readonly InboundRow[]): Promise<unknown>;
  handlers: readonly InboundHandler[];
  replies: Pick<JobQueue, 'enqueue' | 'wake'>;
  onError(error: unknown): void;
}

const MAX_TRIES = 8;
/** To one person in an hour: who answers more of our answers is a machine. */
const MAX_REPLIES = 20;
const REPLIES_MS = 3_600_000;

/** Handles the message that has waited longest. False: none is due, or others have all that are. */
export async function handleNext(deps: ChainDeps, now: number): Promise<boolean> {
  const { db } = deps;
  let message: InboundRow | undefined;
  let replies = 0;
  try {
    await writeTransaction(db, {}, async (trx) => {
      message = await lockNext(trx, db.dialect, now);
      replies = message && message.consent_at !== null ? await handle(deps, trx, message, now) : 0;
    });
  } catch (error) {
    if (!message) throw error;
    deps.onError(error);
    await postpone(db, message, now);
    return true;
  }
  if (message?.consent_at === null) await actOnConsent(deps, message, now);
  if (replies > 0) deps.replies.wake();
  return message !== undefined;
}

/** When the one that has waited longest was due. Asked before anything is locked: most of the time there is none. */
export async function oldestDue({ kysely }: Database, now: number): Promise<number | null> {
  const due = kysely.selectFrom('inbound_messages').select('due_at').where('due_at', '<=', now);
  return (await due.orderBy('due_at').limit(1).executeTakeFirst())?.due_at ?? null;
}

/** Never one of a person who has an earlier one waiting. Whoever locks it has it until its transaction ends. */
async function lockNext(
  trx: Transaction<Schema>,
  dialect: Database['dialect'],
  now: number,
): Promise<InboundRow | undefined> {
  const { rows } = await sql<InboundRow>`
    select i.* from inbound_messages i
    where i.due_at <= ${now} and not exists (
      select 1 from inbound_messages e where e.sender_hash = i.sender_hash and e.due_at is not null
        and (e.received_at, e.place, e.id) < (i.received_at, i.place, i.id))
    order by i.due_at, i.place, i.id limit 1 ${dialect === 'postgres' ? sql`for update of i skip locked` : sql``}
  `.execute(trx);
  return rows[0];
}

async function actOnConsent({ db, takeReplies, onError }: ChainDeps, message: InboundRow, now: number): Promise<void> {
  try {
    await takeReplies([message]);
    await consentTaken(db, [message], now);
  } catch (error) {
    onError(error);
    await postpone(db, message, now);
  }
}

/** From here on it is handled as soon as it is its turn. */
export async function consentTaken({ kysely }: Database, messages: readonly InboundRow[], now: number): Promise<void> {
  await kysely
    .updateTable('inbound_messages')
    .set({ consent_at: now, due_at: now })
    .where(
      'id',
      'in',
      messages.map(({ id }) => id),
    )
    .where('due_at', 'is not', null)
    .execute();
}

async function postpone({ kysely }: Database, { id, tries }: InboundRow, now: number): Promise<void> {
  const isOver = tries + 1 >= MAX_TRIES;
  await kysely
    .updateTable('inbound_messages')
    .set({ tries: tries + 1, due_at: isOver ? null : now + backOffMs(tries + 1), ...(isOver && { reason: 'failed' }) })
    .where('id', '=', id)
    .where('due_at', 'is not', null)
    .execute();
}

/** Answers with how many replies it gave. */
async function handle(deps: ChainDeps, trx: Transaction<Schema>, message: InboundRow, now: number): Promise<number> {
  const owner = ownerOf(message) ?? (await findLastWriter({ kysely: trx, dialect: deps.db.dialect }, message));
  if (!owner) {
    await end(trx, message, { reason: UNOWNED });
    return 0;
  }
  const who = readAddressee(deps.hashKey, message.sender, message.channel as Channel);
  const handlers = message.reason === UNOWNED ? deps.handlers.filter(({ takesLate }) => takesLate) : deps.handlers;
  const done = who ? await askAll(handlers, toTurn(trx, message, owner, who, now)) : NOBODY;
  const isTooMuch =
    done.replies.length > 0 && (await repliesSince(trx, message, owner, now - REPLIES_MS)) >= MAX_REPLIES;
  const inputs = isTooMuch || message.channel === 'voice' ? [] : done.replies.map((reply) => toInput(message, reply));
  const jobs = deps.replies.enqueue(replyJobs(message.id, owner, inputs, now));
  if (jobs) await trx.executeQuery(jobs);
  await end(trx, message, {
    ...{ project_id: owner.project, mode: owner.mode },
    ...{ handled_by: done.takenBy, replies: inputs.length },
    reason: who === null ? 'unreadable_sender' : isTooMuch ? 'reply_limit' : null,
    handled_at: now,
  });
  await insertEvents(trx, [receivedEvent(message, owner, who, { ...done.data, handled_by: done.takenBy }, now)]);
  return inputs.length;
}

function toTurn(
  trx: Transaction<Schema>,
  message: InboundRow,
  owner: Owner,
  who: InboundTurn['who'],
  now: number,
): InboundTurn {
  const read = readReply(message.text, parsePhone(message.sender)?.country ?? null);
  // Who wrote START or YES may mean a keyword of the project too.
  const isConsents = read?.kind === 'stop' || read?.kind === 'help';
  return { trx, message, owner, who, read, takenBy: isConsents ? 'consent' : null, now };
}

interface Done {
  takenBy: string | null;
  replies: readonly AutoReply[];
  data: Record<string, string>;
}

const NOBODY: Done = { takenBy: null, replies: [], data: {} };

async function askAll(handlers: readonly InboundHandler[], turn: InboundTurn): Promise<Done> {
  let { takenBy } = turn;
  const replies: AutoReply[] = [];
  const data: Record<string, string> = {};
  for (const { name, handle } of handlers) {
    const handled: Handled | null = await handle({ ...turn, takenBy });
    if (!handled) continue;
    if (handled.takes) takenBy ??= name;
    replies.push(...(handled.replies ?? []));
    Object.assign(data, handled.data);
  }
  return { takenBy, replies, data };
}

async function repliesSince(
  trx: Transaction<Schema>,
  { sender_hash: hash }: InboundRow,
  { project, mode }: Owner,
  since: number,
): Promise<number> {
  const { given } = await trx
    .selectFrom('inbound_messages')
    .select((eb) => eb.fn.sum<number | string | null>('replies').as('given'))
    .where('sender_hash', '=', hash)
    .where('project_id', '=', project)
    .where('mode', '=', mode)
    .where('received_at', '>', since)
    .executeTakeFirstOrThrow();
  return Number(given ?? 0);
}

async function end(
  trx: Transaction<Schema>,
  { id }: InboundRow,
  changes: Partial<Omit<InboundRow, 'id'>>,
): Promise<void> {
  await trx
    .updateTable('inbound_messages')
    .set({ ...changes, due_at: null })
    .where('id', '=', id)
    .execute();
}

const ownerOf = ({ project_id: project, mode }: InboundRow): Owner | null =>
  project === null ? null : { project, mode };

function toInput({ sender, recipient, channel }: InboundRow, reply: AutoReply) {
  return { ...reply, to: sender, sender: recipient, channel: channel as Channel };
}
