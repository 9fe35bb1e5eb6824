import type { Transaction } from 'kysely';
import { forUpdate } from '../db/locking.ts';
import type { Database } from '../db/open.ts';
import type { Schema } from '../db/schema.ts';
import { writeTransaction } from '../db/transaction.ts';
import type { Keyring } from '../lib/keyring.ts';
import { type EventRow, findPlaces, saveStripped } from './strip-events.ts';
import { addTallies, type Tally } from './tallies.ts';

const BATCH = 500;

/** What retention does to events that are old enough. */
export interface EventClass {
  /** Names its cursor, and what it does in reports. */
  name: string;
  /** ms, inclusive. */
  before: number;
  concerns(event: EventRow): boolean;
  /** What it becomes; without this it goes. */
  strip?(event: EventRow): EventRow;
}

/**
 * Goes once through all events, oldest first, and stops at the first that is too young or not sealed yet: a cursor
 * remembers where, so that what is kept is not looked at again. Resolves with how many events it has passed.
 */
export function passEvents(
  { db, keyring }: { db: Database; keyring: Keyring },
  { name, before, concerns, strip }: EventClass,
  now: number,
): Promise<number> {
  return writeTransaction(db, {}, async (trx) => {
    const passed = await lockCursor(trx, db.dialect, name);
    const rows = await trx
      .selectFrom('events')
      .selectAll()
      .where('position', '>', passed)
      .orderBy('position')
      .limit(BATCH)
      .execute();
    const unsealed = await trx
      .selectFrom('unsealed_events')
      .select((eb) => eb.fn.min('position').as('first'))
      .executeTakeFirst();
    const end = rows.findIndex(
      ({ created_at, position }) =>
        // One that is ahead of all clocks stops nobody.
        (created_at > before && created_at <= now) || position >= (unsealed?.first ?? Infinity),
    );
    const old = end === -1 ? rows : rows.slice(0, end);
    const last = old.at(-1);
    if (!last) return 0;
    const concerned = old.filter((row) => row.created_at <= before && concerns(row));
    const places = await findPlaces(trx, concerned);
    await (strip ? saveStripped(trx, db.dialect, concerned.map(strip)) : deleteEvents(trx, concerned));
    await addTallies(trx, db.dialect, keyring, tally(name, before, concerned, places));
    await trx.updateTable('retention_cursors').set({ value: last.position }).where('name', '=', name).execute();
    return old.length;
  });
}

async function deleteEvents(trx: Transaction<Schema>, rows: readonly EventRow[]): Promise<void> {
  if (rows.length === 0) return;
  const positions = rows.map(({ position }) => position);
  await trx.deleteFrom('events').where('position', 'in', positions).execute();
}

/** Locked: of two processes the second goes on where the first one ends. */
async function lockCursor(trx: Transaction<Schema>, dialect: Database['dialect'], name: string): Promise<number> {
  await trx
    .insertInto('retention_cursors')
    .values({ name, value: 0 })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  const cursor = trx.selectFrom('retention_cursors').select('value').where('name', '=', name);
  return (await forUpdate(dialect, cursor).executeTakeFirstOrThrow()).value;
}

function tally(name: string, before: number, rows: readonly EventRow[], found: ReadonlyMap<string, number>): Tally[] {
  const groups = Map.groupBy(rows, ({ project_id, mode }) => `${project_id} ${mode}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const indexes = group.flatMap(({ id }) => found.get(id) ?? []).sort((a, b) => a - b);
    const [firstIndex, lastIndex] = [indexes[0], indexes.at(-1)];
    if (firstIndex === undefined || lastIndex === undefined) return [];
    const { project_id: project, mode } = first;
    const places = { first: firstIndex, last: lastIndex };
    return [{ class: name, project, mode, before, count: indexes.length, places }];
  });
}
