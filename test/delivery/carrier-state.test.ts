import { expect, test } from 'vitest';
import { createCarrierState } from '../../src/delivery/carrier-state.ts';
import { createKeyring } from '../../src/lib/keyring.ts';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const keyring = createKeyring([Buffer.alloc(32, 1)]);
const state = createCarrierState(keyring, 'calls');

test('what was sealed opens until its time is over', () => {
  const sealed = state.seal('1/23 – 漢字', 5_000, NOW);
  expect(state.open(sealed, NOW)).toBe('1/23 – 漢字');
  expect(state.open(sealed, NOW + 4_999)).toBe('1/23 – 漢字');
  expect(state.open(sealed, NOW + 5_000)).toBeNull();
});

test('it goes into a URL as it is and shows nothing', () => {
  const sealed = state.seal('the code is 123456', 5_000, NOW);
  expect(encodeURIComponent(sealed)).toBe(sealed);
  expect(Buffer.from(sealed.split('.')[1] ?? '', 'base64url').toString('latin1')).not.toContain('123456');
});

test('it opens for the provider it was made for only', () => {
  expect(createCarrierState(keyring, 'other').open(state.seal('x', 5_000, NOW), NOW)).toBeNull();
});

test('it opens while its master secret is configured', () => {
  const sealed = state.seal('x', 5_000, NOW);
  const [one, two] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  expect(createCarrierState(createKeyring([two, one]), 'calls').open(sealed, NOW)).toBe('x');
  expect(createCarrierState(createKeyring([two]), 'calls').open(sealed, NOW)).toBeNull();
});

test.each(['', '.', 'x.y', 'a'.repeat(100), '../..'])('%j is not ours', (sealed) => {
  expect(state.open(sealed, NOW)).toBeNull();
});

test('a change of any character shows', () => {
  const sealed = state.seal('x', 5_000, NOW);
  for (let at = 0; at < sealed.length - 1; at++) {
    const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1);
    expect(state.open(changed, NOW)).toBeNull();
  }
});
