import { expect, it } from 'vitest';
import { feedEnd } from '../../../src/audit/feed.ts';
import type { Cursor } from '../../../src/webhooks/delivery/claim-endpoints.ts';
import { createLoadTargets } from '../../../src/webhooks/delivery/load-targets.ts';
import { createReadWork } from '../../../src/webhooks/delivery/read-work.ts';
import { createSupply } from '../../../src/webhooks/delivery/supply.ts';
import { databasesOf } from '../../db/on-each-dialect.ts';
import { openReceiver } from './receiver.ts';
import { openRig } from './rig.ts';

const databases = databasesOf('sqlite');

it('what the database said before an outcome was written is not believed after it', async () => {
  await using receiver = await openReceiver();
  receiver.answer(() => 500);
  const rig = await openRig(await databases.open());
  const { id } = await rig.endpoint(receiver.url, { events: ['verification.*'] });
  await rig.raise({});
  rig.clock.now += 60_000;

  const read = createReadWork(rig.db);
  let { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  answer();
  const late = {
    ...read,
    async due(...asked: Parameters<typeof read.due>) {
      const rows = await read.due(...asked);
      await answered;
      return rows;
    },
  };
  const size = await feedEnd(rig.db.kysely);
  const supply = createSupply(
    late,
    (await rig.cursor(id)) as Cursor,
    () => rig.clock.now,
    () => size,
  );
  const target = (await createLoadTargets(rig.db, rig.keyring)([id])).get(id);
  if (!target) throw new Error('no target');
  const { found } = await supply.next(target);
  expect(found.map(({ isRetry }) => isRetry)).toEqual([true]);

  // Asked while it is under way, answered when its outcome has been written.
  ({ promise: answered, resolve: answer } = Promise.withResolvers<void>());
  const next = supply.next(target);
  const indexes = found.map(({ delivery }) => delivery.log_index);
  supply.end(indexes);
  supply.saved(indexes);
  answer();
  expect((await next).found).toEqual([]);
  await rig.close();
});
