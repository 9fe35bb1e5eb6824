import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  CHALLENGE_ID,
  newChallengeId,
  newId,
  newOrderedId,
  orderedIdOf,
  SHARDS,
  shardOfChallenge,
} from '../../src/lib/ids.ts';

describe('ids (API-23)', () => {
  it('have 130 random bits: every character of 32 equally likely in every place', () => {
    const ids = Array.from({ length: 20_000 }, () => newId('evt'));
    expect(new Set(ids).size).toBe(ids.length);
    for (let place = 'evt_'.length; place < 'evt_'.length + 26; place += 1) {
      const counts = new Map<string, number>();
      for (const id of ids) counts.set(id.charAt(place), (counts.get(id.charAt(place)) ?? 0) + 1);
      const expected = ids.length / 32;
      const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
      expect(counts.size).toBe(32);
      // 31 degrees of freedom: beyond 100 once in 10^8.
      expect(chiSquare).toBeLessThan(100);
    }
  });

  it('do not tell when they were made', () => {
    const ids = Array.from({ length: 200 }, () => newId('key'));
    expect(ids).not.toEqual(ids.toSorted());
  });

  it('in order come one after the other, with as many random bits as any', () => {
    const ids = Array.from({ length: 1_000 }, (_, at) => newOrderedId('con', 1_700_000_000_000 + 8 * at));
    expect(ids).toEqual(ids.toSorted());
    const atOnce = Array.from({ length: 1_000 }, () => newOrderedId('con', 0));
    expect(new Set(atOnce).size).toBe(1_000);
    for (const id of [...ids, ...atOnce]) expect(id).toMatch(/^con_[0-9a-hjkmnp-tv-z]{8}[0-9a-hjkmnp-tv-z]{26}$/);
  });

  it('of times and bytes are the same again, in the order of the times, and no longer than others', () => {
    const bytes = randomBytes(32);
    const ids = Array.from({ length: 100 }, (_, at) => orderedIdOf('msg', 1_700_000_000_000 + 8 * at, bytes));
    expect(ids).toEqual(ids.toSorted());
    expect(orderedIdOf('msg', 1_700_000_000_000, bytes)).toBe(ids[0]);
    expect(orderedIdOf('msg', 1_700_000_000_000, randomBytes(32))).not.toBe(ids[0]);
    for (const id of ids) expect(id).toMatch(/^msg_[0-9a-hjkmnp-tv-z]{26}$/);
  });

  it('of challenges name their shard', () => {
    for (let shard = 0; shard < SHARDS; shard += 1) {
      const id = newChallengeId(shard);
      expect(CHALLENGE_ID.test(id)).toBe(true);
      expect(shardOfChallenge(id)).toBe(shard);
    }
  });

  it('of challenges are the same for the same seed, and another for any other', () => {
    const seed = randomBytes(32);
    const other = Buffer.from(seed);
    other[25] = (other[25] ?? 0) ^ 1;
    expect(newChallengeId(3, seed)).toBe(newChallengeId(3, seed));
    expect(newChallengeId(3, other)).not.toBe(newChallengeId(3, seed));
  });

  it.each([
    '',
    'ver_',
    `ver_${'0'.repeat(26)}`,
    `ver_${'0'.repeat(28)}`,
    `ver_${'i'.repeat(27)}`,
    `msg_${'0'.repeat(27)}`,
    `ver_${'0'.repeat(27)}\n`,
  ])('%j is none', (text) => {
    expect(CHALLENGE_ID.test(text)).toBe(false);
  });
});
