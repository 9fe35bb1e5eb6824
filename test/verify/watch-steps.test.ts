import { afterAll, expect, test, vi } from 'vitest';
import { codeTraffic } from '../../src/lib/code-traffic.ts';
import { newNumber, openTestService } from '../service.ts';

test('who starts or checks a code is known to be under way, until the answer', async () => {
  using watch = vi.spyOn(codeTraffic, 'watch');
  const service = await openTestService('embedded');
  afterAll(() => service.close());
  const started = await service.call('POST', '/v1/verifications', { to: newNumber() });
  expect(started.status).toBe(201);
  expect(watch).toHaveBeenCalled();
  const before = watch.mock.calls.length;
  await service.call('POST', `/v1/verifications/${started.body.id}/check`, { code: '000000' });
  expect(watch.mock.calls.length).toBeGreaterThan(before);
  expect(codeTraffic.isAbout()).toBe(true);
});
