import { createHash, type KeyObject } from 'node:crypto';
import type { CompiledQuery } from 'kysely';
import type { AuditEvent } from '../../audit/event.ts';
import type { Database } from '../../db/open.ts';
import { batchTransaction } from '../../db/transaction.ts';
import type { JobQueue } from '../../jobs/queue.ts';
import { createBatcher } from '../../lib/batch.ts';
import type { Channel } from '../../lib/channels.ts';
import { StoreUnavailable } from '../../lib/errors.ts';
import { encodeId, newId } from '../../lib/ids.ts';
import { measureText } from '../../lib/text/encode-text.ts';
import type { ProviderChoice } from '../choose-provider.ts';
import type { Recordings } from '../recordings/recordings.ts';
import { cleanBody } from './clean-body.ts';
import { type MessageContent, readContent } from './content.ts';
import { messageEvents } from './events.ts';
import type { GateQuestion, MessageGate } from './gate.ts';
import { jobOf } from './job-of.ts';
import type { MessageRow } from './load.ts';
import type { MessageStatus } from './message.ts';
import { type CallInput, type CallPolicy, findCallMember, readCall, USUAL_CALLS } from './read-call.ts';
import { hashRecipient, type Recipient, readRecipient } from './recipient.ts';
import { type Shortened, type Shortener, shortenLinks } from './short-links.ts';
import { messageStatements } from './statements.ts';
import { UNSENT } from './unsent-message.ts';
import type { WordedMessage, WordMessage } from './words.ts';

/** The body of POST /v1/messages, its shape already checked. */
export interface MessageInput extends CallInput {
  to: string;
  text?: string;
  subject?: string;
  /** In place of them. */
  template?: string;
  /** Default: the newest that is approved, else the newest. */
  template_version?: number;
  variables?: Record<string, string | number | { amount: string; currency: string }>;
  channel?: Channel;
  purpose?: 'transactional' | 'marketing';
  sender?: string;
  locale?: string;
  smart_encoding?: boolean;
  shorten_links?: boolean;
  send_at?: string;
  validity_seconds?: number;
  metadata?: Record<string, string>;
}

export interface MessageCaller {
  project: string;
  mode: 'live' | 'test';
  /** API key id. */
  actor: string;
  /** How its policy has calls made; default: as policies do by default. */
  calls?: CallPolicy;
  /** Which of its messages go out in an approved template only; default: none. */
  templateReview?: 'none' | 'marketing' | 'all';
}

export type CreateResult =
  | { kind: 'created'; message: MessageRow }
  | { kind: 'invalid_recipient'; channel: Channel }
  | { kind: 'invalid'; pointer: string; message: string }
  | Exclude<WordedMessage, { kind: 'worded' }>
  | { kind: 'no_provider'; channel: Channel };

export interface CreateDeps {
  db: Database;
  queue: JobQueue;
  choice: Pick<ProviderChoice, 'carries'>;
  hashKey: KeyObject;
  recordings: Pick<Recordings, 'find'>;
  gate: MessageGate;
  /** Default: every message brings its own words. */
  wordMessage?: WordMessage;
  /** Null: nothing is shortened here. */
  shortener?: Shortener | null;
}

/** More than a carrier joins together reliably. */
const MAX_SEGMENTS = 10;
const MAX_AHEAD_MS = 7 * 86_400_000;
const VALIDITY_SECONDS = 86_400;
const BATCH = 200;

/** Records messages: when it resolves, nothing can forget them any more. They are sent afterwards. */
export function createMessages(deps: CreateDeps) {
  const { db, queue } = deps;
  const { prepare, inserts } = createMessageInserts(deps);
  const record = createBatcher(recordAll, BATCH);

  async function recordAll(messages: NewMessage[]): Promise<(MessageRow | Error)[]> {
    try {
      return await insert(messages);
    } catch (error) {
      if (error instanceof StoreUnavailable || messages.length === 1) throw error;
      // One that the database will not take keeps no other out.
      const alone = (message: NewMessage) => insert([message]).then((kept) => kept[0] ?? message.row, toError);
      return Promise.all(messages.map(alone));
    }
  }

  /** A rerun makes the same ids: it finds everything there, and changes nothing. */
  async function insert(given: readonly NewMessage[]): Promise<MessageRow[]> {
    const { rows, statements } = await inserts(given);
    await batchTransaction(db, {}, (batch) => batch.commit(...statements));
    return rows;
  }

  return async (caller: MessageCaller, given: MessageInput, now: number, seed?: string): Promise<CreateResult> => {
    const prepared = await prepare(caller, given, now, seed);
    if (prepared.kind !== 'prepared') return prepared;
    const message = await record(prepared.message);
    if (message instanceof Error) throw message;
    if (message.status === 'accepted') queue.wake();
    return { kind: 'created', message };
  };
}

/** The two halves of `createMessages`, for whoever records messages together with rows of its own. */
export interface MessageInserts {
  /** Keeps nothing. */
  prepare(caller: MessageCaller, given: MessageInput, now: number, seed?: string): Promise<Prepared>;
  /** What to commit, in one transaction. Wake the queue when it is. */
  inserts(
    messages: readonly NewMessage[],
  ): Promise<{ rows: MessageRow[]; statements: readonly (CompiledQuery | null)[] }>;
}

export type Prepared = { kind: 'prepared'; message: NewMessage } | Exclude<CreateResult, { kind: 'created' }>;

export function createMessageInserts(deps: CreateDeps): MessageInserts {
  const { queue, choice, hashKey, recordings, gate, wordMessage = bringsItsOwn, shortener = null } = deps;
  const compiled = messageStatements(deps.db);

  return {
    async prepare(caller, given, now, seed) {
      const worded = await wordMessage(caller, given);
      if (worded.kind !== 'worded') return worded;
      const channel = given.channel ?? 'sms';
      const recipient = readRecipient(channel, given.to);
      if (!recipient) return { kind: 'invalid_recipient', channel };
      const id = seed === undefined ? newId('msg') : `msg_${seededId(seed)}`;
      const hash = hashRecipient(hashKey, recipient);
      const short = shortenLinks(shortener, caller, worded, { id, hash, masked: recipient.masked }, now);
      if (short.kind === 'invalid') return short;
      const { input, extra, links } = short;
      const problem = findProblem(input, channel, now);
      if (problem) return { kind: 'invalid', ...problem };
      if (!choice.carries(caller.mode, channel)) return { kind: 'no_provider', channel };
      const { calls = USUAL_CALLS } = caller;
      const read = channel === 'voice' ? await readCall(input, calls, (id) => recordings.find(caller, id)) : null;
      if (read?.kind === 'invalid') return read;
      const words = { ...extra, ...(read && { call: read.call }) };
      return {
        kind: 'prepared',
        message: { row: toRow(caller, input, channel, recipient, hash, words, now, id), links },
      };
    },

    async inserts(given) {
      const refusals = await gate(given.map(({ row }) => toQuestion(row)));
      const rows = given.map(({ row }, index): MessageRow => {
        const reason = refusals[index] ?? null;
        return reason === null ? row : { ...row, status: 'blocked', reason };
      });
      const jobs = rows
        .filter(({ status }) => status !== 'blocked')
        .map((row) => jobOf(row, row.send_at ?? row.created_at));
      const statements = [
        compiled.insertMessages(rows),
        shortener?.insert(given.flatMap(({ links }) => links)) ?? null,
        queue.enqueue(jobs),
        compiled.insertEvents(rows.flatMap(createdEvent)),
      ];
      return { rows, statements };
    },
  };
}

/** A message with the links that were shortened in it. */
export interface NewMessage {
  row: MessageRow;
  links: Shortened['rows'];
}

const bringsItsOwn: WordMessage = async (_, input) => ({ kind: 'worded', input, extra: {} });

/** Why a message with these words cannot be sent by the channel, if so. */
export function findProblem(
  input: MessageInput,
  channel: Channel,
  now: number,
): { pointer: string; message: string } | null {
  const member = channel === 'voice' ? undefined : findCallMember(input);
  if (member !== undefined) return { pointer: `/${member}`, message: 'is for calls only' };
  if (input.text === undefined && input.recording === undefined) return { pointer: '/text', message: 'is required' };
  const text = cleanBody(input.text ?? '');
  if (text === '' && input.text !== undefined) return { pointer: '/text', message: 'has no visible character' };
  if (channel === 'sms' && sizeOf(text, input).segments > MAX_SEGMENTS) {
    return { pointer: '/text', message: `takes more than ${MAX_SEGMENTS} segments` };
  }
  if (channel === 'email' && input.subject === undefined) {
    return { pointer: '/subject', message: 'is required for e-mail' };
  }
  if (channel !== 'email' && input.subject !== undefined) {
    return { pointer: '/subject', message: 'is for e-mail only' };
  }
  if (input.send_at !== undefined && Date.parse(input.send_at) > now + MAX_AHEAD_MS) {
    return { pointer: '/send_at', message: 'must be within seven days' };
  }
  return null;
}

function toRow(
  caller: MessageCaller,
  input: MessageInput,
  channel: Channel,
  recipient: Recipient,
  recipientHash: string,
  words: Omit<MessageContent, 'text'>,
  now: number,
  id: string,
): MessageRow {
  const text = cleanBody(input.text ?? '');
  const size = channel === 'sms' ? sizeOf(text, input) : null;
  const sendAt = input.send_at === undefined ? null : Date.parse(input.send_at);
  const startsAt = Math.max(sendAt ?? now, now);
  const content: MessageContent = {
    text,
    ...(input.subject !== undefined && { subject: cleanBody(input.subject).replaceAll('\n', ' ') }),
    ...(input.smart_encoding && { smartEncoding: true }),
    ...words,
  };
  return {
    ...UNSENT,
    id,
    project_id: caller.project,
    mode: caller.mode,
    purpose: input.purpose ?? 'transactional',
    channel,
    recipient: recipient.address,
    recipient_hash: recipientHash,
    recipient_masked: recipient.masked,
    verification_id: null,
    send_index: null,
    content: JSON.stringify(content),
    sender: input.sender ?? null,
    locale: input.locale ?? null,
    encoding: size?.encoding ?? null,
    segments: size?.segments ?? null,
    country: recipient.country,
    status: startsAt > now ? 'scheduled' : 'accepted',
    metadata: input.metadata === undefined ? null : JSON.stringify(input.metadata),
    actor: caller.actor,
    send_at: startsAt > now ? startsAt : null,
    expires_at: startsAt + (input.validity_seconds ?? VALIDITY_SECONDS) * 1000,
    created_at: now,
    updated_at: now,
    campaign_id: null,
    contact_id: null,
  };
}

const sizeOf = (text: string, { smart_encoding: smart = false }: MessageInput) => measureText(text, { smart });

/** Its id derives from the message's: there is one for each. */
function createdEvent(row: MessageRow): AuditEvent[] {
  const data = {
    segments: row.segments,
    ...templateOf(row),
    ...(row.send_at !== null && { send_at: new Date(row.send_at).toISOString() }),
  };
  const said = row.status === 'blocked' ? { reason: row.reason } : data;
  return messageEvents(row, row.status as MessageStatus, row.actor, row.created_at, said).map((event) => ({
    ...event,
    id: row.id.replace('msg_', 'evt_'),
  }));
}

function templateOf({ content }: MessageRow) {
  const { template } = readContent(content);
  return template && { template_id: template.id, template_version: template.version };
}

function toQuestion({ project_id: project, mode, channel, purpose, recipient_hash, sender }: MessageRow): GateQuestion {
  return { project, mode, channel: channel as Channel, purpose, addressHash: recipient_hash, sender };
}

function seededId(seed: string): string {
  return encodeId(createHash('sha256').update(`message\0${seed}`).digest().subarray(0, 26));
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
