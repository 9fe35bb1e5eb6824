import { expect, test } from 'vitest';
import { toCodeRow } from '../../../src/delivery/messages/code-row.ts';
import { createSendLog, type SendEntry } from '../../../src/delivery/messages/send-log.ts';
import { createQueue } from '../../../src/jobs/queue.ts';
import { onEachDialect } from '../../db/on-each-dialect.ts';
import { code, openDeliveryRig } from '../delivery-rig.ts';
import { sender } from './send.ts';

type Begun = Extract<SendEntry, { kind: 'begun' }>;
type Ended = Extract<SendEntry, { kind: 'ended' }>;

const begun = (messageId: string, over: Partial<Begun> = {}): Begun => ({
  ...({
    kind: 'begun',
    messageId,
    attempt: 1,
    provider: 'main',
    sender: 'Acme',
    route: '{}',
    at: 1,
    dueAt: 2,
  } as const),
  ...over,
});
const ended = (messageId: string, over: Partial<Ended> = {}): Ended => ({
  ...({
    kind: 'ended',
    messageId,
    attempt: 1,
    provider: 'main',
    status: 'sent',
    reason: null,
    carrierCode: null,
  } as const),
  ...{ price: null, mccMnc: null, partIds: ['id-1'], at: 3, after: { status: 'sent', dueAt: null } },
  ...over,
});

await onEachDialect('the log of sends', ({ open }) => {
  async function start() {
    const db = await open();
    const rig = await openDeliveryRig(db);
    const write = createSendLog(db, createQueue(db, 'messages', [1]));
    const send = sender(db, rig);
    const statusOf = async (id: string) => (await rig.messages()).find((message) => message.id === id)?.status;
    return { db, ...rig, write, statusOf, newId: async () => (await send()).message.id };
  }

  test('lets one begin a try, whoever asks at the same time', async () => {
    const { write, newId, attempts } = await start();
    const id = await newId();
    const answers = await Promise.all([
      write([begun(id)]),
      write([begun(id, { provider: 'other' })]),
      write([begun(id)]),
    ]);
    expect(answers.flat().sort()).toEqual(['refused', 'refused', 'written']);
    expect(await attempts()).toHaveLength(1);
  });

  test.each(['canceled', 'expired', 'delivered', 'unknown'])(
    'lets nobody begin a message that is %s',
    async (status) => {
      const { db, write, newId, attempts } = await start();
      const id = await newId();
      await db.kysely.updateTable('messages').set({ status }).execute();
      expect(await write([begun(id)])).toEqual(['refused']);
      expect(await attempts()).toEqual([]);
    },
  );

  test('takes entries of one message in order, and those of others with them', async () => {
    const { write, newId, attempts, statusOf } = await start();
    const [one, two] = [await newId(), await newId()];
    const second = { attempt: 2, provider: 'other' };
    const answers = await write([
      begun(one),
      begun(two),
      ended(one, { status: 'failed', after: null, partIds: [] }),
      begun(one, second),
      ended(one, second),
    ]);
    expect(answers).toEqual(Array.from({ length: 5 }, () => 'written'));
    expect((await attempts()).filter((row) => row.message_id === one).map(({ status }) => status)).toEqual([
      'failed',
      'sent',
    ]);
    expect([await statusOf(one), await statusOf(two)]).toEqual(['sent', 'sending']);
  });

  test('an answer that comes after its process was given up is better than none; what a receipt says stays', async () => {
    const { db, write, newId, statusOf } = await start();
    const [lost, arrived] = [await newId(), await newId()];
    await write([begun(lost), begun(arrived)]);
    await db.kysely.updateTable('messages').set({ status: 'unknown' }).where('id', '=', lost).execute();
    await db.kysely.updateTable('messages').set({ status: 'delivered' }).where('id', '=', arrived).execute();
    await write([ended(lost), ended(arrived, { partIds: ['id-2'] })]);
    expect([await statusOf(lost), await statusOf(arrived)]).toEqual(['sent', 'delivered']);
  });

  test('written again changes nothing', async () => {
    const { write, newId, attempts, events, statusOf } = await start();
    const id = await newId();
    await write([begun(id)]);
    await write([ended(id)]);
    await write([ended(id, { status: 'failed', after: { status: 'failed', dueAt: null } })]);
    expect([await statusOf(id), (await attempts())[0]?.status]).toEqual(['sent', 'sent']);
    expect(await events()).toHaveLength(1);
  });

  test('a code is one row with its tries, also when its beginning was written before, or twice', async () => {
    const { db, write, messages, attempts } = await start();
    const row = (send: number) => toCodeRow(code({ sendIndex: send }), 9, 1);
    const first = (send: number) => begun(row(send).id, { message: row(send) });
    const end = (send: number) => ended(row(send).id, { partIds: [`id-${send}`] });
    const failed = ended(row(0).id, { status: 'failed', reason: 'unavailable', after: null, partIds: [] });
    const second = { attempt: 2, provider: 'other' };
    await write([first(0), failed, begun(row(0).id, second), ended(row(0).id, second)]);
    await write([first(1)]);
    // The answer was lost: it is written again, with what came meanwhile.
    const answers = await write([first(1), end(1), { kind: 'lost', messageId: row(1).id, message: row(1) }]);
    expect(answers).toEqual(['written', 'written', 'written']);
    const sent = { status: 'sent', reason: null, due_at: null };
    expect(await messages()).toMatchObject(
      [
        { send_index: 0, attempts: 2, provider: 'other', ...sent },
        { send_index: 1, attempts: 1, provider: 'main', ...sent },
      ].sort((a, b) => (row(a.send_index).id < row(b.send_index).id ? -1 : 1)),
    );
    expect(
      (await attempts()).map(({ message_id, number, status }) => `${message_id} ${number} ${status}`).sort(),
    ).toEqual([`${row(0).id} 1 failed`, `${row(0).id} 2 sent`, `${row(1).id} 1 sent`].sort());
    const parts = await db.kysely.selectFrom('message_parts').select(['message_id', 'provider']).execute();
    expect(parts.map(({ message_id, provider }) => `${provider} ${message_id}`).sort()).toEqual(
      [`other ${row(0).id}`, `main ${row(1).id}`].sort(),
    );
  });

  test('one that the database will not take keeps no other out', async () => {
    const { write, newId, statusOf } = await start();
    const [good, bad] = [await newId(), await newId()];
    await write([begun(good), begun(bad)]);
    const broken = ended(bad, { at: Number.NaN });
    expect(await write([broken, ended(good, { partIds: ['same', 'same'] })])).toEqual(['failed', 'written']);
    expect(await statusOf(good)).toBe('sent');
  });
});
