import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { OutboundMessage, ProviderReceipt } from '../../../src/delivery/provider.ts';
import { createSandbox } from '../../../src/delivery/providers/sandbox.ts';

const NOW = 1_800_000_000_000;
const scope = { project: 'prj_a', mode: 'test' } as const;
const signal = new AbortController().signal;

function message(changes: Partial<OutboundMessage> = {}): OutboundMessage {
  const text = 'Your Acme code is 012345.';
  const common = {
    ...scope,
    channel: 'sms',
    purpose: 'code',
    from: 'Acme',
    text,
    locale: 'en',
    validitySeconds: 600,
  } as const;
  return { ...common, reference: 'ver_x/0', to: '+33612345678', ...changes };
}

function open() {
  const receipts: ProviderReceipt[] = [];
  const sandbox = createSandbox(() => NOW);
  sandbox.onReceipt((receipt) => {
    receipts.push(receipt);
  });
  const phone = (to: string) => sandbox.list(scope, { to, limit: 100 });
  return { sandbox, receipts, phone };
}

describe('recipients', () => {
  test.each(['sms', 'voice', 'email', 'whatsapp', 'telegram'] as const)(
    'any: %s arrives, and a receipt follows',
    async (channel) => {
      const { sandbox, receipts, phone } = open();
      const verdict = await sandbox.send(message({ channel }), signal);
      expect(verdict).toEqual({ kind: 'accepted', providerId: expect.stringMatching(/^msg_/) });
      expect(receipts).toEqual([]);
      await nextTurn();
      expect(receipts).toEqual([{ reference: 'ver_x/0', status: 'delivered' }]);
      expect(phone('+33612345678')).toMatchObject([
        { direction: 'mt', channel, text: 'Your Acme code is 012345.', receivedAt: NOW },
      ]);
    },
  );

  test('0001: accepted, never on the phone, a failed receipt', async () => {
    const { sandbox, receipts, phone } = open();
    const to = '+33612340001';
    expect(await sandbox.send(message({ to }), signal)).toMatchObject({ kind: 'accepted' });
    await nextTurn();
    expect(receipts).toMatchObject([{ reference: 'ver_x/0', status: 'undelivered' }]);
    expect(phone(to)).toEqual([]);
  });

  test('0002: accepted, never a receipt', async () => {
    const { sandbox, receipts, phone } = open();
    const to = '+33612340002';
    expect(await sandbox.send(message({ to }), signal)).toMatchObject({ kind: 'accepted' });
    await nextTurn();
    expect(receipts).toEqual([]);
    expect(phone(to)).toHaveLength(1);
  });

  test.each([
    ['0003', { kind: 'rejected', reason: 'invalid_recipient' }],
    ['0004', { kind: 'outcome_unknown', reason: 'timeout' }],
  ])('%s: nothing arrives, no receipt', async (digits, verdict) => {
    const { sandbox, receipts, phone } = open();
    const to = `+3361234${digits}`;
    expect(await sandbox.send(message({ to }), signal)).toEqual(verdict);
    await nextTurn();
    expect([receipts, phone(to)]).toEqual([[], []]);
  });

  test('0005: each message is refused once, then taken', async () => {
    const { sandbox, phone } = open();
    const to = '+33612340005';
    for (const reference of ['ver_x/0', 'ver_x/1']) {
      const refused = await sandbox.send(message({ to, reference }), signal);
      expect(refused).toMatchObject({ kind: 'failed', retryAfterMs: expect.any(Number) });
      expect(await sandbox.send(message({ to, reference }), signal)).toMatchObject({ kind: 'accepted' });
    }
    expect(phone(to)).toHaveLength(2);
  });
});

test('a receipt handler that fails harms neither the sender nor the other handlers', async () => {
  const sandbox = createSandbox(() => NOW);
  const seen: string[] = [];
  sandbox.onReceipt(() => {
    throw new Error('no');
  });
  sandbox.onReceipt((receipt) => {
    seen.push(receipt.status);
  });
  await sandbox.send(message(), signal);
  await nextTurn();
  await nextTurn();
  expect(seen).toEqual(['delivered']);
});

test('keeps the newest thousand messages, over all projects', async () => {
  const { sandbox } = open();
  for (let n = 0; n < 1_001; n++) await sandbox.send(message({ reference: `ver_x/${n}`, text: String(n) }), signal);
  await sandbox.send(message({ project: 'prj_b' }), signal);
  const kept = sandbox.list(scope, { limit: 5_000 });
  expect(kept).toHaveLength(999);
  expect([kept.at(0)?.text, kept.at(-1)?.text]).toEqual(['1000', '2']);
});

test('a key sees and hears its own project and mode only', async () => {
  const { sandbox } = open();
  const heard: string[] = [];
  const stop = sandbox.subscribe(scope, (received) => heard.push(received.text));
  await sandbox.send(message({ text: 'own' }), signal);
  await sandbox.send(message({ text: 'other project', project: 'prj_b' }), signal);
  await sandbox.send(message({ text: 'other mode', mode: 'live' }), signal);
  sandbox.reply({ ...scope, from: '+33612345678', to: 'Acme', text: 'STOP' });
  stop();
  await sandbox.send(message({ text: 'later' }), signal);
  expect(heard).toEqual(['own', 'STOP']);
  expect(sandbox.list(scope, { limit: 10 }).map((kept) => kept.text)).toEqual(['later', 'STOP', 'own']);
  expect(sandbox.list(scope, { limit: 2 })).toHaveLength(2);
});
