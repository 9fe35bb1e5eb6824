import { sql } from 'kysely';
import { expect, it, test } from 'vitest';
import { openDatabase } from '../../../src/db/open.ts';
import { onEachDialect } from '../../db/on-each-dialect.ts';
import { describeWith, freshDatabase } from '../../rig/stores.ts';
import { accepted, openDeliveryRig } from '../delivery-rig.ts';
import { sender } from './send.ts';

const TWO_DAYS_MS = 172_800_000;

await onEachDialect('looks at messages', ({ open }) => {
  async function start() {
    const db = await open();
    const rig = await openDeliveryRig(db);
    rig.carrier().planned.push(accepted('c-1'));
    const { message } = await sender(db, rig)();
    await rig.work();
    return { db, ...rig, id: message.id, looks: () => db.kysely.selectFrom('message_looks').selectAll().execute() };
  }

  test('are due when no receipt has come for as long as their route waits', async () => {
    const { id, clock, work, looks, messages } = await start();
    expect(await looks()).toContainEqual({ message_id: id, due_at: clock.now + TWO_DAYS_MS });
    clock.now += TWO_DAYS_MS;
    await work();
    expect(await messages()).toMatchObject([{ status: 'unknown', reason: 'no_receipt' }]);
    expect(await looks()).toEqual([]);
  });

  test('that are out of date change nothing, and go', async () => {
    const { delivery, clock, settled, work, looks, messages, events } = await start();
    await delivery.receive('main', [{ providerId: 'c-1', status: 'delivered' }]);
    await settled();
    const told = await events();
    clock.now += TWO_DAYS_MS;
    await work();
    expect(await messages()).toMatchObject([{ status: 'delivered', due_at: null }]);
    expect(await events()).toEqual(told);
    expect(await looks()).toEqual([]);
  });

  test('go with messages that are gone', async () => {
    const { db, clock, work, looks } = await start();
    await db.kysely.deleteFrom('messages').execute();
    clock.now += TWO_DAYS_MS;
    await work();
    expect(await looks()).toEqual([]);
  });
});

/** Else Postgres makes a new entry in each index of the row, instead of none. */
await describeWith(['postgres'], 'what a receipt changes', () => {
  it.each([
    [
      'messages',
      ['status', 'reason', 'carrier_code', 'cost_amount', 'cost_currency', 'mcc_mnc', 'due_at', 'updated_at'],
    ],
    ['message_attempts', ['status', 'reason', 'carrier_code', 'cost_amount', 'cost_currency', 'ended_at']],
    ['message_parts', ['status', 'reason', 'carrier_code', 'cost_amount', 'cost_currency', 'status_at']],
    ['campaign_recipients', ['state', 'reason', 'message_id', 'cost_amount', 'cost_currency', 'updated_at']],
  ])('is in no index of %s', async (table, changed) => {
    const { url, close } = await freshDatabase('postgres');
    const db = await openDatabase(url);
    const { rows } = await sql<{ definition: string }>`
      select pg_get_indexdef(indexrelid) as definition from pg_index where indrelid = ${table}::regclass
    `.execute(db.kysely);
    await db.close();
    close();
    const indexed = rows.flatMap(({ definition }) => definition.slice(definition.indexOf('(')).match(/\w+/g) ?? []);
    expect(indexed).not.toEqual([]);
    expect(indexed.filter((name) => changed.includes(name))).toEqual([]);
  });
});
