import { expect, it } from 'vitest';
import { placeCall } from '../../../src/delivery/sip/place-call.ts';

it('a defect on the way to the server ends the call, and does not say that nobody was called', async () => {
  const agent = { open: () => Promise.reject(new TypeError('a defect')) };
  const call = placeCall({ agent } as unknown as Parameters<typeof placeCall>[0]);
  expect(await call.start).toEqual({ kind: 'unclear', reason: 'internal_error' });
  expect(await call.outcome).toEqual({
    status: 'undelivered',
    reason: 'internal_error',
    carrierCode: 'sip:TypeError',
  });
  call.cut('process_lost');
});
