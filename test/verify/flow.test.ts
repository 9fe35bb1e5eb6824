import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Challenge, Channel, Send } from '../../src/verify/challenge.ts';
import {
  applyReceipt,
  beginFlow,
  endFlow,
  type Flow,
  LEASE_MS,
  markSending,
  planDue,
  resendFlow,
  settleSend,
  skipStep,
} from '../../src/verify/flow.ts';

const START = 1_800_000_000_000;
const WORKFLOW = [{ channel: 'sms' as const, wait_seconds: 30 }, { channel: 'voice' as const }];

function challenge(change: Partial<Challenge> = {}): Challenge {
  const expiresAt = START + 600_000;
  return {
    id: 'ver_x',
    project: 'prj_1',
    mode: 'test',
    to: '+33612345678',
    recipientHash: 'h',
    masked: '+33*******78',
    country: 'FR',
    purpose: 'login',
    locale: 'en',
    workflow: WORKFLOW,
    codeLength: 6,
    maxAttempts: 5,
    maxSends: 5,
    cooldownSeconds: 60,
    resendCode: 'same',
    hashPreset: 'fast',
    fallback: 'unless_approved',
    contextDigest: null,
    client: {},
    metadata: {},
    brand: 'Acme',
    testNumber: false,
    proofTtlSeconds: 300,
    ledger: true,
    createdAt: START,
    expiresAt,
    budgets: [],
    sendLimits: [],
    attempts: 0,
    judged: 0,
    endedAt: null,
    rev: 1,
    secrets: { codeHash: '', sealed: '' },
    ...beginFlow({ workflow: change.workflow ?? WORKFLOW, expiresAt, cooldownSeconds: 60 }, START),
    ...change,
  };
}

const changed = (base: Challenge, flow: Flow | null): Challenge => {
  if (!flow) throw new Error('expected a change');
  return { ...base, ...flow };
};
const statuses = (of: { sends: Send[] }) => of.sends.map((send) => `${send.channel}:${send.status}`);
const sent = { kind: 'sent', provider: 'p' } as const;
const failed = { kind: 'failed', provider: 'p', reason: 'no_route' } as const;
const unknown = { kind: 'unknown', provider: 'p', reason: 'timeout' } as const;

describe('the sending of a verification', () => {
  it('sends the first step, waits, then begins the next one', () => {
    const started = challenge();
    expect(planDue(started, START)).toEqual({ kind: 'send', index: 0 });
    const sending = changed(started, markSending(started, 0, START));
    const done = changed(sending, settleSend(sending, 0, sent, START + 200));
    expect(statuses(done)).toEqual(['sms:sent']);
    expect(done.dueAt).toBe(START + 30_000);
    expect(planDue(done, START + 29_999).kind).toBe('wait');
    const next = planDue(done, START + 30_000);
    if (next.kind !== 'next_step') throw new Error(next.kind);
    expect(statuses(next.flow)).toEqual(['sms:sent', 'voice:queued']);
    expect(planDue(changed(done, next.flow), START + 30_000)).toEqual({ kind: 'send', index: 1 });
    expect(next.flow.nextSendAt).toBeNull();
  });

  it('keeps two steps by one channel the cool-down apart', () => {
    const started = challenge({ workflow: [{ channel: 'sms', wait_seconds: 1 }, { channel: 'sms' }] });
    expect(started.nextSendAt).toBe(START + 60_000);
  });

  it('keeps two sends by one channel the cool-down apart, whatever lies between them', () => {
    const workflow: Challenge['workflow'] = [
      { channel: 'sms', wait_seconds: 10 },
      { channel: 'voice', wait_seconds: 10 },
      { channel: 'sms' },
    ];
    const started = challenge({ workflow });
    const called = planDue(changed(started, markSending(started, 0, START)), START + 10_000);
    if (called.kind !== 'next_step') throw new Error(called.kind);
    expect(called.flow.nextSendAt).toBe(START + 60_000);
  });

  it('passes a step over that a limit forbids: the next one has its turn at once, and at the end nothing is left', () => {
    const workflow: Challenge['workflow'] = [
      { channel: 'sms', wait_seconds: 30 },
      { channel: 'email', wait_seconds: 30 },
      { channel: 'voice' },
    ];
    const started = challenge({ workflow });
    const sending = changed(started, markSending(started, 0, START));
    const done = changed(sending, settleSend(sending, 0, sent, START));
    const skipped = changed(done, skipStep(done, START + 30_000));
    expect(skipped).toMatchObject({ step: 1, nextSendAt: START + 30_000, dueAt: START + 30_000, status: 'pending' });
    const last = changed(skipped, skipStep(skipped, START + 30_000));
    expect(last).toMatchObject({ nextSendAt: null, dueAt: started.expiresAt, status: 'pending' });
    const refused = changed(sending, settleSend(sending, 0, failed, START));
    const both = changed(refused, skipStep(refused, START));
    expect(skipStep(both, START).status).toBe('undeliverable');
  });

  it('goes on to the next step at once when the carrier refuses', () => {
    const sending = changed(challenge(), markSending(challenge(), 0, START));
    const refused = changed(sending, settleSend(sending, 0, failed, START + 5));
    expect(refused.dueAt).toBe(START + 5);
    expect(planDue(refused, START + 5).kind).toBe('next_step');
  });

  it('goes on to the next step at once when a receipt says it was not delivered', () => {
    const sending = changed(challenge(), markSending(challenge(), 0, START));
    const done = changed(sending, settleSend(sending, 0, sent, START + 5));
    const receipt = { verificationId: 'ver_x', sendIndex: 0, status: 'failed', provider: 'p' } as const;
    const undelivered = changed(done, applyReceipt(done, receipt, START + 900));
    expect(planDue(undelivered, START + 900).kind).toBe('next_step');
  });

  it('is undeliverable once every step has failed', () => {
    const single = challenge({ workflow: [{ channel: 'sms' }] });
    const sending = changed(single, markSending(single, 0, START));
    expect(settleSend(sending, 0, failed, START + 5)?.status).toBe('undeliverable');
  });

  it('never sends again what may have been sent: a lost call becomes unknown and the workflow waits', () => {
    const sending = changed(challenge(), markSending(challenge(), 0, START));
    expect(planDue(sending, START + LEASE_MS - 1).kind).toBe('wait');
    const lost = planDue(sending, START + LEASE_MS);
    if (lost.kind !== 'lost') throw new Error(lost.kind);
    expect(statuses(lost.flow)).toEqual(['sms:unknown']);
    expect(lost.flow.dueAt).toBe(START + 30_000);
    const timedOut = changed(sending, settleSend(sending, 0, unknown, START + 10_000));
    expect(planDue(timedOut, START + 10_000).kind).toBe('wait');
  });

  it('takes a receipt that came before the carrier’s answer', () => {
    const sending = changed(challenge(), markSending(challenge(), 0, START));
    const receipt = { verificationId: 'ver_x', sendIndex: 0, status: 'delivered', provider: 'p' } as const;
    const delivered = changed(sending, applyReceipt(sending, receipt, START + 1));
    expect(settleSend(delivered, 0, sent, START + 2)).toBeNull();
    expect(statuses(delivered)).toEqual(['sms:delivered']);
  });

  it('calls the next step off on delivery only where the policy says so', () => {
    const receipt = { verificationId: 'ver_x', sendIndex: 0, status: 'delivered', provider: 'p' } as const;
    for (const fallback of ['unless_approved', 'unless_delivered'] as const) {
      const started = challenge({ fallback });
      const sending = changed(started, markSending(started, 0, START));
      const done = changed(sending, settleSend(sending, 0, sent, START));
      const delivered = changed(done, applyReceipt(done, receipt, START + 1));
      expect(delivered.nextSendAt).toBe(fallback === 'unless_approved' ? START + 30_000 : null);
    }
  });

  it('counts a resend by the fallback channel as that step begun, so that it is not called twice', () => {
    const sending = changed(challenge(), markSending(challenge(), 0, START));
    const done = changed(sending, settleSend(sending, 0, sent, START));
    const again = changed(done, resendFlow(done, 'voice', START + 10_000));
    expect(again.step).toBe(1);
    expect(again.nextSendAt).toBeNull();
  });

  it('does not send after the end', () => {
    const resent = changed(challenge(), resendFlow(challenge(), 'voice', START + 1));
    const sending = changed(resent, markSending(resent, 0, START + 1));
    const ended = changed(sending, endFlow(sending, 'canceled'));
    expect(statuses(ended)).toEqual(['sms:sending', 'voice:skipped']);
    expect(planDue(ended, START + 1).kind).toBe('reconcile');
    const late = challenge();
    expect(planDue(late, late.expiresAt)).toMatchObject({ kind: 'end', flow: { status: 'expired' } });
  });

  it('keeps final states under any order and number of receipts and answers', () => {
    const receiptOf = (status: 'delivered' | 'failed') =>
      ({ verificationId: 'ver_x', sendIndex: 0, status, provider: 'p' }) as const;
    const step = fc.constantFrom<(c: Challenge, now: number) => Flow | null>(
      (c, now) => applyReceipt(c, receiptOf('delivered'), now),
      (c, now) => applyReceipt(c, receiptOf('failed'), now),
      (c, now) => settleSend(c, 0, sent, now),
      (c, now) => settleSend(c, 0, failed, now),
      (c, now) => settleSend(c, 0, unknown, now),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        let current = changed(challenge(), markSending(challenge(), 0, START));
        let final: string | undefined;
        for (const [i, apply] of steps.entries()) {
          const flow = apply(current, START + i);
          if (flow) current = { ...current, ...flow };
          const status = current.sends[0]?.status;
          if (final) expect(status).toBe(final);
          if (status === 'delivered' || status === 'failed') final = status;
        }
      }),
    );
  });

  it('always ends or waits for a moment in the future, and never exceeds the sends it may make', () => {
    const outcome = fc.constantFrom(sent, failed, unknown);
    const channels = fc.constantFrom<Channel>('sms', 'voice', 'whatsapp');
    const workflows = fc.array(fc.record({ channel: channels, wait_seconds: fc.integer({ min: 1, max: 120 }) }), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(
        workflows,
        fc.array(outcome, { minLength: 20, maxLength: 20 }),
        fc.integer({ min: 1, max: 5 }),
        (workflow, outcomes, maxSends) => {
          let current = challenge({ workflow, maxSends });
          let now = START;
          for (const result of outcomes) {
            const action = planDue(current, now);
            if (action.kind === 'send') {
              const sending = changed(current, markSending(current, action.index, now));
              current = changed(sending, settleSend(sending, action.index, result, now));
            } else if (action.kind === 'reconcile') {
              return;
            } else {
              current = { ...current, ...action.flow };
              if (action.kind === 'wait') {
                expect(current.dueAt).toBeGreaterThan(now);
                now = current.dueAt ?? now;
              }
            }
            expect(current.sends.length).toBeLessThanOrEqual(maxSends);
            if (current.status === 'pending') expect(current.dueAt).not.toBeNull();
          }
        },
      ),
    );
  });
});
