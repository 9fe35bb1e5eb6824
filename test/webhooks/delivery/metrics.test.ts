import { expect, it } from 'vitest';
import { databasesOf } from '../../db/on-each-dialect.ts';
import { openReceiver } from './receiver.ts';
import { manyEvents, openRig } from './rig.ts';

const databases = databasesOf('sqlite');

it('attempts are counted by result, and the lag of each endpoint is that of what it waits for', async () => {
  await using receiver = await openReceiver();
  const rig = await openRig(await databases.open());
  const { id } = await rig.endpoint(receiver.url, { events: ['verification.*'] });
  const { id: other } = await rig.endpoint(receiver.url, { events: ['message.*'] });
  const shown = async (line: string) => (await rig.metrics.registry.metrics()).split('\n').includes(line);

  await rig.raise(...manyEvents(3));
  expect(await shown('countersign_webhook_attempts_total{result="delivered"} 3')).toBe(true);
  receiver.answer(() => 500);
  await rig.raise(...manyEvents(20));
  expect(await shown('countersign_webhook_endpoints_failing 1')).toBe(true);
  expect(await shown('countersign_webhook_attempts_total{result="failed"} 10')).toBe(true);
  rig.clock.now += 90_000;
  expect(await shown(`countersign_webhook_lag_seconds{endpoint="${id}"} 90`)).toBe(true);
  expect(await shown(`countersign_webhook_lag_seconds{endpoint="${other}"} 0`)).toBe(true);
  receiver.answer(() => 200);
  await rig.pass(0);
  expect(await shown(`countersign_webhook_lag_seconds{endpoint="${id}"} 0`)).toBe(true);
  expect(await shown('countersign_webhook_endpoints_failing 0')).toBe(true);
  await rig.close();
});
