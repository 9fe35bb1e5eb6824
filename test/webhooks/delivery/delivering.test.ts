import { Webhook } from 'standardwebhooks';
import { expect, it } from 'vitest';
import { insertEvents } from '../../../src/audit/insert-events.ts';
import { writeTransaction } from '../../../src/db/transaction.ts';
import { newId } from '../../../src/lib/ids.ts';
import { onEachDialect } from '../../db/on-each-dialect.ts';
import { openForEach } from './open-for-each.ts';
import type { Receiver } from './receiver.ts';
import { manyEvents, OWNER, type Rig, START } from './rig.ts';

await onEachDialect('webhooks', (databases) => {
  let rig: Rig;
  let receiver: Receiver;
  openForEach(databases, (...opened) => {
    [rig, receiver] = opened;
  });

  it('an event is delivered once, signed as Standard Webhooks says', async () => {
    const headers = { 'x-tenant': '7' };
    const { id, secret } = await rig.endpoint(receiver.url, { events: ['verification.*'], headers });
    const [event] = await rig.raise({ verificationId: 'ver_1', data: { channel: 'sms' } });
    expect(receiver.ids()).toEqual([event]);
    const [first] = receiver.received;
    const body = first?.body ?? '';
    expect(JSON.parse(body)).toMatchObject({
      type: 'verification.approved',
      data: { id: event, verification_id: 'ver_1' },
    });
    expect(first?.headers['x-tenant']).toBe('7');
    expect(first?.timestamp).toBe(START / 1_000);
    expect(first?.signature).toBe(new Webhook(secret).sign(event ?? '', new Date(START), body));

    await rig.deliver();
    expect(receiver.received).toHaveLength(1);
    const [delivery] = await rig.deliveries(id);
    expect(delivery).toMatchObject({ status: 'delivered', attempts: 1, event_id: event, next_at: null });
    expect(delivery?.tries).toMatchObject([{ at: START, status: 200, error: null, excerpt: 'noted' }]);
  });

  it('an endpoint is told of the types it asked for, of its project and mode, from its beginning on', async () => {
    await rig.record({ type: 'message.sent' });
    await rig.endpoint(receiver.url, { events: ['message.*', 'verification.approved'] });
    await rig.endpoint(receiver.url, { events: ['*'] }, { project: OWNER.project, mode: 'live' });
    const ids = await rig.raise(
      { type: 'message.sent' },
      { type: 'verification.created' },
      { type: 'verification.approved' },
      { type: 'message.delivered', project: 'prj_2' },
    );
    expect(receiver.received.filter(({ type }) => !type.startsWith('webhook')).map(({ id }) => id)).toEqual([
      ids[0],
      ids[2],
    ]);
  });

  it('ten thousand events for one endpoint all arrive once, a bounded number at a time', async () => {
    await rig.endpoint(receiver.url, { events: ['verification.*'] });
    let underWay = 0;
    let most = 0;
    receiver.answer(() => (response) => {
      underWay += 1;
      most = Math.max(most, underWay);
      setImmediate(() => {
        underWay -= 1;
        response.end();
      });
    });
    const ids: string[] = [];
    for (let round = 0; round < 10; round += 1) ids.push(...(await rig.record(...manyEvents(1_000))));
    await rig.deliver();
    expect(receiver.ids().toSorted()).toEqual(ids.toSorted());
    expect(most).toBeGreaterThan(4);
    expect(most).toBeLessThanOrEqual(32);
  }, 120_000);

  it('what was rolled back is told to nobody', async () => {
    await rig.endpoint(receiver.url, { events: ['verification.*'] });
    const kept: string[] = [];
    for (let round = 0; round < 100; round += 1) {
      const rolledBack = Array.from({ length: 99 }, () =>
        writeTransaction(rig.db, {}, async (trx) => {
          const event = {
            id: newId('evt'),
            type: 'verification.approved',
            at: rig.clock.now,
            actor: 'system',
          } as const;
          await insertEvents(trx, [{ ...event, ...OWNER, data: {} }]);
          throw new Error('rolled back');
        }).catch(({ message }: Error) => message),
      );
      const [ids, messages] = await Promise.all([rig.record({}), Promise.all(rolledBack)]);
      kept.push(...ids);
      expect(new Set(messages)).toEqual(new Set(['rolled back']));
    }
    await rig.deliver();
    expect(receiver.ids().toSorted()).toEqual(kept.toSorted());
  }, 120_000);

  it('an endpoint that wants none of what comes is not left far behind', async () => {
    const { id } = await rig.endpoint(receiver.url, { events: ['message.read'] });
    await rig.raise(...manyEvents(1_500));
    expect((await rig.cursor(id))?.next).toBeGreaterThan(1_400);
    expect(receiver.received).toEqual([]);
  });
});
