import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { chooseProvider } from '../../src/delivery/choose-provider.ts';
import {
  type CodeMessage,
  createDelivery,
  type Delivery,
  type DeliveryDeps,
  type Receipt,
} from '../../src/delivery/deliver.ts';
import type { OutboundMessage, Provider, SendVerdict } from '../../src/delivery/provider.ts';
import { createSandbox } from '../../src/delivery/providers/sandbox.ts';
import type * as verify from '../../src/verify/deliver.ts';

const NOW = 1_800_000_000_000;
const ID = 'ver_1abcdefghjkmnpqrstvwxyz0123';
const scope = { project: 'prj_a', mode: 'test' } as const;

function code(changes: Partial<CodeMessage> = {}): CodeMessage {
  const send = { ...scope, verificationId: ID, sendIndex: 0, channel: 'sms', to: '+33612345678' } as const;
  return {
    ...send,
    code: '012345',
    locale: 'fr',
    purpose: 'login',
    brand: 'Café Acme',
    context: null,
    validitySeconds: 600,
    ...changes,
  };
}

function open(changes: Partial<DeliveryDeps> = {}) {
  const sandbox = createSandbox(() => NOW);
  const lines: string[] = [];
  const log = (facts: object, text: string) => lines.push(`${JSON.stringify(facts)} ${text}`);
  const waits: number[] = [];
  const delivery = createDelivery({
    chooseProvider: () => sandbox,
    now: () => NOW,
    log: { debug: log, warn: log, error: log },
    wait: async (ms) => waits.push(ms),
    ...changes,
  });
  sandbox.onReceipt((receipt) => delivery.receive('sandbox', receipt));
  const receipts: Receipt[] = [];
  delivery.onReceipt((receipt) => {
    receipts.push(receipt);
  });
  const deliver = (message: CodeMessage, signal = new AbortController().signal) => delivery.deliver(message, signal);
  return { delivery, deliver, sandbox, receipts, waits, lines };
}

/** A carrier that gives these verdicts one after the other. */
function carrier(
  ...verdicts: (SendVerdict | Error | 'hangs')[]
): Provider & { sent: OutboundMessage[]; signals: AbortSignal[] } {
  const sent: OutboundMessage[] = [];
  const signals: AbortSignal[] = [];
  return {
    name: 'carrier',
    channels: ['sms'],
    sent,
    signals,
    async send(message, signal) {
      sent.push(message);
      signals.push(signal);
      const verdict = verdicts[sent.length - 1] ?? 'hangs';
      if (verdict instanceof Error) throw verdict;
      return verdict === 'hangs' ? new Promise<SendVerdict>(() => undefined) : verdict;
    },
  };
}

test('fits what verify asks for', () => {
  expectTypeOf<Delivery['deliver']>().toExtend<verify.Deliver>();
  expectTypeOf<Receipt>().toEqualTypeOf<verify.Receipt>();
});

test('the phone gets the composed text from the brand, in the language it was asked for', async () => {
  const { deliver, sandbox } = open();
  expect(await deliver(code())).toEqual({ kind: 'sent', provider: 'sandbox' });
  expect(sandbox.list(scope, { limit: 10 })).toMatchObject([
    {
      from: 'Cafe Acme',
      to: '+33612345678',
      locale: 'fr',
      text: expect.stringContaining('Votre code Café Acme : 012345.'),
    },
  ]);
});

test('receipts name the verification and the send', async () => {
  const { deliver, receipts } = open();
  await deliver(code({ sendIndex: 3 }));
  await deliver(code({ to: '+33612340001', sendIndex: 4 }));
  await nextTurn();
  const common = { verificationId: ID, provider: 'sandbox' };
  expect(receipts).toEqual([
    { ...common, sendIndex: 3, status: 'delivered' },
    { ...common, sendIndex: 4, status: 'failed', reason: 'unreachable_recipient' },
  ]);
});

test('a receipt that is not ours is ignored, and one that cannot be worked in is refused', async () => {
  const { delivery, receipts } = open();
  for (const reference of ['', ID, `${ID}/`, `${ID}/x`, `${ID}/1/2`, 'other/1', `${ID}/9999`]) {
    await delivery.receive('sandbox', { reference, status: 'delivered' });
  }
  expect(receipts).toEqual([]);
  delivery.onReceipt(() => Promise.reject(new Error('store down')));
  await expect(delivery.receive('sandbox', { reference: `${ID}/1`, status: 'delivered' })).rejects.toThrow(
    'store down',
  );
});

describe('verdicts', () => {
  test.each<[SendVerdict, object]>([
    [{ kind: 'accepted', providerId: 'x' }, { kind: 'sent' }],
    [
      { kind: 'rejected', reason: 'blocked_recipient' },
      { kind: 'failed', reason: 'blocked_recipient' },
    ],
    [
      { kind: 'failed', reason: 'unavailable' },
      { kind: 'failed', reason: 'unavailable' },
    ],
    [
      { kind: 'outcome_unknown', reason: 'connection_lost' },
      { kind: 'unknown', reason: 'connection_lost' },
    ],
  ])('%j', async (verdict, expected) => {
    const provider = carrier(verdict);
    const { deliver } = open({ chooseProvider: () => provider });
    expect(await deliver(code())).toEqual({ provider: 'carrier', ...expected });
    expect(provider.sent).toHaveLength(1);
  });

  test('a provider that throws may have sent: unknown, never tried again', async () => {
    const provider = carrier(new Error('bug near 012345'), { kind: 'accepted', providerId: 'x' });
    const { deliver } = open({ chooseProvider: () => provider });
    expect(await deliver(code())).toEqual({ kind: 'unknown', provider: 'carrier', reason: 'internal_error' });
    expect(provider.sent).toHaveLength(1);
  });

  test('no carrier may take it: failed', async () => {
    const { deliver } = open({ chooseProvider: () => null });
    expect(await deliver(code())).toEqual({ kind: 'failed', provider: 'none', reason: 'no_provider' });
  });
});

describe('a second try', () => {
  const busy = (retryAfterMs: number): SendVerdict => ({ kind: 'failed', reason: 'rate_limited', retryAfterMs });
  const accepted: SendVerdict = { kind: 'accepted', providerId: 'x' };

  test('reaches a carrier that was busy for a moment, in what is left of the code’s life', async () => {
    const provider = carrier(busy(1_500), accepted);
    const { deliver, waits } = open({ chooseProvider: () => provider });
    expect(await deliver(code())).toMatchObject({ kind: 'sent' });
    expect(waits).toEqual([1_500]);
    expect(provider.sent.map((sent) => sent.validitySeconds)).toEqual([600, 598]);
    expect(provider.sent[1]?.reference).toBe(provider.sent[0]?.reference);
  });

  test.each([
    ['is not made twice', [busy(10), busy(10), accepted], 600, 2],
    ['is not made after a long pause', [busy(60_000), accepted], 600, 1],
    ['is not made for a code that will be dead', [busy(1_000), accepted], 1, 1],
    ['is not made without being invited', [{ kind: 'failed', reason: 'unavailable' }, accepted], 600, 1],
    ['is not made after a rejection', [{ kind: 'rejected', reason: 'blocked_recipient' }, accepted], 600, 1],
  ] as [string, SendVerdict[], number, number][])('%s', async (_name, verdicts, validitySeconds, tries) => {
    const provider = carrier(...verdicts);
    const { deliver } = open({ chooseProvider: () => provider });
    expect(await deliver(code({ validitySeconds }))).toMatchObject({ kind: 'failed' });
    expect(provider.sent).toHaveLength(tries);
  });

  test('recipients ending 0005 get their code', async () => {
    const { deliver, sandbox } = open();
    expect(await deliver(code({ to: '+33612340005' }))).toEqual({ kind: 'sent', provider: 'sandbox' });
    expect(sandbox.list(scope, { limit: 10 })).toHaveLength(1);
  });
});

describe('time', () => {
  test('a carrier that hangs is given up: unknown, and it is told', async () => {
    const provider = carrier('hangs');
    const { deliver } = open({ chooseProvider: () => provider, timeoutMs: 1 });
    expect(await deliver(code())).toEqual({ kind: 'unknown', provider: 'carrier', reason: 'timeout' });
    expect(provider.signals[0]?.aborted).toBe(true);
  });

  test('so it is when the caller gives up', async () => {
    const caller = new AbortController();
    const provider = carrier('hangs');
    const { deliver } = open({ chooseProvider: () => provider });
    const result = deliver(code(), caller.signal);
    caller.abort();
    expect(await result).toMatchObject({ kind: 'unknown', reason: 'timeout' });
  });

  test('nothing leaves after the caller gave up, also while waiting for the second try', async () => {
    const caller = new AbortController();
    const provider = carrier({ kind: 'failed', reason: 'rate_limited', retryAfterMs: 10 });
    const { deliver } = open({ chooseProvider: () => provider, wait: async () => caller.abort() });
    expect(await deliver(code(), caller.signal)).toMatchObject({ kind: 'failed', reason: 'rate_limited' });
    expect(await deliver(code(), caller.signal)).toMatchObject({ kind: 'failed', reason: 'timeout' });
    expect(provider.sent).toHaveLength(1);
  });
});

test('neither text nor code nor number is ever logged', async () => {
  const { deliver, lines } = open();
  for (const to of ['+33612345678', '+33612340001', '+33612340003', '+33612340004', '+33612340005'])
    await deliver(code({ to }));
  const provider = carrier(new Error('could not send "Votre code Café Acme : 012345" to +33612345678'));
  const throwing = open({ chooseProvider: () => provider });
  await throwing.deliver(code());
  const written = [...lines, ...throwing.lines].join('\n');
  expect(written.split('\n').length).toBeGreaterThanOrEqual(7);
  expect(written).not.toMatch(/012345|Votre|612345678|61234000/);
});

describe('which carrier', () => {
  const sandbox = createSandbox(() => NOW);

  test.each([
    ['test', false, sandbox],
    ['test', true, sandbox],
    ['live', false, sandbox],
    ['live', true, null],
  ] as const)('%s keys, production %s', (mode, production, expected) => {
    expect(chooseProvider({ sandbox }, production, { mode })).toBe(expected);
  });
});
