import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { SendVerdict } from '../../../src/delivery/provider.ts';
import type { SubmitSm } from '../../../src/delivery/smpp/pdu-writer.ts';
import { createSending } from '../../../src/delivery/smpp/sending.ts';
import type { SubmitOutcome } from '../../../src/delivery/smpp/session.ts';

const PART = {} as SubmitSm;
const OK = 0;
const THROTTLED = 0x58;
const INVALID_RECIPIENT = 0x0b;

function newSending(parts: number) {
  const decided: SendVerdict[] = [];
  const late: SendVerdict[] = [];
  const sending = createSending({
    purpose: 'code',
    parts: Array.from({ length: parts }, () => PART),
    statusReasons: {},
    retryAfterMs: 1_000,
    acceptance: (ids) => ({ kind: 'accepted', providerId: ids.join(',') }),
    decided: (verdict) => decided.push(verdict),
    settledLate: (verdict) => late.push(verdict),
  });
  return { sending, decided, late };
}

const answered = (status: number, messageId = 'id'): SubmitOutcome => ({ kind: 'answered', status, messageId });

it('whatever becomes of its parts, a message has one verdict, and that is true', () => {
  const fate = fc.oneof(
    { weight: 6, arbitrary: fc.constant(answered(OK)) },
    { weight: 2, arbitrary: fc.constant(answered(THROTTLED)) },
    fc.constant(answered(INVALID_RECIPIENT)),
    fc.constant<SubmitOutcome>({ kind: 'timeout' }),
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.tuple(fate, fc.nat(4)), { minLength: 80, maxLength: 80 }),
      fc.integer({ min: 1, max: 4 }),
      fc.option(fc.nat(12), { nil: null }),
      (parts, fates, window, cutAfter) => {
        const { sending, decided } = newSending(parts);
        const inFlight: number[] = [];
        const accepted = new Set<number>();
        let isUnknown = false;
        let isCut = false;
        for (const [turn, [outcome, which]] of fates.entries()) {
          if (turn === cutAfter) {
            isCut = true;
            for (const part of inFlight.splice(0)) {
              isUnknown = true;
              sending.answered(part, { kind: 'lost' });
            }
            if (!sending.isUntouched()) sending.linkLost();
            break;
          }
          for (let part = sending.next(); part !== undefined && inFlight.length < window; part = sending.next()) {
            expect(accepted.has(part)).toBe(false);
            sending.submitted(part);
            inFlight.push(part);
          }
          const [part] = inFlight.splice(which % Math.max(1, inFlight.length), 1);
          if (part === undefined) break;
          if (outcome.kind === 'answered' && outcome.status === OK) accepted.add(part);
          if (outcome.kind === 'timeout') isUnknown = true;
          sending.answered(part, outcome);
        }
        expect(decided.length).toBeLessThanOrEqual(1);
        const [verdict] = decided;
        if (!verdict) {
          expect(isCut && sending.isUntouched()).toBe(true);
          return;
        }
        if (verdict.kind === 'accepted') expect(accepted.size).toBe(parts);
        if (verdict.kind === 'failed' || verdict.kind === 'rejected') {
          expect(accepted.size).toBe(0);
          expect(isUnknown).toBe(false);
        }
        if (accepted.size > 0 && accepted.size < parts) expect(verdict.kind).toBe('outcome_unknown');
      },
    ),
    { numRuns: 2_000 },
  );
});

it('a part that is throttled for ever is given up after ten offers', () => {
  const { sending, decided } = newSending(2);
  sending.submitted(0);
  sending.answered(0, answered(OK));
  let offers = 0;
  for (let part = sending.next(); part !== undefined; part = sending.next()) {
    offers++;
    sending.submitted(part);
    sending.answered(part, answered(THROTTLED));
  }
  expect(offers).toBe(11);
  expect(decided).toEqual([{ kind: 'outcome_unknown', reason: 'rate_limited', carrierCode: 'ESME_RTHROTTLED' }]);
});

it('parts that are left after a late answer are sent all the same: half a message is worth nothing', () => {
  const { sending, decided, late } = newSending(2);
  sending.submitted(0);
  sending.answered(0, { kind: 'timeout' });
  expect(decided).toEqual([{ kind: 'outcome_unknown', reason: 'timeout' }]);
  expect(sending.next()).toBeUndefined();
  sending.answered(0, answered(OK, 'a'));
  expect(sending.next()).toBe(1);
  sending.submitted(1);
  sending.answered(1, answered(OK, 'b'));
  expect(late).toEqual([{ kind: 'accepted', providerId: 'a,b' }]);
});

it('what never left goes on over another link', () => {
  const { sending, decided } = newSending(2);
  sending.submitted(0);
  sending.answered(0, { kind: 'not_written' });
  expect(sending.isUntouched()).toBe(true);
  expect(decided).toEqual([]);
  expect(sending.next()).toBe(0);
});

it('what was given up before it left is never sent', () => {
  const { sending, decided } = newSending(1);
  sending.abandon('queue_full');
  expect(decided).toEqual([{ kind: 'failed', reason: 'queue_full' }]);
  expect(sending.next()).toBeUndefined();
  sending.abandon('timeout');
  expect(decided).toHaveLength(1);
});
