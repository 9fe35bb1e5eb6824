import { expect, it } from 'vitest';
import { createTargetGuard, type TargetGuard } from '../../../src/lib/target-guard.ts';
import { databasesOf } from '../../db/on-each-dialect.ts';
import { openReceiver } from './receiver.ts';
import { openRig } from './rig.ts';

const databases = databasesOf('sqlite');

it('a host that moves to a private address between two attempts is not connected to again', async () => {
  let moved = false;
  const real = createTargetGuard({ resolve: async () => ['127.0.0.1'] });
  // The receiver of this test can only be at a private address, so at first nobody looks.
  const guard: TargetGuard = {
    ...real,
    refuse: () => null,
    lookup: (host, options, callback) => {
      if (moved) return real.lookup?.(host, options, callback);
      const found = [{ address: '127.0.0.1', family: 4 }];
      return options.all ? callback(null, found) : callback(null, '127.0.0.1', 4);
    },
  };
  await using receiver = await openReceiver();
  const rig = await openRig(await databases.open(), { guard });
  const { id } = await rig.endpoint(receiver.url.replace('127.0.0.1', 'hook.example.com'));
  receiver.answer(() => (response) => response.writeHead(500, { connection: 'close' }).end());
  await rig.raise({});
  expect(receiver.received).toHaveLength(1);

  moved = true;
  receiver.answer(() => 200);
  await rig.advance();
  expect(receiver.received).toHaveLength(1);
  expect((await rig.deliveries(id))[0]).toMatchObject({
    status: 'pending',
    tries: [{ status: 500 }, { status: null, error: 'blocked' }],
  });
  await rig.close();
});

it('an endpoint whose URL is refused is not connected to, and that is recorded', async () => {
  await using receiver = await openReceiver();
  const rig = await openRig(await databases.open(), { guard: createTargetGuard() });
  const { id } = await rig.endpoint(receiver.url);
  await rig.raise({});
  expect(receiver.received).toEqual([]);
  expect((await rig.deliveries(id))[0]?.tries).toMatchObject([{ status: null, error: 'blocked' }]);
  await rig.close();
});
