import { expect, it } from 'vitest';
import { migrate } from '../../../src/db/migrate.ts';
import { openDatabase } from '../../../src/db/open.ts';
import { describeWith, privatePostgres } from '../../rig/stores.ts';
import { openReceiver } from './receiver.ts';
import { manyEvents, openRig, START } from './rig.ts';

await describeWith(['postgres'], 'a database that is away while webhooks are delivered', () => {
  it('makes nothing come twice, and nothing be lost', async () => {
    const postgres = await privatePostgres();
    const db = await openDatabase(postgres.url, { connectTimeoutMs: 500 });
    await migrate(db, START);
    const rig = await openRig(db);
    await using receiver = await openReceiver();
    const { id } = await rig.endpoint(receiver.url, { events: ['verification.*'] });
    const ids = await rig.seal(...manyEvents(600));
    let restarted: Promise<unknown> = Promise.resolve();
    receiver.answer((_, count) => {
      if (count === 200) restarted = postgres.kill().then(() => postgres.start());
      return 200;
    });
    rig.webhooks.dispatcher.start();
    await rig.until(() => receiver.received.length >= ids.length);
    await restarted;
    await rig.webhooks.dispatcher.stop();
    expect(receiver.ids().toSorted()).toEqual(ids.toSorted());
    expect((await rig.deliveries(id)).filter(({ status }) => status === 'delivered')).toHaveLength(ids.length);
    expect(rig.errors).not.toEqual([]);
    await rig.close();
    await db.close();
  }, 120_000);
});
