import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { CompiledQuery } from 'kysely';
import { describe, expect, test } from 'vitest';
import { batchTransaction } from '../../src/db/transaction.ts';
import { createQueue, type NewJob } from '../../src/jobs/queue.ts';
import { createJobWorker, type JobWorkerOptions } from '../../src/jobs/worker.ts';
import { onEachDialect } from '../db/on-each-dialect.ts';

const NOW = 1_800_000_000_000;
const LEASE_MS = 15_000;
const CLAIMING = fileURLToPath(new URL('claiming-process.ts', import.meta.url));

const idsOf = (jobs: readonly { id: string }[]) => jobs.map(({ id }) => id).sort();
const job = (id: string, changes: Partial<NewJob> = {}): NewJob => ({
  ...{ id, lane: 1, owner: 'one', dueAt: NOW },
  ...changes,
});

await onEachDialect('the queue', ({ open, fresh }) => {
  async function start(lanes = [1, 2]) {
    const db = await open();
    const queue = createQueue(db, 'test', lanes);
    const run = (...statements: (CompiledQuery | null)[]) =>
      batchTransaction(db, {}, (batch) => batch.commit(...statements));
    const add = (...jobs: NewJob[]) => run(queue.enqueue(jobs));
    const claim = (now = NOW, max = 10) => queue.claim(now, LEASE_MS, max);
    return { db, queue, run, add, claim };
  }

  test('a job begins and ends with the transaction of what it is about', async () => {
    const { db, queue, claim } = await start();
    await batchTransaction(db, {}, async (batch) => {
      await batch.run(queue.enqueue([job('a')]));
      batch.rollback();
      await batch.commit(queue.enqueue([job('b')]));
    });
    expect(idsOf(await claim())).toEqual(['b']);
  });

  test('a job is leased: nobody else gets it before the lease ends, and then anybody', async () => {
    const { add, claim } = await start();
    await add(job('a', { payload: { n: 1 } }));
    expect(await claim()).toEqual([
      { id: 'a', lane: 1, owner: 'one', claim: 1, tries: 1, payload: { n: 1 }, leasedUntil: NOW + LEASE_MS },
    ]);
    expect(await claim(NOW + LEASE_MS - 1)).toEqual([]);
    expect(await claim(NOW + LEASE_MS)).toMatchObject([{ id: 'a', claim: 2, tries: 2 }]);
  });

  test('who slept through its lease can end nothing any more', async () => {
    const { run, queue, add, claim } = await start();
    await add(job('a'));
    const [slow] = await claim();
    const [fast] = await claim(NOW + LEASE_MS);
    if (!slow || !fast) throw new Error('not claimed');
    await run(queue.complete([slow]), queue.bury([{ ...slow, reason: 'x' }]), queue.putBack([{ ...slow, dueAt: NOW }]));
    expect(await claim(NOW + LEASE_MS)).toEqual([]);
    await run(queue.complete([fast]));
    expect(await claim(NOW + 10 * LEASE_MS)).toEqual([]);
  });

  test('what is due later waits, what was put back comes again, what was buried never', async () => {
    const { run, queue, add, claim } = await start();
    await add(job('later', { dueAt: NOW + 1 }), job('back'), job('dead'));
    const [back, dead] = (await claim()).sort((a, b) => (a.id < b.id ? -1 : 1));
    if (!back || !dead) throw new Error('not claimed');
    await run(
      queue.putBack([{ ...back, dueAt: NOW + 2, tries: 0, reason: 'rate_limited' }]),
      queue.bury([{ ...dead, reason: 'broken' }]),
    );
    expect(idsOf(await claim(NOW + 1))).toEqual(['later']);
    expect(await claim(NOW + 2)).toMatchObject([{ id: 'back', tries: 1 }]);
    expect(await claim(NOW + 100 * LEASE_MS)).toHaveLength(2);
    expect(await queue.figures(NOW + 100 * LEASE_MS)).toEqual({ due: 0, oldestDueAt: null, dead: 1 });
  });

  test('a lower lane is always served first, in the order of what is due', async () => {
    const { add, claim } = await start();
    await add(job('bulk', { lane: 2, dueAt: NOW - 100 }), job('new', { dueAt: NOW }), job('old', { dueAt: NOW - 1 }));
    expect(idsOf(await claim(NOW, 1))).toEqual(['old']);
    expect(idsOf(await claim(NOW, 1))).toEqual(['new']);
    expect(idsOf(await claim(NOW, 1))).toEqual(['bulk']);
  });

  test('who has much waiting holds up nobody: each owner gets as much of a claim (R54)', async () => {
    const { add, claim } = await start();
    const waiting = Array.from({ length: 50 }, (_, index) => job(`much-${index}`, { owner: 'b', dueAt: NOW - 1000 }));
    await add(
      ...waiting,
      job('few-1', { owner: 'a' }),
      job('few-2', { owner: 'c' }),
      job('later', { owner: 'd', dueAt: NOW + 1 }),
    );
    const first = await claim(NOW, 9);
    expect(idsOf(first.filter(({ owner }) => owner !== 'b'))).toEqual(['few-1', 'few-2']);
    expect(first).toHaveLength(5);
    expect(await claim(NOW, 9)).toHaveLength(9);
  });

  test('of more owners than are claimed at once those come first that have waited longest', async () => {
    const { add, claim } = await start();
    await add(...[5, 1, 4, 2, 3].map((age) => job(`job-${age}`, { owner: `owner-${age}`, dueAt: NOW - age })));
    expect(idsOf(await claim(NOW, 2))).toEqual(['job-4', 'job-5']);
    expect(idsOf(await claim(NOW, 2))).toEqual(['job-2', 'job-3']);
  });

  test('of an owner that is excepted nothing is taken', async () => {
    const { add, queue } = await start();
    await add(job('a', { owner: 'one' }), job('b', { owner: 'two' }));
    expect(idsOf(await queue.claim(NOW, LEASE_MS, 10, ['one']))).toEqual(['b']);
  });

  test('a job that is there already stays as it is; queues do not see one another', async () => {
    const { db, queue, run, add, claim } = await start();
    const other = createQueue(db, 'other', [1]);
    await add(job('a'), job('b'));
    await run(queue.enqueue([job('a', { dueAt: NOW + 5 })]), other.enqueue([job('a')]));
    expect(idsOf(await claim())).toEqual(['a', 'b']);
    expect(idsOf(await other.claim(NOW, LEASE_MS, 10))).toEqual(['a']);
  });

  test('tells how much is due, and since when', async () => {
    const { queue, add, claim } = await start();
    await add(job('a', { dueAt: NOW - 500 }), job('b'), job('c', { dueAt: NOW + 1 }));
    expect(await queue.figures(NOW)).toEqual({ due: 2, oldestDueAt: NOW - 500, dead: 0 });
    await claim(NOW, 1);
    expect(await queue.figures(NOW)).toMatchObject({ due: 1, oldestDueAt: NOW });
  });

  test('two processes that claim at once never get the same job, and get all of them', async () => {
    const { url } = await fresh();
    const { openDatabase } = await import('../../src/db/open.ts');
    const db = await openDatabase(url);
    const queue = createQueue(db, 'test', [1]);
    const all = Array.from({ length: 300 }, (_, index) => job(`job-${index}`));
    await batchTransaction(db, {}, (batch) => batch.commit(queue.enqueue(all)));
    const claimed = (await Promise.all([claimInProcess(url), claimInProcess(url)])).flat();
    await db.close();
    expect(claimed.sort()).toEqual(idsOf(all));
  });

  describe('a worker', () => {
    async function work(
      run: (id: string) => Promise<void> | void,
      maxTries = 3,
      options: Partial<JobWorkerOptions> = {},
    ) {
      const { db, queue, add, ...rest } = await start();
      const clock = { now: NOW };
      const errors: unknown[] = [];
      const done = (one: { id: string; claim: number }) =>
        batchTransaction(db, {}, (batch) => batch.commit(queue.complete([one])));
      const worker = createJobWorker({
        db,
        queue,
        now: () => clock.now,
        onError: (error) => errors.push(error),
        leaseMs: LEASE_MS,
        slots: 2,
        maxTries,
        idleMs: 5,
        ...options,
        async run(one) {
          await run(one.id);
          await done(one);
        },
      });
      return { db, queue, add, clock, errors, worker, ...rest };
    }

    test('one job that always throws is given up with the reason, and holds nothing else up', async () => {
      const seen: string[] = [];
      const { db, worker, add, clock, errors, queue } = await work((id) => {
        if (id === 'poison') throw new TypeError('no');
        seen.push(id);
      });
      await add(job('poison', { dueAt: NOW - 1 }), ...['a', 'b', 'c'].map((id) => job(id)));
      for (let round = 0; round < 5; round += 1) {
        await worker.runDue();
        clock.now += 300_000;
      }
      expect(seen.sort()).toEqual(['a', 'b', 'c']);
      expect(errors).toHaveLength(3);
      expect(await queue.figures(clock.now)).toEqual({ due: 0, oldestDueAt: null, dead: 1 });
      expect(await db.kysely.selectFrom('jobs').select(['id', 'tries', 'reason', 'due_at']).execute()).toEqual([
        { id: 'poison', tries: 3, reason: 'TypeError', due_at: null },
      ]);
    });

    test('one that kills its process is given up too: tries count when they begin', async () => {
      const begun: string[] = [];
      const { claim, add, worker, clock, queue } = await work((id) => void begun.push(id), 2);
      await add(job('a'));
      for (let process = 0; process < 2; process += 1) {
        await claim(clock.now); // and dies
        clock.now += LEASE_MS;
      }
      await worker.runDue();
      expect(begun).toEqual([]);
      expect((await queue.figures(clock.now)).dead).toBe(1);
    });

    test('begins at once when it is woken, and ends what it is at when it is stopped', async () => {
      const begun = Promise.withResolvers<void>();
      const finish = Promise.withResolvers<void>();
      const { worker, add, queue, claim } = await work(() => {
        begun.resolve();
        return finish.promise;
      });
      worker.start();
      await add(job('a'));
      queue.wake();
      await begun.promise;
      const stopped = worker.stop();
      finish.resolve();
      await stopped;
      await add(job('b'));
      queue.wake();
      expect(idsOf(await claim(NOW + LEASE_MS))).toEqual(['b']);
    });

    test('leaves slots to others when what an owner has takes long (R54)', async () => {
      const finish = Promise.withResolvers<void>();
      const begun: string[] = [];
      const { worker, add, queue } = await work(
        (id) => {
          begun.push(id);
          return id.startsWith('slow') ? finish.promise : Promise.resolve();
        },
        3,
        { slots: 3, slotsOfOwner: 2, batch: 1 },
      );
      await add(...Array.from({ length: 5 }, (_, index) => job(`slow-${index}`, { owner: 'one' })));
      worker.start();
      while (begun.length < 2) await new Promise(setImmediate);
      await add(job('quick', { owner: 'two' }));
      queue.wake();
      while (!begun.includes('quick')) await new Promise(setImmediate);
      expect(begun).toHaveLength(3);
      finish.resolve();
      while (begun.length < 6) await new Promise(setImmediate);
      await worker.stop();
    });

    test('does no more at once than it has slots for', async () => {
      let running = 0;
      let most = 0;
      const { worker, add, queue, clock } = await work(async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise(setImmediate);
        running -= 1;
      });
      await add(...Array.from({ length: 20 }, (_, index) => job(`job-${index}`)));
      worker.start();
      while ((await queue.figures(clock.now + LEASE_MS)).due > 0) await new Promise(setImmediate);
      await worker.stop();
      expect(most).toBe(2);
    });
  });
});

/** What a process of its own could claim. */
async function claimInProcess(url: string): Promise<string[]> {
  const child = spawn(process.execPath, [CLAIMING, url, String(NOW)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  await once(child, 'close');
  return output.split('\n').filter((id) => id !== '');
}
