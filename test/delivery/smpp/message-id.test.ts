import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MessageIdBase, toProviderId, toStoredForms } from '../../../src/delivery/smpp/message-id.ts';

/** Whether a receipt with the one id finds the message that was stored with the other. */
const finds = (answer: string, receipt: string, base: MessageIdBase = 'auto') =>
  toStoredForms(receipt, base).includes(toProviderId(answer, base));

describe('a receipt finds its message', () => {
  it.each<[string, string, string]>([
    ['the same', '4f2a', '4f2a'],
    ['upper and lower case of hex', '4F2A', '4f2a'],
    ['hex answered, decimal reported', '4f2a', '20266'],
    ['decimal answered, hex reported', '20266', '4F2A'],
    ['hex of digits only answered, decimal reported', '1234', '4660'],
    ['decimal answered, hex of digits only reported', '4660', '1234'],
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
    expect(toProviderId('4F2A', 'hex_then_decimal')).toBe('20266');
    expect(toStoredForms('0000020266', 'hex_then_decimal')).toEqual(['20266']);
    expect(toProviderId('20266', 'decimal_then_hex')).toBe('20266');
    expect(toStoredForms('4f2a', 'decimal_then_hex')).toEqual(['20266']);
    expect(finds('1234', '1234', 'hex_then_decimal')).toBe(false);
    expect(finds('1234', '1234', 'decimal')).toBe(true);
    expect(finds('1234', '4660', 'decimal')).toBe(false);
    expect(finds('0x-not-a-number', '0x-not-a-number', 'hex')).toBe(true);
  });
});

it('ids in which case tells messages apart are not confused', () => {
  expect(finds('aZ', 'Az')).toBe(false);
  expect(finds('aB', 'Ab', 'exact')).toBe(false);
  expect(finds('007', '7', 'exact')).toBe(false);
});

it('the form as written comes first: what matches it is preferred', () => {
  expect(toStoredForms('1234', 'auto')).toEqual(['1234', '4d2', '4660']);
});

it('an id of any number is found in every way of writing it', () => {
  const number = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const padding = fc.integer({ min: 0, max: 6 }).map((count) => '0'.repeat(count));
  const written = (value: bigint) =>
    fc.tuple(padding, fc.constantFrom(value.toString(), value.toString(16), value.toString(16).toUpperCase()));
  fc.assert(
    fc.property(
      number.chain((value) => fc.tuple(written(value), written(value))),
      ([answer, receipt]) => {
        expect(finds(answer.join(''), receipt.join(''))).toBe(true);
      },
    ),
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
      toProviderId(id, by);
      expect(toStoredForms(id, by).length).toBeGreaterThan(0);
    }),
  );
});
