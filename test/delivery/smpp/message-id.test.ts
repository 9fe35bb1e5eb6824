import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMessageIds, type MessageIdBase } from '../../../src/delivery/smpp/message-id.ts';

/** Whether a receipt with the one id finds the message that was stored with the other; `seen`: pairs that came before. */
function finds(answer: string, receipt: string, base: MessageIdBase = 'auto', seen: [string, string][] = []): boolean {
  const ids = createMessageIds(base);
  for (const [given, reported] of seen) {
    ids.given(given);
    ids.reported(reported);
  }
  const stored = ids.given(answer);
  return ids.reported(receipt).includes(stored);
}

describe('a receipt finds its message', () => {
  it.each<[string, string, string]>([
    ['the same', '4f2a', '4f2a'],
    ['upper and lower case of hex', '4F2A', '4f2a'],
    ['hex answered, decimal reported', '4f2a', '20266'],
    ['decimal answered, hex reported', '20266', '4F2A'],
    ['leading zeros dropped', '0000004f2a', '4f2a'],
    ['leading zeros added', '4660', '0000004660'],
    ['leading zeros and another base', '00004F2A', '0000020266'],
    ['a UUID in capitals', '0b5c1d7e-8f7a-4c52-9d3b-1a2b3c4d5e6f', '0B5C1D7E-8F7A-4C52-9D3B-1A2B3C4D5E6F'],
    ['a UUID without its leading zero', '0b5c1d7e-8f7a-4c52-9d3b-1a2b3c4d5e6f', 'b5c1d7e-8f7a-4c52-9d3b-1a2b3c4d5e6f'],
    ['64 bits', 'ffffffffffffffff', '18446744073709551615'],
    ['an id of 64 hex digits', 'A'.repeat(64), 'a'.repeat(64)],
    ['letters beyond hex', 'Zx-17', 'Zx-17'],
    ['zero', '0000', '0'],
    ['spaces around it', '4f2a', ' 4f2a '],
  ])('%s', (_, answer, receipt) => {
    expect(finds(answer, receipt)).toBe(true);
  });

  it('in the base the configuration names, by one form only', () => {
    const given = (id: string, base: MessageIdBase) => createMessageIds(base).given(id);
    const reported = (id: string, base: MessageIdBase) => createMessageIds(base).reported(id);
    expect(given('4F2A', 'hex_then_decimal')).toBe('20266');
    expect(reported('0000020266', 'hex_then_decimal')).toEqual(['20266']);
    expect(given('20266', 'decimal_then_hex')).toBe('20266');
    expect(reported('4f2a', 'decimal_then_hex')).toEqual(['20266']);
    expect(finds('1234', '1234', 'hex_then_decimal')).toBe(false);
    expect(finds('1234', '1234', 'decimal')).toBe(true);
    expect(finds('1234', '4660', 'decimal')).toBe(false);
    expect(finds('0x-not-a-number', '0x-not-a-number', 'hex')).toBe(true);
  });
});

describe('auto, of ids of digits only', () => {
  it('takes two that differ for two messages', () => {
    expect(finds('1000', '4096')).toBe(false);
    expect(finds('4096', '1000')).toBe(false);
    expect(createMessageIds('auto').reported('1234')).toEqual(['1234', '4d2']);
  });

  it.each<[string, [string, string], string, string]>([
    ['hex answered, decimal reported', ['4f2a', '20266'], '1000', '4096'],
    ['decimal answered, hex reported', ['20266', '4F2A'], '4096', '1000'],
  ])('%s, once letters have shown it: they are read so first', (_, seen, answer, receipt) => {
    const ids = createMessageIds('auto');
    ids.given(seen[0]);
    ids.reported(seen[1]);
    expect(ids.reported(receipt)).toEqual([ids.given(answer), receipt]);
  });

  it('takes them for hex alone where both sides have shown letters', () => {
    expect(finds('1000', '1000', 'auto', [['4f2a', '4f2a']])).toBe(true);
    expect(finds('1000', '4096', 'auto', [['4f2a', '4f2a']])).toBe(false);
    expect(finds('3e8', '1000', 'auto', [['4f2a', '4f2a']])).toBe(false);
  });
});

it('ids in which case tells messages apart are not confused', () => {
  expect(finds('aZ', 'Az')).toBe(false);
  expect(finds('aB', 'Ab', 'exact')).toBe(false);
  expect(finds('007', '7', 'exact')).toBe(false);
});

it('an id of any number is found in every way of writing it', () => {
  const number = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const padding = fc.integer({ min: 0, max: 6 }).map((count) => '0'.repeat(count));
  const base = fc.constantFrom(10, 16);
  const upper = fc.boolean();
  fc.assert(
    fc.property(number, base, base, padding, padding, upper, upper, (value, first, then, zero, zeros, up, upToo) => {
      const write = (id: bigint, radix: number, isUpper: boolean) =>
        isUpper ? id.toString(radix).toUpperCase() : id.toString(radix);
      // 0xabcd shows the base of each side by its letters, or by their absence.
      const seen: [string, string] = [write(0xabcdn, first, up), write(0xabcdn, then, upToo)];
      expect(finds(zero + write(value, first, up), zeros + write(value, then, upToo), 'auto', [seen])).toBe(true);
    }),
  );
});

it('takes anything a carrier may call an id', () => {
  const base = fc.constantFrom<MessageIdBase>(
    'auto',
    'exact',
    'hex',
    'decimal',
    'hex_then_decimal',
    'decimal_then_hex',
  );
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 80 }), base, (id, by) => {
      const ids = createMessageIds(by);
      ids.given(id);
      expect(ids.reported(id).length).toBeGreaterThan(0);
    }),
  );
});
