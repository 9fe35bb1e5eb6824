import { expect, test, vi } from 'vitest';
import { cancelMessage } from '../../../src/delivery/messages/cancel.ts';
import type { SendVerdict } from '../../../src/delivery/provider.ts';
import { onEachDialect } from '../../db/on-each-dialect.ts';
import { accepted, code, openDeliveryRig } from '../delivery-rig.ts';
import { WAIT } from '../sip/caller.ts';
import { sender } from './send.ts';

const lines = (all: number, busy = 0) => ({ lines: { all, busy, together: 20 } });
const unreachable = { kind: 'failed', reason: 'connection_failed' } as const;
const waiting = { status: 'queued', reason: 'lines_busy', attempts: 0 };

await onEachDialect('a call to a carrier whose calls keep lines', ({ open }) => {
  async function start(carriers: Record<string, object>) {
    const db = await open();
    const rig = await openDeliveryRig(db, { carriers });
    const send = sender(db, rig);
    return {
      db,
      ...rig,
      call: async (more: object = {}) => (await send({ channel: 'voice', ...more })).message.id,
      async one(id: string) {
        return (await rig.messages()).find((message) => message.id === id);
      },
      jobs: () => db.kysely.selectFrom('jobs').selectAll().orderBy('due_at').execute(),
      /** Of the next call: it begins, and lasts until this is called. */
      hold(name?: string) {
        const { promise, resolve } = Promise.withResolvers<SendVerdict>();
        rig.carrier(name).planned.push(() => promise);
        return () => resolve(accepted(`held-${Math.random()}`));
      },
    };
  }

  test('waits for one of those that are not left to codes, without using up a try', async () => {
    const { call, work, one, jobs, carrier, clock, deliver } = await start({ main: lines(4, 2) });
    const id = await call();
    await work();
    expect(carrier().sent).toEqual([]);
    expect(await one(id)).toMatchObject(waiting);
    expect(await jobs()).toMatchObject([{ tries: 0, reason: 'lines_busy', due_at: clock.now + 1_000 }]);
    expect(await deliver(code({ channel: 'voice' }))).toMatchObject({ kind: 'sent' });
    Object.assign(carrier(), lines(4, 1));
    clock.now += 1_000;
    await work();
    expect(await one(id)).toMatchObject({ status: 'sent', reason: null, attempts: 1 });
  });

  test('has its place while it begins, however that ends', async () => {
    const { call, work, messages, carrier, clock, hold } = await start({ main: lines(2) });
    const begin = hold();
    for (let count = 0; count < 2; count += 1) await call();
    const both = work();
    const standing = async () => (await messages()).map(({ status, reason }) => reason ?? status).toSorted();
    await vi.waitFor(async () => expect(await standing()).toEqual(['lines_busy', 'sending']), WAIT);
    begin();
    await both;
    expect(await standing()).toEqual(['lines_busy', 'sent']);
    carrier().planned.push(new Error('a bug'), unreachable, { kind: 'rejected', reason: 'invalid_recipient' });
    for (let more = 0; more < 3; more += 1) await call();
    for (let turn = 0; turn < 5; turn += 1) {
      clock.now += 1_000;
      await work();
    }
    expect(carrier().sent).toHaveLength(5);
  });

  test('that waits expires in time, or is called off, and leaves no place taken', async () => {
    const { call, work, one, carrier, clock, db, delivery } = await start({ main: lines(4, 4) });
    const late = await call({ validity_seconds: 60 });
    const off = await call();
    const good = await call();
    for (let turn = 0; turn < 3; turn += 1) {
      clock.now += 10_000;
      await work();
    }
    const caller = { project: 'prj_a', mode: 'live', actor: 'key_a' } as const;
    expect(await cancelMessage(db, delivery.queue, caller, off, clock.now)).toMatchObject({ kind: 'canceled' });
    clock.now += 29_999;
    await work();
    expect(await one(late)).toMatchObject(waiting);
    Object.assign(carrier(), lines(4, 1));
    clock.now += 1;
    await work();
    expect(await one(late)).toMatchObject({ status: 'expired', reason: 'expired' });
    clock.now += 2_000;
    await work();
    expect(await one(off)).toMatchObject({ status: 'canceled' });
    expect(await one(good)).toMatchObject({ status: 'sent' });
    expect(carrier().sent).toHaveLength(1);
  });

  test('has its place at the provider that is called, not at the one before', async () => {
    const { call, work, one, carrier, hold } = await start({ first: lines(2), second: lines(2) });
    carrier('first').otherwise = unreachable;
    const begin = hold('second');
    const held = await call();
    const working = work();
    await vi.waitFor(() => expect(carrier('second').sent).toHaveLength(1), WAIT);
    const next = await call();
    await work();
    expect(carrier('first').sent).toHaveLength(2);
    expect(carrier('second').sent).toHaveLength(1);
    expect(await one(next)).toMatchObject({ status: 'queued', reason: 'connection_failed', attempts: 1 });
    begin();
    await working;
    expect(await one(held)).toMatchObject({ status: 'sent', provider: 'second' });
  });

  test('looks again in turn, as often as there are lines, however many wait', async () => {
    const { call, work, jobs, clock } = await start({ main: lines(4, 4) });
    for (let count = 0; count < 9; count += 1) await call();
    await work();
    const at = (await jobs()).map(({ due_at }) => Number(due_at) - clock.now);
    expect(at).toEqual([1_000, 1_250, 1_500, 1_750, 2_000, 2_250, 2_500, 2_750, 3_000]);
  });

  test('needs none where calls keep none', async () => {
    const { call, work, carrier } = await start({ main: {} });
    for (let count = 0; count < 40; count += 1) await call();
    await work();
    expect(carrier().sent).toHaveLength(40);
  });
});
