import { expect, it } from 'vitest';
import { deleteEndpoint } from '../../../src/webhooks/endpoints/delete-endpoint.ts';
import { onEachDialect } from '../../db/on-each-dialect.ts';
import { openForEach } from './open-for-each.ts';
import { openReceiver, type Receiver } from './receiver.ts';
import { OWNER, openRig, type Rig } from './rig.ts';

const HOUR = 3_600_000;
const ADMIN = { id: 'key_1', mode: 'test' } as const;

await onEachDialect('an endpoint to which something is under way', (databases) => {
  let rig: Rig;
  let receiver: Receiver;
  openForEach(databases, (...opened) => {
    [rig, receiver] = opened;
  });

  /** Delivers one event, and does something while the receiver has it and has not answered. */
  async function meanwhile(happens: () => Promise<unknown>, status = 200): Promise<void> {
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
    receiver.answer((_, count) => (response) => {
      if (count === 1) begin();
      void mayEnd.then(() => response.writeHead(status).end('noted'));
    });
    await rig.seal({});
    const running = rig.webhooks.dispatcher.runDue();
    await begun;
    await happens();
    end();
    await running;
  }

  it('leaves nothing behind when it is deleted', async () => {
    const { id } = await rig.endpoint(receiver.url, { events: ['verification.*'] });
    await meanwhile(() => deleteEndpoint(rig, OWNER, id, ADMIN, rig.clock.now));
    expect(receiver.received).toHaveLength(1);
    expect(await rig.deliveries(id)).toEqual([]);
  });

  it('that is disabled keeps what became of it', async () => {
    const { id } = await rig.endpoint(receiver.url, { events: ['verification.*'] });
    await meanwhile(() => rig.disable(id));
    expect(await rig.deliveries(id)).toMatchObject([{ status: 'delivered', attempts: 1 }]);
  });

  it('is not disabled again by a late answer once it is enabled', async () => {
    const { id } = await rig.endpoint(receiver.url, { events: ['verification.*'] });
    await meanwhile(async () => {
      await rig.disable(id);
      await rig.enable(id);
    }, 410);
    expect(await rig.status(id)).toEqual({ status: 'enabled', reason: null });
  });
});

await onEachDialect('endpoints that fail', (databases) => {
  it('do not go on telling each other of it', async () => {
    const rig = await openRig(await databases.open());
    await using receiver = await openReceiver();
    for (let count = 0; count < 4; count += 1) await rig.endpoint(`${receiver.url}/${count}`, { events: ['*'] });
    // A receiver that knows no type but one: it is neither held nor disabled, for it takes others.
    receiver.answer(({ type }) => (type.startsWith('verification.') ? 200 : 500));
    await rig.raise({ type: 'contact.created' });
    const received: Set<string>[] = [];
    for (let day = 0; day < 10; day += 1) {
      receiver.received.length = 0;
      for (let hour = 0; hour < 24; hour += 6) {
        await rig.raise({});
        await rig.pass(6 * HOUR);
      }
      received.push(new Set(receiver.received.map(({ type }) => type)));
    }
    expect(received.slice(0, 4).some((types) => types.has('webhook.exhausted'))).toBe(true);
    // What they could not take has been given up, and so has what they were told of that.
    expect(received.at(-1)).toEqual(new Set(['verification.approved']));
    await rig.close();
  }, 120_000);
});

await onEachDialect('a clock that is set back', (databases) => {
  it('does not keep what a process that died had from the others', async () => {
    const rig = await openRig(await databases.open());
    await using receiver = await openReceiver();
    const { id } = await rig.endpoint(receiver.url, { events: ['verification.*'] });
    const lease = { claim: rig.clock.now + 1, leased_until: rig.clock.now + 30_000, due_at: rig.clock.now + 30_000 };
    await rig.db.kysely.updateTable('webhook_cursors').set(lease).where('endpoint_id', '=', id).execute();
    rig.clock.now -= HOUR;
    const ids = await rig.raise({});
    expect(receiver.ids()).toEqual(ids);
    await rig.close();
  });

  it('holds nothing up either where nothing new happens', async () => {
    const rig = await openRig(await databases.open());
    await using receiver = await openReceiver();
    const { id } = await rig.endpoint(receiver.url, { events: ['verification.*'] });
    const died = rig.another();
    const ids = await rig.seal({});
    const lease = { claim: rig.clock.now + 1, leased_until: rig.clock.now + 30_000, due_at: rig.clock.now + 30_000 };
    await rig.db.kysely.updateTable('webhook_cursors').set(lease).where('endpoint_id', '=', id).execute();
    // Both have seen what there is in the log.
    await Promise.all([rig.webhooks.dispatcher.runDue(), died.dispatcher.runDue()]);
    expect(receiver.ids()).toEqual([]);
    rig.clock.now -= HOUR;
    await rig.deliver();
    expect(receiver.ids()).toEqual(ids);
    await rig.close();
  });
});
