import { afterEach, describe, expect, it } from 'vitest';
import { StoreUnavailable } from '../../src/lib/errors.ts';
import { findWithdrawn, withdrawAcceptances } from '../../src/verify/acceptances.ts';
import { createWithdrawals, type Withdrawals } from '../../src/verify/withdrawals.ts';
import { random } from '../contract/build.ts';
import { onEachDialect } from '../db/on-each-dialect.ts';

describe('withdrawals', () => {
  let withdrawals: Withdrawals<string>;
  afterEach(() => withdrawals.close());

  /** What each write is given; none ends before `end`. */
  function held() {
    const writes: (readonly string[])[] = [];
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    withdrawals = createWithdrawals((all) => {
      writes.push(all);
      return ended;
    });
    return { writes, end };
  }

  it('are answered when they are written, each of those that come at once', async () => {
    const { end } = held();
    const answered: string[] = [];
    const all = ['a', 'b', 'c'].map((name) => withdrawals.add(name).then(() => answered.push(name)));
    await new Promise(setImmediate);
    expect(answered).toEqual([]);
    end();
    await Promise.all(all);
    expect(answered).toEqual(['a', 'b', 'c']);
  });

  it('are written together: those of a moment, then those that came meanwhile', async () => {
    const { writes, end } = held();
    const early = ['a', 'b'].map((name) => withdrawals.add(name));
    await new Promise(setImmediate);
    const late = ['c', 'd'].map((name) => withdrawals.add(name));
    end();
    await Promise.all([...early, ...late]);
    expect(writes).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  it('are answered after a while that the database is away, and written when it is back', async () => {
    let isAway = true;
    const written: string[] = [];
    withdrawals = createWithdrawals(async (all) => {
      if (isAway) throw new StoreUnavailable('database');
      written.push(...all);
    });
    await Promise.all(['a', 'b'].map((name) => withdrawals.add(name)));
    expect(written).toEqual([]);
    isAway = false;
    await expect.poll(() => written).toEqual(['a', 'b']);
  });

  it('are written before they are answered where only the first try fails', async () => {
    const written: string[] = [];
    let tries = 0;
    withdrawals = createWithdrawals(async (all) => {
      tries += 1;
      if (tries === 1) throw new StoreUnavailable('database');
      written.push(...all);
    });
    await Promise.all(['a', 'b'].map((name) => withdrawals.add(name)));
    expect(written).toEqual(['a', 'b']);
  });

  it('do not wait for one that the database will not take', async () => {
    const written: string[] = [];
    withdrawals = createWithdrawals(async (all) => {
      if (all.includes('bad')) throw new Error('invalid byte sequence');
      written.push(...all);
    });
    const bad = withdrawals.add('bad');
    await Promise.all(['a', 'b'].map((name) => withdrawals.add(name)));
    await withdrawals.add('c');
    expect(written).toEqual(['a', 'b', 'c']);
    await bad;
  });
});

await onEachDialect('withdrawals', ({ open }) => {
  it('of one challenge are all remembered, among those of others', async () => {
    const db = await open();
    const [twice, once] = [random(), random()];
    const by = (id: string, attempt: string) => ({ id, attempt, codeHash: `hash of ${id}`, now: 1 });
    await withdrawAcceptances(db, [by(twice, 'one'), by(once, 'one'), by(twice, 'two')]);
    expect(await findWithdrawn(db, twice)).toEqual({ withdrawn: ['one', 'two'], codeHash: `hash of ${twice}` });
    expect(await findWithdrawn(db, once)).toEqual({ withdrawn: ['one'], codeHash: `hash of ${once}` });
  });
});
