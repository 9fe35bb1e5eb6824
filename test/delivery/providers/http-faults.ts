import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { describe, expect, test, vi } from 'vitest';
import type { Provider } from '../../../src/delivery/provider.ts';
import type { openCarrierFake } from './carrier-fake.ts';
import { outbound } from './provider-rig.ts';

type CarrierFake = Awaited<ReturnType<typeof openCarrierFake>>;

/** What every carrier over HTTP owes, whatever its own codes. `open` makes the provider with a time limit of 100 ms. */
export function describeHttpFaults(
  open: (baseUrl?: string, config?: object) => Promise<{ carrier: CarrierFake; provider: Provider }>,
  message = outbound(),
): void {
  const send = async (provider: Provider) => provider.send(message, new AbortController().signal);

  describe('over HTTP', () => {
    test.each([
      ['hang', 'timeout'],
      ['drip', 'timeout'],
      ['reset', 'connection_lost'],
      ['garbage', 'unreadable_answer'],
      ['huge', 'unreadable_answer'],
    ] as const)('%s after the request was read: it may have been sent', async (fault, reason) => {
      const { carrier, provider } = await open();
      carrier.next(fault);
      expect(await send(provider)).toMatchObject({ kind: 'outcome_unknown', reason });
      expect(carrier.requests).toHaveLength(1);
    });

    test.each([500, 502, 503, 504])('%i: it may have been sent', async (status) => {
      const { carrier, provider } = await open();
      carrier.next({ status, body: '<html>Bad Gateway</html>' });
      expect(await send(provider)).toMatchObject({ kind: 'outcome_unknown' });
    });

    test.each([401, 403])('%i: not sent, the keys are wrong', async (status) => {
      const { carrier, provider } = await open();
      carrier.next({ status, body: '' });
      expect(await send(provider)).toMatchObject({ kind: 'failed', reason: 'authentication_failed' });
    });

    test.each([
      ['17', 17_000],
      ['Sun, 22 Nov 2026 12:00:30 GMT', 30_000],
      ['soon', undefined],
    ])('429 with Retry-After: %s', async (header, retryAfterMs) => {
      const { carrier, provider } = await open();
      carrier.next({ status: 429, body: '', headers: { 'retry-after': header } });
      const verdict = await send(provider);
      expect(verdict).toMatchObject({ kind: 'failed', reason: 'rate_limited' });
      expect('retryAfterMs' in verdict ? verdict.retryAfterMs : undefined).toBe(retryAfterMs);
    });

    test('no connection: not sent', async () => {
      const { provider } = await open(`http://127.0.0.1:${await closedPort()}`);
      expect(await send(provider)).toMatchObject({ kind: 'failed', reason: 'connection_failed' });
    });

    test('given up while waiting for the answer: it may have been sent', async () => {
      const { carrier, provider } = await open(undefined, { timeout_ms: 8_000 });
      carrier.next('hang');
      const giveUp = new AbortController();
      const verdict = provider.send(message, giveUp.signal);
      await vi.waitUntil(() => carrier.requests.length === 1);
      giveUp.abort();
      expect(await verdict).toMatchObject({ kind: 'outcome_unknown', reason: 'timeout' });
    });

    test('given up before it began: not sent', async () => {
      const { carrier, provider } = await open();
      const verdict = await provider.send(message, AbortSignal.abort());
      expect(verdict).toMatchObject({ kind: 'failed' });
      expect(carrier.requests).toHaveLength(0);
    });
  });
}

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
