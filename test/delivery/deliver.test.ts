import { describe, expect, expectTypeOf, test } from 'vitest';
import { type CodeMessage, type DeliverResult, deliverCode } from '../../src/delivery/deliver.ts';
import type { CodeReceipt } from '../../src/delivery/messages/receive.ts';
import type { SendVerdict } from '../../src/delivery/provider.ts';
import { createSandbox } from '../../src/delivery/providers/sandbox.ts';
import { tryCandidates } from '../../src/delivery/try-candidates.ts';
import type * as verify from '../../src/verify/deliver.ts';
import { databasesOf, onEachDialect } from '../db/on-each-dialect.ts';
import { accepted, code, failed, openDeliveryRig } from './delivery-rig.ts';

test('fits what verify asks for', () => {
  type Deliver = (message: CodeMessage, signal: AbortSignal) => Promise<DeliverResult>;
  expectTypeOf<Deliver>().toExtend<verify.Deliver>();
  expectTypeOf<CodeReceipt>().toEqualTypeOf<verify.Receipt>();
});

await onEachDialect('a code on its way', ({ open }) => {
  test('is on record while the carrier takes its time, without text and without code', async () => {
    const db = await open();
    const { deliver, carrier, messages, attempts } = await openDeliveryRig(db);
    const before: unknown[] = [];
    carrier().planned.push(async () => {
      let seen = await messages();
      while (seen.length === 0) seen = await messages();
      before.push(seen, await attempts());
      return accepted('m-1', { price: { amount: '0.0075', currency: 'EUR' }, mccMnc: '20801' });
    });
    expect(await deliver(code({ sendIndex: 3 }))).toEqual({ kind: 'sent', provider: 'main' });
    expect(before).toMatchObject([
      [{ status: 'sending', verification_id: code().verificationId, send_index: 3, recipient: '+33612345678' }],
      [{ number: 1, provider: 'main', status: 'sending', ended_at: null }],
    ]);
    expect(await messages()).toMatchObject([
      {
        ...{ purpose: 'code', channel: 'sms', country: 'FR', mcc_mnc: '20801', content: null, provider: 'main' },
        ...{ status: 'sent', encoding: 'gsm7', segments: 1, cost_amount: '0.0075', cost_currency: 'EUR' },
      },
    ]);
    expect(await attempts()).toMatchObject([{ number: 1, status: 'sent', sender: 'Cafe Acme' }]);
    const everything = JSON.stringify([
      await messages(),
      await attempts(),
      await db.kysely.selectFrom('message_parts').selectAll().execute(),
    ]);
    expect(everything).not.toMatch(/012345[^6]|Votre/);
  });

  test('reaches the phone as it was composed, with a reference of its own', async () => {
    const { deliver, carrier, messages } = await openDeliveryRig(await open());
    await deliver(code());
    const [row] = await messages();
    expect(carrier().sent).toMatchObject([
      {
        ...{ reference: `${row?.id}-1`, to: '+33612345678', from: 'Cafe Acme', locale: 'fr', code: '012345' },
        ...{ validitySeconds: 600, purpose: 'code', text: expect.stringContaining('Votre code Café Acme : 012345.') },
      },
    ]);
  });

  test('goes by the network that a carrier named when the number was sent to before', async () => {
    const rules = [
      { name: 'orange', when: { mcc_mnc: '20801' }, providers: [{ provider: 'second', weight: 1 }] },
      { name: 'rest', when: {}, providers: [{ provider: 'first', weight: 1 }] },
    ].map((rule) => ({ ...rule, strategy: 'ordered' as const, failover_on_receipt: false }));
    const rig = await openDeliveryRig(await open(), { carriers: { first: {}, second: {} }, routes: { rules } });
    rig.carrier('first').planned.push(accepted('m-1', { mccMnc: '20801' }));
    expect(await rig.deliver(code())).toEqual({ kind: 'sent', provider: 'first' });
    await rig.settled();
    expect(await rig.deliver(code({ verificationId: 'ver_2abcdefghjkmnpqrstvwxyz0123' }))).toEqual({
      ...{ kind: 'sent', provider: 'second' },
    });
    const stranger = code({ verificationId: 'ver_3abcdefghjkmnpqrstvwxyz0123', recipientHash: 'another' });
    expect(await rig.deliver(stranger)).toEqual({ kind: 'sent', provider: 'first' });
  });

  test('that one provider certainly did not send goes to the next one at once; both tries are on record', async () => {
    const rig = await openDeliveryRig(await open(), { carriers: { first: {}, second: {} } });
    rig.carrier('first').planned.push({ ...failed, carrierCode: 'E17' });
    expect(await rig.deliver(code())).toEqual({ kind: 'sent', provider: 'second' });
    expect(await rig.messages()).toMatchObject([{ status: 'sent', provider: 'second', attempts: 2, reason: null }]);
    expect(await rig.attempts()).toMatchObject([
      { number: 1, provider: 'first', status: 'failed', reason: 'unavailable', carrier_code: 'E17' },
      { number: 2, provider: 'second', status: 'sent' },
    ]);
    expect(rig.carrier('second').sent[0]?.reference).toMatch(/-2$/);
  });

  test('that may have been sent goes nowhere else', async () => {
    const rig = await openDeliveryRig(await open(), { carriers: { first: {}, second: {} } });
    rig.carrier('first').planned.push({ kind: 'outcome_unknown', reason: 'connection_lost' });
    expect(await rig.deliver(code())).toEqual({ kind: 'unknown', provider: 'first', reason: 'connection_lost' });
    expect(rig.carrier('second').sent).toEqual([]);
    expect(await rig.messages()).toMatchObject([{ status: 'unknown', reason: 'connection_lost' }]);
  });

  test.each([
    ['invalid_recipient', 'first'],
    ['sender_refused', 'second'],
  ] as const)('that was turned away for %s ends with the %s provider', async (reason, last) => {
    const rig = await openDeliveryRig(await open(), { carriers: { first: {}, second: {} } });
    rig.carrier('first').planned.push({ kind: 'rejected', reason });
    expect(await rig.deliver(code())).toMatchObject({ provider: last });
    expect(rig.carrier('second').sent).toHaveLength(last === 'second' ? 1 : 0);
    expect((await rig.attempts())[0]).toMatchObject({ status: 'rejected', reason });
  });

  test('with every provider failing is failed, for the last reason', async () => {
    const rig = await openDeliveryRig(await open(), { carriers: { first: {}, second: {} } });
    rig.carrier('first').planned.push(failed);
    rig.carrier('second').planned.push({ kind: 'failed', reason: 'connection_failed' });
    expect(await rig.deliver(code())).toEqual({ kind: 'failed', provider: 'second', reason: 'connection_failed' });
    expect(await rig.messages()).toMatchObject([{ status: 'failed', reason: 'connection_failed', due_at: null }]);
  });

  test('avoids the providers that earlier sends of its verification went through', async () => {
    const rig = await openDeliveryRig(await open(), { carriers: { first: {}, second: {} } });
    expect(await rig.deliver(code({ tried: ['first'] }))).toEqual({ kind: 'sent', provider: 'second' });
  });

  test('keeps the decision: rule, candidates, what was left out and why', async () => {
    const routes = {
      rules: [
        {
          name: 'french-codes',
          when: { country: 'FR', purpose: 'code' } as const,
          providers: [
            { provider: 'second', weight: 1, cost: { amount: '0.04', currency: 'EUR' } },
            { provider: 'mute', weight: 1 },
          ],
          strategy: 'ordered' as const,
          failover_on_receipt: true,
        },
      ],
    };
    const rig = await openDeliveryRig(await open(), { carriers: { first: {}, second: {}, mute: {} }, routes });
    await rig.deliver(code());
    const [row] = await rig.messages();
    expect(JSON.parse(row?.route ?? '')).toMatchObject({
      rule: 'french-codes',
      strategy: 'ordered',
      candidates: [{ provider: 'second', expected_cost: { amount: '0.04', currency: 'EUR' } }, { provider: 'mute' }],
    });
  });

  test('whose process died in the call is unknown; the row says so when its time is over (R02)', async () => {
    const rig = await openDeliveryRig(await open());
    rig.carrier().planned.push(() => new Promise<SendVerdict>(() => undefined));
    const dead = new AbortController();
    const call = rig.deliver(code(), dead.signal);
    while ((await rig.messages()).length === 0) await rig.settled();
    rig.clock.now += 20_000;
    await rig.work();
    expect(await rig.messages()).toMatchObject([{ status: 'unknown', reason: 'process_lost', due_at: null }]);
    expect(await rig.attempts()).toMatchObject([{ status: 'unknown', reason: 'process_lost' }]);
    dead.abort();
    await call;
  });

  test('whose process died before it wrote anything is put on record by whoever finds that out; once', async () => {
    const rig = await openDeliveryRig(await open());
    await rig.delivery.lost(code());
    const lost = { status: 'unknown', reason: 'process_lost', due_at: null, attempts: 0, content: null };
    expect(await rig.messages()).toMatchObject([{ verification_id: code().verificationId, send_index: 0, ...lost }]);
    await rig.delivery.lost(code());
    await rig.deliver(code({ sendIndex: 1 }));
    await rig.delivery.lost(code({ sendIndex: 1 }));
    expect(await rig.messages()).toMatchObject([lost, { send_index: 1, status: 'sent', reason: null }]);
  });

  test('without a receipt is unknown after the time of its route, and never goes to another carrier for it', async () => {
    const providers = [
      { provider: 'first', weight: 1 },
      { provider: 'second', weight: 1 },
    ];
    const common = { name: 'all', when: {}, providers, strategy: 'ordered', failover_on_receipt: true } as const;
    const routes = { rules: [{ ...common, failover_after_seconds: 60, receipt_timeout_seconds: 600 }] };
    const rig = await openDeliveryRig(await open(), { carriers: { first: {}, second: {} }, routes });
    await rig.deliver(code());
    for (let minutes = 0; minutes < 11; minutes += 1) {
      rig.clock.now += 60_000;
      await rig.work();
    }
    expect(rig.carrier('second').sent).toEqual([]);
    expect(await rig.messages()).toMatchObject([{ status: 'unknown', reason: 'no_receipt', attempts: 1 }]);
  });

  test('no carrier may take it: failed', async () => {
    const rig = await openDeliveryRig(await open(), { carriers: {} });
    expect(await rig.deliver(code())).toEqual({ kind: 'failed', provider: 'none', reason: 'no_provider' });
    expect(await rig.messages()).toEqual([]);
  });

  test('a provider that throws may have sent: unknown, never tried again', async () => {
    const rig = await openDeliveryRig(await open(), { carriers: { first: {}, second: {} } });
    rig.carrier('first').planned.push(new Error('bug near 012345'));
    expect(await rig.deliver(code())).toEqual({ kind: 'unknown', provider: 'first', reason: 'internal_error' });
    expect(rig.carrier('second').sent).toEqual([]);
  });

  test('test keys reach the sandbox only', async () => {
    const rig = await openDeliveryRig(await open());
    expect(await rig.deliver(code({ mode: 'test' }))).toEqual({ kind: 'sent', provider: 'sandbox' });
    expect(rig.carrier().sent).toEqual([]);
  });

  test.each([
    [true, {}, 'none'],
    [false, {}, 'sandbox'],
    [false, { main: {} }, 'main'],
  ] as const)('live keys, production %s, carriers %j: %s', async (production, carriers, expected) => {
    const rig = await openDeliveryRig(await open(), { production, carriers });
    expect(await rig.deliver(code())).toMatchObject({ provider: expected });
  });

  test('neither text nor code nor number is ever logged', async () => {
    const rig = await openDeliveryRig(await open());
    for (const to of ['+33612345678', '+33612340001', '+33612340003', '+33612340004', '+33612340005'])
      await rig.deliver(code({ to, mode: 'test' }));
    rig.carrier().planned.push(new Error('could not send "Votre code Café Acme : 012345" to +33612345678'));
    await rig.deliver(code());
    await rig.settled();
    const written = rig.lines.join('\n');
    expect(rig.lines.length).toBeGreaterThanOrEqual(6);
    expect(written).not.toMatch(/012345|Votre|612345678|61234000/);
  });
});

describe('a second try with the same carrier', () => {
  const { open } = databasesOf('sqlite');
  const busy = (retryAfterMs: number): SendVerdict => ({ kind: 'failed', reason: 'rate_limited', retryAfterMs });

  test('reaches one that was busy for a moment, as a try of its own', async () => {
    const rig = await openDeliveryRig(await open());
    rig.carrier().planned.push(busy(1));
    expect(await rig.deliver(code())).toMatchObject({ kind: 'sent' });
    expect(rig.carrier().sent.map(({ reference }) => reference.at(-1))).toEqual(['1', '2']);
    expect(await rig.messages()).toMatchObject([{ status: 'sent', attempts: 2 }]);
  });

  test.each<[string, SendVerdict[], number, number]>([
    ['is not made twice', [busy(1), busy(1)], 600, 2],
    ['is not made after a long pause', [busy(60_000)], 600, 1],
    ['is not made for a code that will be dead', [busy(1_000)], 1, 1],
    ['is not made without being invited', [failed], 600, 1],
    ['is not made after a rejection', [{ kind: 'rejected', reason: 'blocked_recipient' }], 600, 1],
  ])('%s', async (_name, verdicts, validitySeconds, tries) => {
    const rig = await openDeliveryRig(await open());
    rig.carrier().planned.push(...verdicts);
    expect(await rig.deliver(code({ validitySeconds }))).toMatchObject({ kind: 'failed' });
    expect(rig.carrier().sent).toHaveLength(tries);
  });

  test('is not made while another carrier can take it', async () => {
    const rig = await openDeliveryRig(await open(), { carriers: { first: {}, second: {} } });
    rig.carrier('first').planned.push(busy(1));
    expect(await rig.deliver(code())).toEqual({ kind: 'sent', provider: 'second' });
    expect(rig.carrier('first').sent).toHaveLength(1);
  });

  test('recipients ending 0005 get their code', async () => {
    const { deliver, sandbox } = await openDeliveryRig(await open());
    const to = '+33612340005';
    expect(await deliver(code({ to, mode: 'test' }))).toEqual({ kind: 'sent', provider: 'sandbox' });
    expect(sandbox.list({ project: 'prj_a', mode: 'test' }, { limit: 10 })).toHaveLength(1);
  });
});

describe('time', () => {
  const sandbox = createSandbox(() => 0);
  const candidate = { provider: 'sandbox', sender: 'Acme', cost: null, buckets: [] };

  /** The engine alone, with a total time of its own. */
  async function run(
    behaviour: SendVerdict | 'hangs',
    timing: object,
    signal = new AbortController().signal,
    onSent = () => {},
    over: Partial<Parameters<typeof tryCandidates>[0] & Pick<Parameters<typeof tryCandidates>[1], 'purpose'>> = {},
  ) {
    const sent: AbortSignal[] = [];
    const provider = {
      ...sandbox,
      async send(_message: unknown, deadline: AbortSignal) {
        sent.push(deadline);
        onSent();
        return behaviour === 'hangs' ? new Promise<never>(() => undefined) : behaviour;
      },
    };
    const silent = () => {};
    const deps = {
      find: () => provider,
      routing: { take: async () => 0, tried: silent },
      slots: { enter: async () => silent },
      now: () => 0,
      log: { debug: silent, info: silent, warn: silent, error: silent },
      metrics: { tried: silent },
      timing,
      ...over,
    };
    const base = { project: 'prj_a', mode: 'live', channel: 'sms', purpose: 'code', to: '+33612345678' } as const;
    const sending = {
      ...({
        messageId: 'msg_0',
        project: 'prj_a',
        channel: 'sms',
        purpose: over.purpose ?? 'code',
        country: 'FR',
        attempts: 0,
        expiresAt: 60_000,
      } as const),
      candidates: [candidate, candidate],
      compose: () => ({ ...base, text: 'x', locale: 'en' }),
      begun: async () => true,
      failed: async () => {},
    };
    return { result: await tryCandidates(deps, sending, signal), sent };
  }

  test('a carrier that hangs is given up: unknown, and it is told', async () => {
    const { result, sent } = await run('hangs', { totalMs: 2, reserveMs: 1 });
    expect(result).toMatchObject({ verdict: { kind: 'outcome_unknown', reason: 'timeout' } });
    expect(sent).toHaveLength(1);
    expect(sent[0]?.aborted).toBe(true);
  });

  test('so it is when the caller gives up', async () => {
    const caller = new AbortController();
    const running = run('hangs', {}, caller.signal, () => caller.abort());
    expect((await running).result).toMatchObject({ verdict: { kind: 'outcome_unknown', reason: 'timeout' } });
  });

  test('nothing leaves after the caller gave up', async () => {
    const { result, sent } = await run(failed, {}, AbortSignal.abort());
    expect([result.kind, sent]).toEqual(['no_provider', []]);
  });

  test('no try begins that would have no time to end', async () => {
    const { sent } = await run(failed, { totalMs: 1_000, reserveMs: 1_000 });
    expect(sent.length).toBeLessThanOrEqual(2);
    expect(deliverCode).toBeTypeOf('function');
  });

  const full = (times: number) => {
    let asked = 0;
    return { asked: () => asked, enter: async () => (++asked > times ? () => {} : null) };
  };

  test('a code that nobody has room for is given room as soon as there is some', async () => {
    const slots = full(7);
    const { result, sent } = await run(accepted('m-1'), {}, undefined, undefined, { slots });
    expect([result.kind, sent.length, slots.asked()]).toEqual(['tried', 1, 8]);
  });

  test('so is one that is over the rate of every provider', async () => {
    const waits: number[] = [];
    let debtMs = 3_000;
    const routing = { take: async () => debtMs, tried: () => {} };
    const wait = async (ms: number) => {
      waits.push(ms);
      debtMs -= ms;
    };
    const { result, sent } = await run(accepted('m-1'), {}, undefined, undefined, { routing, wait });
    expect([result.kind, sent.length, waits.every((ms) => ms <= 500)]).toEqual(['tried', 1, true]);
  });

  test('when its time is over it is not, and was never sent', async () => {
    const timing = { totalMs: 30, reserveMs: 10 };
    const wait = () => new Promise(setImmediate);
    const routing = { take: async () => 60_000, tried: () => {} };
    const { result, sent } = await run(accepted('m-1'), timing, undefined, undefined, { routing, wait });
    expect([result.kind, sent.length]).toEqual(['paced', 0]);
  });

  test('what is no code comes back later instead', async () => {
    const slots = full(1);
    const over = { slots, purpose: 'transactional' } as const;
    const { result } = await run(accepted('m-1'), {}, undefined, undefined, over);
    expect([result.kind, slots.asked()]).toEqual(['paced', 1]);
  });
});
