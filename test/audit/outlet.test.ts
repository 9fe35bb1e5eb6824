import { expect, it, onTestFinished } from 'vitest';
import { type OutletOptions, openOutlet } from '../../src/audit/outlet.ts';
import type { Database } from '../../src/db/open.ts';
import { onEachDialect } from '../db/on-each-dialect.ts';

const START = Date.parse('2027-01-15T08:00:00.000Z');

await onEachDialect('an outlet', (databases) => {
  const quiet = { info: () => {}, warn: () => {} };

  async function open(db: Database, options: Partial<OutletOptions> = {}) {
    const tell = async (next: number) => next + 1;
    const all = { db, name: 'siem', now: () => START, first: 1, end: async () => 100, tell, log: quiet, ...options };
    const outlet = await openOutlet(all);
    onTestFinished(() => outlet.stop());
    return outlet;
  }

  /** Is being told until the test lets it go on. */
  function slowTell() {
    const begun = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const tell = async (next: number, signal: AbortSignal) => {
      begun.resolve();
      const aborted = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
      await Promise.race([goOn.promise, aborted]);
      return next + 1;
    };
    return { tell, begun: begun.promise, goOn: goOn.resolve };
  }

  it('is told by nobody else while somebody is at it', async () => {
    const db = await databases.open();
    const { tell, begun, goOn } = slowTell();
    const slow = (await open(db, { tell })).tellNext(START);
    await begun;
    const other = await open(db);
    expect(await other.tellNext(START)).toBe(false);
    goOn();
    expect(await slow).toBe(true);
    expect(await other.tellNext(START)).toBe(true);
    expect(await other.state()).toEqual({ next: 3, behind: 97, failingSince: null });
  });

  it('is not set back by a process that was so slow that another one went on', async () => {
    const db = await databases.open();
    const { tell, begun, goOn } = slowTell();
    const slow = (await open(db, { tell })).tellNext(START);
    await begun;
    const other = await open(db);
    const later = START + 60_000;
    for (let more = 0; more < 3; more += 1) expect(await other.tellNext(later)).toBe(true);
    goOn();
    await slow;
    expect(await other.state()).toMatchObject({ next: 4 });
  });

  it('is free at once when a process ends in order', async () => {
    const db = await databases.open();
    const { tell, begun } = slowTell();
    const ending = await open(db, { tell });
    ending.start();
    await begun;
    await ending.stop();
    const other = await open(db);
    expect(await other.tellNext(START)).toBe(true);
    expect(await other.state()).toMatchObject({ next: 2, failingSince: null });
  });

  it('is told at once when the clock was set back', async () => {
    const db = await databases.open();
    const fail = async () => {
      throw new Error('away');
    };
    const failing = await open(db, { tell: fail });
    expect(await failing.tellNext(START)).toBe(false);
    const other = await open(db);
    expect(await other.tellNext(START)).toBe(false);
    expect(await other.tellNext(START - 86_400_000)).toBe(true);
  });
});
