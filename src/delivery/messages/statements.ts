import { type CompiledQuery, type Kysely, type Selectable, sql } from 'kysely';
import type { AuditEvent } from '../../audit/event.ts';
import { EVENT_COLUMNS, type EventRow, toEventRow } from '../../audit/events-table.ts';
import type { Database } from '../../db/open.ts';
import { among, columnsOf, keysStatement, rowSet, setColumns } from '../../db/row-set.ts';
import type { MessageAttemptTable, MessageLookTable, MessagePartTable, MessageTable, Schema } from '../../db/schema.ts';
import { insertStatement, type WriteRows } from '../../db/write-rows.ts';

/** Statements over many rows: one text whatever their number, and one round trip for all that happens at a time. */

type Types<Row> = Readonly<Record<keyof Row & string, 'text' | 'bigint'>>;

const MESSAGE: Types<MessageTable> = {
  id: 'text',
  project_id: 'text',
  mode: 'text',
  purpose: 'text',
  channel: 'text',
  recipient: 'text',
  recipient_hash: 'text',
  recipient_masked: 'text',
  verification_id: 'text',
  send_index: 'bigint',
  content: 'text',
  sender: 'text',
  locale: 'text',
  encoding: 'text',
  segments: 'bigint',
  country: 'text',
  mcc_mnc: 'text',
  status: 'text',
  reason: 'text',
  carrier_code: 'text',
  provider: 'text',
  route: 'text',
  attempts: 'bigint',
  cost_amount: 'text',
  cost_currency: 'text',
  metadata: 'text',
  actor: 'text',
  send_at: 'bigint',
  expires_at: 'bigint',
  due_at: 'bigint',
  created_at: 'bigint',
  updated_at: 'bigint',
  campaign_id: 'text',
  contact_id: 'text',
};

const LOOK: Types<MessageLookTable> = { due_at: 'bigint', message_id: 'text' };

const PART: Types<MessagePartTable> = {
  provider: 'text',
  provider_id: 'text',
  message_id: 'text',
  attempt: 'bigint',
  part: 'bigint',
  status: 'text',
  reason: 'text',
  carrier_code: 'text',
  cost_amount: 'text',
  cost_currency: 'text',
  status_at: 'bigint',
};

export interface BegunAttempt
  extends Pick<MessageAttemptTable, 'message_id' | 'number' | 'provider' | 'sender' | 'started_at'> {
  route: string | null;
  due_at: number;
}

const BEGUN: Types<BegunAttempt> = {
  message_id: 'text',
  number: 'bigint',
  provider: 'text',
  sender: 'text',
  route: 'text',
  started_at: 'bigint',
  due_at: 'bigint',
};

type EndedAttempt = Omit<MessageAttemptTable, 'provider' | 'sender' | 'started_at'>;

const ATTEMPT: Types<MessageAttemptTable> = {
  message_id: 'text',
  number: 'bigint',
  provider: 'text',
  sender: 'text',
  status: 'text',
  reason: 'text',
  carrier_code: 'text',
  cost_amount: 'text',
  cost_currency: 'text',
  started_at: 'bigint',
  ended_at: 'bigint',
};

const ENDED: Types<EndedAttempt> = {
  message_id: 'text',
  number: 'bigint',
  status: 'text',
  reason: 'text',
  carrier_code: 'text',
  cost_amount: 'text',
  cost_currency: 'text',
  ended_at: 'bigint',
};

/** How a message stands after something happened to it. Costs and networks that are not told stay as they are. */
export interface MessageChange
  extends Pick<
    MessageTable,
    'id' | 'status' | 'reason' | 'carrier_code' | 'cost_amount' | 'cost_currency' | 'mcc_mnc' | 'due_at' | 'updated_at'
  > {
  /** The newest attempt as the change knows it: a newer one leaves it without effect. */
  attempts: number;
}

const CHANGE: Types<MessageChange> = {
  id: 'text',
  attempts: 'bigint',
  status: 'text',
  reason: 'text',
  carrier_code: 'text',
  cost_amount: 'text',
  cost_currency: 'text',
  mcc_mnc: 'text',
  due_at: 'bigint',
  updated_at: 'bigint',
};

export type MessageStatements = ReturnType<typeof createMessageStatements>;

const known = new WeakMap<Database, MessageStatements>();

/** Compiled once for each database. */
export function messageStatements(db: Database): MessageStatements {
  const statements = known.get(db) ?? createMessageStatements(db);
  known.set(db, statements);
  return statements;
}

function createMessageStatements(db: Database) {
  const { kysely, dialect } = db;
  const set = <Row>(types: Types<Row>, rows: readonly Row[]) =>
    rowSet(dialect, types, rows as readonly Record<keyof Row & string, string | number | null>[]);
  const amongAttempts = (rows: readonly EndedAttempt[]) =>
    among(dialect, 'message_attempts.message_id', rows.map(messageIdOf));

  const insertLookRows = insertStatement(db, 'message_looks', LOOK);
  const eventsBy = (insert: WriteRows<keyof EventRow>) => (events: readonly AuditEvent[]) =>
    insert(events.map(toEventRow));

  return {
    lockMessages: keysStatement(
      db,
      'id',
      (found) => sql<Selectable<MessageTable>>`
        select * from messages where ${found} order by id ${dialect === 'postgres' ? sql`for update` : sql``}`,
    ),

    /** What nobody has written before, else a unique violation: Postgres need not look first whether it is there. */
    insertFresh: {
      messages: insertStatement(db, 'messages', MESSAGE),
      attempts: insertStatement(db, 'message_attempts', ATTEMPT),
      parts: insertStatement(db, 'message_parts', PART),
      events: eventsBy(insertStatement(db, 'events', EVENT_COLUMNS)),
    },

    /** A message that is there already stays as it is; answers with the others. */
    insertMessages: insertStatement(
      db,
      'messages',
      MESSAGE,
      sql<{ id: string }>`on conflict (id) do nothing returning id`,
    ),

    /** With all that gives a message its `due_at`, else nobody looks at it then. One too many does no harm. */
    insertLooks: (rows: readonly { id: string; due_at: number | null }[]) =>
      insertLookRows(rows.flatMap(({ id, due_at }) => (due_at === null ? [] : { due_at, message_id: id }))),

    /** Of messages that were written in the same transaction. */
    insertEndedAttempts: insertStatement(
      db,
      'message_attempts',
      ATTEMPT,
      sql`on conflict (message_id, number) do nothing`,
    ),

    /** Takes up messages that nobody else has taken up and nobody has called off. Answers with those. */
    beginMessages: (rows: readonly BegunAttempt[]) =>
      when(rows, () =>
        compiled<{ id: string }>(
          kysely,
          sql`update messages set status = 'sending', attempts = r.number, provider = r.provider, route = r.route,
                due_at = r.due_at, updated_at = r.started_at
              from ${set(BEGUN, rows)}
              where messages.id = r.message_id and messages.attempts = r.number - 1
                and messages.status in ('accepted', 'scheduled', 'queued', 'sending')
              returning messages.id`,
        ),
      ),

    /** Only of messages that were taken up for it. */
    insertAttempts: (rows: readonly BegunAttempt[]) =>
      when(rows, () =>
        sql`insert into message_attempts (message_id, number, provider, sender, status, started_at)
            select r.message_id, r.number, r.provider, r.sender, 'sending', r.started_at
            from ${set(BEGUN, rows)} join messages on messages.id = r.message_id and messages.attempts >= r.number
            where true on conflict (message_id, number) do nothing`.compile(kysely),
      ),

    /** What a receipt has decided meanwhile stays. */
    endAttempts: (rows: readonly EndedAttempt[]) =>
      when(rows, () =>
        sql`update message_attempts set status = r.status, reason = r.reason, carrier_code = r.carrier_code,
              cost_amount = r.cost_amount, cost_currency = r.cost_currency, ended_at = r.ended_at
            from ${set(ENDED, rows)}
            where ${amongAttempts(rows)} and message_attempts.message_id = r.message_id
              and message_attempts.number = r.number
              and message_attempts.status in ('sending', 'unknown')`.compile(kysely),
      ),

    /** Answers with the messages that were still being sent by this attempt. */
    endMessages: (rows: readonly MessageChange[]) =>
      when(rows, () =>
        compiled<{ id: string }>(
          kysely,
          sql`update messages set status = r.status, reason = r.reason, carrier_code = r.carrier_code,
                cost_amount = coalesce(r.cost_amount, messages.cost_amount),
                cost_currency = coalesce(r.cost_currency, messages.cost_currency),
                mcc_mnc = coalesce(r.mcc_mnc, messages.mcc_mnc), due_at = r.due_at, updated_at = r.updated_at
              from ${set(CHANGE, rows)}
              where messages.id = r.id and messages.attempts = r.attempts
                and messages.status in ('sending', 'unknown')
              returning messages.id`,
        ),
      ),

    /** A carrier that uses its ids again means the newest message by them. */
    insertParts: insertStatement(
      db,
      'message_parts',
      PART,
      sql`on conflict (provider, provider_id) do update set ${setColumns(PART, 'excluded')}
        where message_parts.message_id <> excluded.message_id or message_parts.attempt <> excluded.attempt`,
    ),

    saveParts: (rows: readonly MessagePartTable[]) =>
      when(rows, () =>
        sql`insert into message_parts (${columnsOf(PART)}) select ${columnsOf(PART)} from ${set(PART, rows)} where true
            on conflict (provider, provider_id) do update set ${setColumns(PART, 'excluded')}`.compile(kysely),
      ),

    /** From under the lock of the message. */
    saveAttempts: (rows: readonly EndedAttempt[]) =>
      when(rows, () =>
        sql`update message_attempts set status = r.status, reason = r.reason, carrier_code = r.carrier_code,
              cost_amount = r.cost_amount, cost_currency = r.cost_currency, ended_at = r.ended_at
            from ${set(ENDED, rows)}
            where ${amongAttempts(rows)} and message_attempts.message_id = r.message_id
              and message_attempts.number = r.number`.compile(kysely),
      ),

    /** From under the lock of the message. */
    saveMessages: (rows: readonly MessageChange[]) =>
      when(rows, () =>
        sql`update messages set status = r.status, reason = r.reason, carrier_code = r.carrier_code,
              cost_amount = r.cost_amount, cost_currency = r.cost_currency, mcc_mnc = r.mcc_mnc, due_at = r.due_at,
              updated_at = r.updated_at
            from ${set(CHANGE, rows)} where messages.id = r.id`.compile(kysely),
      ),

    insertEvents: eventsBy(insertStatement(db, 'events', EVENT_COLUMNS, sql`on conflict (id) do nothing`)),
  };
}

const messageIdOf = ({ message_id }: EndedAttempt) => message_id;

function when<Row, Q extends CompiledQuery<unknown>>(rows: readonly Row[], build: () => Q): Q | null {
  return rows.length === 0 ? null : build();
}

function compiled<R>(kysely: Kysely<Schema>, query: { compile(db: Kysely<Schema>): CompiledQuery<unknown> }) {
  return query.compile(kysely) as CompiledQuery<R>;
}
