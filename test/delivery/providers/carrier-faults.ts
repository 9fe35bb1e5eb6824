import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { CallbackKind, CallbackRequest, OutboundMessage, Provider } from '../../../src/delivery/provider.ts';
import type { openCarrierFake } from './carrier-fake.ts';
import { callback, NOW, outbound } from './provider-rig.ts';

type Carrier = Awaited<ReturnType<typeof openCarrierFake>>;

interface Opened {
  provider: Provider;
  carrier: Carrier;
}

const signal = new AbortController().signal;

/** What every HTTP carrier may do to us, and what must be made of it. `open` merges its argument into the configuration. */
export function describeFaults(open: (config?: object) => Promise<Opened>, over: Partial<OutboundMessage> = {}): void {
  const message = outbound(over);

  describe('whatever the carrier does', () => {
    test.each([
      ['hang', 'timeout'],
      ['drip', 'timeout'],
      ['reset', 'connection_lost'],
      ['garbage', 'unreadable_answer'],
      ['huge', 'unreadable_answer'],
    ] as const)('%s: the outcome is unknown', async (fault, reason) => {
      // Only what never ends is waited for in vain.
      const { provider, carrier } = await open(reason === 'timeout' ? { timeout_ms: 400 } : {});
      carrier.next(fault);
      expect(await provider.send(message, signal)).toMatchObject({ kind: 'outcome_unknown', reason });
      expect(carrier.requests).toHaveLength(1);
    });

    test('nobody listens: not sent', async () => {
      const { provider } = await open({ base_url: 'http://127.0.0.1:1' });
      const verdict = { kind: 'failed', reason: 'connection_failed' };
      expect(await provider.send(message, signal)).toMatchObject(verdict);
    });

    test('given up while waiting for the answer: the outcome is unknown', async () => {
      const { provider, carrier } = await open();
      carrier.next('hang');
      const giveUp = new AbortController();
      const verdict = provider.send(message, giveUp.signal);
      await vi.waitUntil(() => carrier.requests.length === 1, { timeout: 40_000 });
      giveUp.abort();
      expect(await verdict).toMatchObject({ kind: 'outcome_unknown', reason: 'timeout' });
    });

    test('given up before it was begun: not sent', async () => {
      const { provider, carrier } = await open();
      const verdict = await provider.send(message, AbortSignal.abort());
      expect(verdict).toMatchObject({ kind: 'failed', reason: 'connection_failed' });
      expect(carrier.requests).toEqual([]);
    });

    test.each([
      [401, 'failed', 'authentication_failed'],
      [403, 'failed', 'authentication_failed'],
      [404, 'failed', 'misconfigured'],
      [301, 'failed', 'misconfigured'],
      [500, 'outcome_unknown', 'unreadable_answer'],
      [502, 'outcome_unknown', 'unreadable_answer'],
      [503, 'outcome_unknown', 'unreadable_answer'],
    ])('%i with a page of HTML: %s', async (status, kind, reason) => {
      const { provider, carrier } = await open();
      carrier.next({ status, body: '<html>something</html>', headers: { location: 'https://example.com' } });
      expect(await provider.send(message, signal)).toMatchObject({ kind, reason });
      expect(carrier.requests).toHaveLength(1);
    });

    test.each([
      ['7', 7_000],
      [new Date(NOW + 9_000).toUTCString(), 9_000],
      ['garbage', undefined],
    ])('429 with Retry-After %s: not sent', async (header, retryAfterMs) => {
      const { provider, carrier } = await open();
      carrier.next({ status: 429, body: {}, headers: { 'retry-after': header } });
      const verdict = await provider.send(message, signal);
      expect(verdict).toMatchObject({ kind: 'failed', reason: 'rate_limited' });
      expect('retryAfterMs' in verdict ? verdict.retryAfterMs : undefined).toBe(retryAfterMs);
    });

    test('any JSON under any status gives a verdict, and only a success is accepted', async () => {
      const { provider, carrier } = await open();
      const status = fc.constantFrom(200, 201, 202, 400, 402, 409, 422, 429, 500);
      await fc.assert(
        fc.asyncProperty(status, fc.jsonValue(), async (status, body) => {
          carrier.next({ status, body: JSON.stringify(body) });
          const { kind } = await provider.send(message, signal);
          expect(['accepted', 'rejected', 'failed', 'outcome_unknown']).toContain(kind);
          if (status >= 300) expect(kind).not.toBe('accepted');
          if (status === 500) expect(kind).toBe('outcome_unknown');
        }),
        { numRuns: 60 },
      );
    });
  });
}

/** A request as the carrier makes it: `sign` adds what shows that it is authentic. */
export interface CallbackSafety {
  provider: () => Promise<Provider>;
  kinds: readonly CallbackKind[];
  sign(kind: CallbackKind, body: string | Buffer): CallbackRequest | Promise<CallbackRequest>;
  /** Members and words of the carrier's own, to get past the first checks. */
  near: fc.Arbitrary<string>;
}

export function describeCallbackSafety({ provider, kinds, sign, near }: CallbackSafety): void {
  const bodies = fc.oneof(
    near,
    fc.json(),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  );

  describe.each(kinds)('any callback at %s', (kind) => {
    test('unsigned is refused, whatever it says', async () => {
      const handle = (await provider()).callbacks?.[kind];
      await fc.assert(
        fc.asyncProperty(bodies, fc.constantFrom('POST' as const, 'GET' as const), async (body, method) => {
          const result = await handle?.(callback(kind, { body, method }));
          expect(result?.kind).not.toBe('taken');
        }),
      );
    });

    test('signed is read or refused, and never makes the reader fail', async () => {
      const handle = (await provider()).callbacks?.[kind];
      await fc.assert(
        fc.asyncProperty(bodies, async (body) => {
          const result = await handle?.(await sign(kind, body));
          expect(['taken', 'unreadable']).toContain(result?.kind);
        }),
      );
    });
  });
}

/** Objects of these members with values from the words or anything else. */
export function nearJson(words: Record<string, readonly unknown[]>): fc.Arbitrary<unknown> {
  const members = Object.entries(words).map(([name, values]) => [
    name,
    fc.option(fc.oneof(fc.constantFrom(...values), fc.jsonValue()), { nil: undefined }),
  ]);
  return fc.record(Object.fromEntries(members));
}
