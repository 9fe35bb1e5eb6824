import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { startCountersign } from '../countersign-process.ts';
import { freshDatabase } from '../rig/stores.ts';
import { newNumber } from '../service.ts';

it('a running service carries an erasure out by itself, and says when it is done', async () => {
  const { url } = await freshDatabase('sqlite');
  const service = await startCountersign({ DATABASE_URL: url });
  const to = newNumber();
  const { body: verification } = await service.call('POST', '/v1/verifications', { to });
  const { status, body, headers } = await service.call('POST', '/v1/privacy/erasures', { to });
  expect([status, body.status]).toEqual([202, 'pending']);
  const place = headers.get('location') ?? '';
  let erasure = body;
  // A code that is being handed over is waited for.
  while (erasure.status === 'pending') {
    await sleep(50);
    erasure = (await service.call('GET', place)).body;
  }
  expect(erasure).toMatchObject({ id: body.id, erased: { verifications: 1 } });
  expect((await service.call('GET', `/v1/verifications/${verification.id}`)).status).toBe(404);
  expect(await service.stop()).toBe(0);
});
