import { type CompiledQuery, sql } from 'kysely';
import type { AuditEvent } from '../../audit/event.ts';
import { EVENT_COLUMNS, toEventRow } from '../../audit/events-table.ts';
import type { Database } from '../../db/open.ts';
import { columnsOf, rowSetStatement } from '../../db/row-set.ts';
import { batchTransaction } from '../../db/transaction.ts';
import type { Delivery } from './delivery.ts';
import type { DisableReason } from './health.ts';

/** What a process has to say of an endpoint it holds. */
export interface CursorState {
  endpoint_id: string;
  claim: number;
  next: number;
  leased_until: number;
  rests_until: number;
  failures: number;
  failing_since: number | null;
}

/** What has become of an endpoint since it was last written, all in one transaction with that of others. */
export interface Outcomes {
  cursor: CursorState;
  deliveries: readonly Delivery[];
  /** How far what was asked for again was looked through. */
  replays: readonly { since: number; until: number; next: number }[];
  events: readonly AuditEvent[];
  /** It takes deliveries again: what waits for its next attempt need not wait longer. */
  recovered: boolean;
  disabled: DisableReason | null;
  /** Given back; `at_once`: there is more to do, for whoever takes it next. */
  release: 'at_once' | 'when_due' | null;
}

/** Of an endpoint that is still the writer's. */
export interface Held {
  endpoint_id: string;
  /** When the endpoint's row was last changed; null: it is gone. */
  revision: number | null;
}

export type SaveOutcomes = (outcomes: readonly Outcomes[], now: number) => Promise<readonly Held[]>;

const CURSOR = {
  endpoint_id: 'text',
  claim: 'bigint',
  next: 'bigint',
  leased_until: 'bigint',
  rests_until: 'bigint',
  failures: 'bigint',
  failing_since: 'bigint',
} as const;
const DELIVERY = {
  endpoint_id: 'text',
  log_index: 'bigint',
  id: 'text',
  event_id: 'text',
  event_type: 'text',
  object_id: 'text',
  status: 'text',
  attempts: 'bigint',
  step: 'bigint',
  history: 'text',
  asked: 'bigint',
  next_at: 'bigint',
  created_at: 'bigint',
  updated_at: 'bigint',
} as const satisfies Record<keyof Delivery, 'text' | 'bigint'>;
const OBJECT = { endpoint_id: 'text', object_id: 'text', now: 'bigint' } as const;
const RELEASE = { endpoint_id: 'text', claim: 'bigint', at: 'bigint', now: 'bigint' } as const;
const REPLAY = { endpoint_id: 'text', since: 'bigint', until: 'bigint', next: 'bigint' } as const;
const ENDPOINT = { endpoint_id: 'text', claim: 'bigint', reason: 'text', now: 'bigint' } as const;

const unlessAsked = (column: keyof typeof DELIVERY) => {
  const known = sql.ref(`webhook_deliveries.${column}`);
  return sql`case when excluded.asked < webhook_deliveries.asked then ${known} else ${sql.ref(`excluded.${column}`)} end`;
};

export function createSaveOutcomes(db: Database): SaveOutcomes {
  const saveCursors = rowSetStatement(
    db,
    CURSOR,
    (rows) => sql<Held>`
      update webhook_cursors set next = r.next, leased_until = r.leased_until, rests_until = r.rests_until,
        failures = r.failures, failing_since = r.failing_since,
        due_at = case when webhook_cursors.due_at < r.leased_until - ${sql.lit(RENEWED_BEFORE_MS)}
          then r.leased_until else webhook_cursors.due_at end
      from ${rows} where webhook_cursors.endpoint_id = r.endpoint_id and webhook_cursors.claim = r.claim
      returning webhook_cursors.endpoint_id,
        (select updated_at from webhook_endpoints e where e.id = webhook_cursors.endpoint_id) as revision`,
  );
  // Whoever changes deliveries holds their cursors: what two see of one object's would otherwise leave it without a next.
  const lockCursors = rowSetStatement(
    db,
    { endpoint_id: 'text' },
    (rows) => sql`
      select endpoint_id from webhook_cursors where endpoint_id in (select endpoint_id from ${rows})
      order by endpoint_id ${sql.raw(db.dialect === 'postgres' ? 'for update' : '')}`,
  );
  // Of an endpoint that was lost because it is deleted nothing is written any more.
  const lockThose = rowSetStatement(
    db,
    { endpoint_id: 'text' },
    (rows) => sql<{ endpoint_id: string }>`
      select id as endpoint_id from webhook_endpoints where id in (select endpoint_id from ${rows})
      order by id ${sql.raw(db.dialect === 'postgres' ? 'for share' : '')}`,
  );
  // Who has lost the endpoint still says what it has seen, but nobody's success is taken back by it; nor is it undone
  // that somebody asked for it again while an attempt was under way.
  const saveDeliveries = rowSetStatement(
    db,
    DELIVERY,
    (rows) => sql`
      insert into webhook_deliveries (${columnsOf(DELIVERY)}) select ${columnsOf(DELIVERY)} from ${rows} where true
      on conflict (endpoint_id, log_index) do update set
        status = ${unlessAsked('status')}, step = ${unlessAsked('step')}, next_at = ${unlessAsked('next_at')},
        asked = ${unlessAsked('asked')}, attempts = excluded.attempts, history = excluded.history,
        updated_at = excluded.updated_at
      where excluded.attempts > webhook_deliveries.attempts or excluded.asked > webhook_deliveries.asked
        or (webhook_deliveries.status = 'pending' and excluded.status <> 'pending')`,
  );
  // Of an object's deliveries that are not over, the oldest has a time; the others wait for it. With `is not null` Postgres
  // would read the index of all that have a time, or had one a moment ago.
  const holdOthers = rowSetStatement(
    db,
    OBJECT,
    (rows) => sql`
      update webhook_deliveries set next_at = null from ${rows}
      where webhook_deliveries.endpoint_id = r.endpoint_id and webhook_deliveries.object_id = r.object_id
        and webhook_deliveries.status = 'pending' and coalesce(webhook_deliveries.next_at, 0) > 0
        and webhook_deliveries.log_index > (
          select min(log_index) from webhook_deliveries d
          where d.endpoint_id = r.endpoint_id and d.object_id = r.object_id and d.status = 'pending'
        )`,
  );
  const advanceObjects = rowSetStatement(
    db,
    OBJECT,
    (rows) => sql`
      update webhook_deliveries set next_at = r.now from ${rows}
      where webhook_deliveries.endpoint_id = r.endpoint_id and webhook_deliveries.next_at is null
        and webhook_deliveries.log_index = (
          select min(log_index) from webhook_deliveries d
          where d.endpoint_id = r.endpoint_id and d.object_id = r.object_id and d.status = 'pending'
        )`,
  );
  const hurry = rowSetStatement(
    db,
    { endpoint_id: 'text', now: 'bigint' },
    (rows) => sql`
      update webhook_deliveries set next_at = r.now from ${rows}
      where webhook_deliveries.endpoint_id = r.endpoint_id and webhook_deliveries.next_at > r.now`,
  );
  const saveReplays = rowSetStatement(
    db,
    REPLAY,
    (rows) => sql`
      update webhook_replays set next = r.next from ${rows}
      where webhook_replays.endpoint_id = r.endpoint_id and webhook_replays.since = r.since`,
  );
  // Asked for once more meanwhile, it may reach further.
  const endReplays = rowSetStatement(
    db,
    { endpoint_id: 'text', since: 'bigint', until: 'bigint' },
    (rows) => sql`
      delete from webhook_replays
      where (endpoint_id, since, until) in (select endpoint_id, since, until from ${rows})`,
  );
  const insertEvents = rowSetStatement(
    db,
    EVENT_COLUMNS,
    (rows) => sql`
      insert into events (${columnsOf(EVENT_COLUMNS)}) select ${columnsOf(EVENT_COLUMNS)} from ${rows} where true
      on conflict (id) do nothing`,
  );
  const disable = rowSetStatement(
    db,
    ENDPOINT,
    (rows) => sql`
      update webhook_endpoints set status = 'disabled', disabled_reason = r.reason, disabled_at = r.now,
        updated_at = case when webhook_endpoints.updated_at < r.now then r.now else webhook_endpoints.updated_at + 1 end
      from ${rows} where webhook_endpoints.id = r.endpoint_id`,
  );
  const endCursors = rowSetStatement(
    db,
    { endpoint_id: 'text' },
    (rows) => sql`delete from webhook_cursors where endpoint_id in (select endpoint_id from ${rows})`,
  );
  const release = rowSetStatement(
    db,
    RELEASE,
    (rows) => sql`
      update webhook_cursors set leased_until = 0, due_at = case
        when webhook_cursors.rests_until > r.now then webhook_cursors.rests_until
        when r.at is not null then r.at
        when exists (select 1 from webhook_replays p where p.endpoint_id = r.endpoint_id) then r.now
        else (select min(next_at) from webhook_deliveries d where d.endpoint_id = r.endpoint_id and next_at is not null)
      end
      from ${rows} where webhook_cursors.endpoint_id = r.endpoint_id and webhook_cursors.claim = r.claim`,
  );

  return (outcomes, now) =>
    batchTransaction(db, {}, async (batch) => {
      // By id, so that two processes never wait for each other.
      const sorted = outcomes.toSorted((a, b) => (a.cursor.endpoint_id < b.cursor.endpoint_id ? -1 : 1));
      const cursors = sorted.map(({ cursor }) => cursor);
      const [, held] = await batch.run(
        lockCursors(cursors.map(({ endpoint_id }) => ({ endpoint_id }))),
        saveCursors(cursors),
      );
      const isHeld = new Set(held.map(({ endpoint_id }) => endpoint_id));
      const own = sorted.filter(({ cursor }) => isHeld.has(cursor.endpoint_id));
      const lost = sorted.filter(({ cursor }) => !isHeld.has(cursor.endpoint_id));
      const there = await batch.run(lockThose(lost.map(({ cursor: { endpoint_id } }) => ({ endpoint_id }))));
      const isThere = new Set(there[0].map(({ endpoint_id }) => endpoint_id));
      const kept = sorted.filter(({ cursor: { endpoint_id: id } }) => isHeld.has(id) || isThere.has(id));
      const disabled = own.flatMap(({ cursor: { endpoint_id, claim }, disabled: reason }) =>
        reason === null ? [] : { endpoint_id, claim, reason, now },
      );
      const objects = kept.flatMap(({ deliveries }) => objectsOf(deliveries, now));
      const queries: (CompiledQuery | null)[] = [
        saveDeliveries(kept.flatMap(({ deliveries }) => deliveries.map((delivery) => ({ ...delivery })))),
        holdOthers(objects),
        advanceObjects(objects),
        hurry(own.filter(({ recovered }) => recovered).map(({ cursor: { endpoint_id } }) => ({ endpoint_id, now }))),
        ...replayQueries(own),
        insertEvents(
          kept.flatMap(({ cursor, events }) =>
            events.filter(({ type }) => type === 'webhook.exhausted' || isHeld.has(cursor.endpoint_id)).map(eventRow),
          ),
        ),
        disable(disabled),
        endCursors(disabled.map(({ endpoint_id }) => ({ endpoint_id }))),
        release(
          own.flatMap(({ cursor: { endpoint_id, claim }, release: how }) =>
            how === null ? [] : { endpoint_id, claim, at: how === 'at_once' ? now : null, now },
          ),
        ),
      ];
      await batch.commit(...queries);
      return held;
    });

  function replayQueries(own: readonly Outcomes[]): (CompiledQuery | null)[] {
    const all = own.flatMap(({ cursor: { endpoint_id }, replays }) =>
      replays.map((replay) => ({ endpoint_id, ...replay })),
    );
    return [
      saveReplays(all.filter(({ next, until }) => next < until)),
      endReplays(
        all
          .filter(({ next, until }) => next >= until)
          .map(({ endpoint_id, since, until }) => ({ endpoint_id, since, until })),
      ),
    ];
  }
}

/** The lease's end is an index's key: it is not moved with every write. */
const RENEWED_BEFORE_MS = 10_000;

function objectsOf(deliveries: readonly Delivery[], now: number) {
  const ordered = deliveries.filter(({ object_id }) => object_id !== null);
  const objects = new Map(ordered.map(({ endpoint_id, object_id }) => [object_id, { endpoint_id, object_id, now }]));
  return [...objects.values()];
}

function eventRow(event: AuditEvent) {
  return toEventRow(event) as Record<keyof typeof EVENT_COLUMNS, string | number | null>;
}
