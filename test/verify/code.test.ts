import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createKeyring } from '../../src/lib/keyring.ts';
import {
  createCodeHasher,
  drawCode,
  HashingUnavailable,
  type HashPreset,
  isCodeShaped,
} from '../../src/verify/code.ts';

const masters = [1, 2].map((n) => createHash('sha256').update(`master ${n}`).digest());
const [first, second] = masters as [Buffer, Buffer];
const PRESETS: HashPreset[] = ['fast', 'standard', 'hardened'];

describe('drawn codes', () => {
  it('are digits of the asked length, leading zeros kept, every digit equally likely in every place', () => {
    const draws = 20_000;
    const counts = Array.from({ length: 6 }, () => new Array<number>(10).fill(0));
    for (let i = 0; i < draws; i += 1) {
      const code = drawCode(6);
      expect(code).toMatch(/^[0-9]{6}$/);
      for (const [place, digit] of [...code].entries()) {
        const row = counts[place] as number[];
        row[Number(digit)] = (row[Number(digit)] ?? 0) + 1;
      }
    }
    const expected = draws / 10;
    for (const row of counts) {
      const chiSquare = row.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
      // 9 degrees of freedom: above 39.3 with probability 10^-5.
      expect(chiSquare).toBeLessThan(39.3);
    }
  });

  it('have exactly one textual form', () => {
    for (const good of ['1234', '000000', '0123456789']) expect(isCodeShaped(good)).toBe(true);
    for (const bad of [
      '',
      '123',
      '12345678901',
      ' 123456',
      '123456\n',
      '１２３４５６',
      '٠١٢٣٤٥',
      '12 34',
      '-12345',
      '1e5',
      '0x1234',
    ]) {
      expect(isCodeShaped(bad)).toBe(false);
    }
  });
});

describe.each(PRESETS)('the %s hash of a code', (preset) => {
  const hasher = createCodeHasher(createKeyring([first]));

  it('matches that code on that challenge and no other', async () => {
    const stored = await hasher.hash('ver_a', '123456', preset);
    expect(await hasher.matches('ver_a', '123456', stored)).toBe(true);
    expect(await hasher.matches('ver_a', '123457', stored)).toBe(false);
    expect(await hasher.matches('ver_b', '123456', stored)).toBe(false);
  });

  it('is worth nothing without the pepper', async () => {
    const stored = await hasher.hash('ver_a', '123456', preset);
    const thief = createCodeHasher(createKeyring([second]));
    await expect(thief.matches('ver_a', '123456', stored)).rejects.toBeInstanceOf(HashingUnavailable);
    expect(stored).not.toContain('123456');
  });

  it('stays good while its master secret is still listed, and dies with it', async () => {
    const stored = await hasher.hash('ver_a', '123456', preset);
    const rotated = createCodeHasher(createKeyring([second, first]));
    expect(await rotated.matches('ver_a', '123456', stored)).toBe(true);
    expect((await rotated.hash('ver_a', '123456', preset)).split('$')[0]).not.toBe(stored.split('$')[0]);
  });
});

describe('the hashing queue', () => {
  it('refuses what exceeds its bound rather than growing', async () => {
    const hasher = createCodeHasher(createKeyring([first]), { concurrency: 1, maxQueued: 2 });
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, () => hasher.hash('ver_a', '123456', 'standard')),
    );
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(3);
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused.every((result) => result.reason instanceof HashingUnavailable)).toBe(true);
    expect(hasher.queued()).toBe(0);
    await expect(hasher.hash('ver_a', '123456', 'standard')).resolves.toBeTypeOf('string');
  });
});
