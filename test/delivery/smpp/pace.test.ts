import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backOffMs } from '../../../src/delivery/smpp/back-off.ts';
import { createGate } from '../../../src/delivery/smpp/gate.ts';

describe('back-off', () => {
  it('doubles up to its limit', () => {
    const pauses = [0, 1, 2, 3, 4, 9, 400].map((failures) => backOffMs(failures, { minMs: 100, maxMs: 1_000 }, 1));
    expect(pauses).toEqual([100, 200, 400, 800, 1_000, 1_000, 1_000]);
  });

  it('is spread, and never below the least', () => {
    const backOff = fc.record({
      minMs: fc.integer({ min: 1, max: 5_000 }),
      maxMs: fc.integer({ min: 5_000, max: 90_000 }),
    });
    fc.assert(
      fc.property(fc.nat(50), backOff, fc.double({ min: 0, max: 1, noNaN: true }), (failures, between, random) => {
        const pauseMs = backOffMs(failures, between, random);
        expect(pauseMs).toBeGreaterThanOrEqual(between.minMs);
        expect(pauseMs).toBeLessThanOrEqual(between.maxMs);
      }),
    );
    expect(backOffMs(4, { minMs: 100, maxMs: 10_000 }, 0)).toBe(800);
    expect(backOffMs(4, { minMs: 100, maxMs: 10_000 }, 1)).toBe(1_600);
  });
});

describe('a rate', () => {
  it('is kept whenever submits come', () => {
    const steps = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 10, maxLength: 200 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 500 }), (waits, ratePerSecond) => {
        const gate = createGate({ ratePerSecond, throttlePauseMs: 1_000 });
        const passed: number[] = [];
        let now = 0;
        for (const wait of waits) {
          now += wait;
          for (let tries = 0; tries < 20 && gate.opensAt() <= now; tries++) {
            gate.pass(now);
            passed.push(now);
          }
        }
        for (const [index, from] of passed.entries()) {
          const inASecond = passed.slice(index).filter((at) => at < from + 1_000).length;
          // What may be made up for of 20 ms, and the one at either end.
          expect(inASecond).toBeLessThanOrEqual(ratePerSecond * 1.02 + 2);
        }
      }),
    );
  });

  it('is reached though timers are late', () => {
    const gate = createGate({ ratePerSecond: 100, throttlePauseMs: 1_000 });
    let passed = 0;
    for (let now = 0; now < 1_000; now += 13) {
      for (; gate.opensAt() <= now; passed++) gate.pass(now);
    }
    expect(passed).toBeGreaterThan(95);
  });

  it('of none lets everything through', () => {
    const gate = createGate({ ratePerSecond: null, throttlePauseMs: 1_000 });
    for (let count = 0; count < 1_000; count++) gate.pass(0);
    expect(gate.opensAt()).toBeLessThanOrEqual(0);
  });
});

describe('a pause', () => {
  it('a full window that is throttled at once is one pause', () => {
    const gate = createGate({ ratePerSecond: null, throttlePauseMs: 1_000 });
    for (let count = 0; count < 100; count++) gate.throttled(5_000 + count);
    expect(gate.opensAt()).toBe(6_000);
  });

  it('doubles while nothing is accepted in between, up to 32 times the first', () => {
    const gate = createGate({ ratePerSecond: null, throttlePauseMs: 1_000 });
    const pauses: number[] = [];
    for (let count = 0; count < 7; count++) {
      const now = gate.opensAt() === Number.NEGATIVE_INFINITY ? 0 : gate.opensAt();
      gate.throttled(now);
      pauses.push(gate.opensAt() - now);
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 32_000]);
    gate.accepted();
    const now = gate.opensAt();
    gate.throttled(now);
    expect(gate.opensAt() - now).toBe(1_000);
  });
});
