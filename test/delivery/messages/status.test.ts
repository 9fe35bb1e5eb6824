import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AttemptStatus, PartStatus } from '../../../src/delivery/messages/message.ts';
import { hasArrived, nextPartStatus, statusOfAttempts, statusOfParts } from '../../../src/delivery/messages/status.ts';
import type { ReceiptStatus } from '../../../src/delivery/provider.ts';

const REPORTS = [
  ...(['buffered', 'sent', 'unknown', 'expired', 'rejected', 'undelivered', 'delivered', 'read'] as const),
] satisfies ReceiptStatus[];
const report = fc.constantFrom(...REPORTS);
const fold = (reports: readonly ReceiptStatus[]) => reports.reduce<PartStatus>(nextPartStatus, 'sent');

describe('what a part is in the end', () => {
  it('is the same for every order in which its receipts come, and however often (R44)', () => {
    fc.assert(
      fc.property(fc.array(report, { maxLength: 8 }), fc.infiniteStream(fc.nat()), (reports, dice) => {
        const [...shuffled] = [...reports, ...reports.filter((_, index) => index % 2 === 0)];
        shuffled.sort(() => ((dice.next().value ?? 0) % 3) - 1);
        expect(fold(shuffled)).toBe(fold(reports));
      }),
    );
  });

  it('is delivered as soon as anybody reports it so, and nothing takes that back', () => {
    fc.assert(
      fc.property(fc.array(report), fc.array(report), (before, after) => {
        expect(['delivered', 'read']).toContain(fold([...before, 'delivered', ...after]));
      }),
    );
  });

  it('a failure is not taken back by what says less', () => {
    for (const late of ['buffered', 'sent', 'unknown'] as const)
      expect(fold(['undelivered', late])).toBe('undelivered');
  });
});

describe('what an attempt is', () => {
  it.each<[PartStatus[], AttemptStatus]>([
    [['delivered', 'delivered'], 'delivered'],
    [['delivered', 'read'], 'read'],
    [['delivered', 'sent'], 'sent'],
    [['undelivered', 'sent'], 'sent'],
    [['delivered', 'undelivered'], 'partially_delivered'],
    [['delivered', 'unknown'], 'partially_delivered'],
    [['undelivered', 'expired'], 'undelivered'],
    [['expired', 'unknown'], 'expired'],
    [['unknown'], 'unknown'],
  ])('%j → %s', (parts, expected) => {
    expect(statusOfParts(parts)).toBe(expected);
  });

  it('is delivered only when every part is', () => {
    const part = fc.constantFrom<PartStatus>('sent', 'unknown', 'expired', 'undelivered', 'delivered', 'read');
    fc.assert(
      fc.property(fc.array(part, { minLength: 1 }), (parts) => {
        const whole = parts.every((one) => one === 'delivered' || one === 'read');
        expect(['delivered', 'read'].includes(statusOfParts(parts))).toBe(whole);
      }),
    );
  });
});

describe('what a message is', () => {
  it.each<[AttemptStatus[], string]>([
    [['failed', 'rejected'], 'failed'],
    [['rejected'], 'failed'],
    [['undelivered', 'sent'], 'sent'],
    [['unknown', 'undelivered'], 'unknown'],
    [['undelivered', 'delivered'], 'delivered'],
    [['delivered', 'failed'], 'delivered'],
    [['partially_delivered', 'unknown'], 'partially_delivered'],
  ])('%j → %s', (attempts, expected) => {
    expect(statusOfAttempts(attempts)).toBe(expected);
  });

  it('has arrived when one attempt has', () => {
    expect(hasArrived(statusOfAttempts(['undelivered', 'read', 'failed']))).toBe(true);
  });
});
