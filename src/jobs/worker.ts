import type { Database } from '../db/open.ts';
import { batchTransaction } from '../db/transaction.ts';
import type { Now } from '../lib/clock.ts';
import { inTurn } from './in-turn.ts';
import type { Job, JobQueue } from './queue.ts';

export interface JobWorkerOptions {
  db: Database;
  queue: JobQueue;
  now: Now;
  /** Does a job and ends it: completes it, puts it back or buries it. One that throws is tried again later. */
  run(job: Job): Promise<void>;
  onError(error: unknown): void;
  /** For so long a claimed job is this process's; longer than `run` may take. */
  leaseMs: number;
  /** Jobs worked on at once. */
  slots: number;
  /** With so many under way an owner gets no more: what takes long leaves slots for the others. Default: all. */
  slotsOfOwner?: number;
  /** Claimed at once. */
  batch?: number;
  /** A job that threw so often is given up, as is one that was begun oftener: its process dies in it. */
  maxTries?: number;
  /** Buries it; more than that where others wait for what it was about. */
  giveUp?(job: Job, reason: string): Promise<void>;
  /** Pause between two looks when nothing is due: jobs that another process enqueued, or that became due. */
  idleMs?: number;
}

export interface JobWorker {
  /** Claims what is due and does it, until nothing is. Returns how many; for tests and for draining a queue at once. */
  runDue(): Promise<number>;
  start(): void;
  /** Claims nothing more; resolves when the jobs under way are done. */
  stop(): Promise<void>;
}

const LONGEST_BACK_OFF_MS = 300_000;

export function createJobWorker(options: JobWorkerOptions): JobWorker {
  const { db, queue, now, run, onError, leaseMs, slots, batch = 100, maxTries = 10, idleMs = 250 } = options;
  const { slotsOfOwner = slots, giveUp = bury } = options;
  const running = new Set<Promise<void>>();
  const held = new Map<string, number>();
  let stopped = false;
  let loop: Promise<void> | null = null;
  let wake = () => {};
  let woken = false;
  let failures = 0;
  const unsubscribe = queue.onWake(() => {
    woken = true;
    wake();
  });

  async function runOne(job: Job): Promise<void> {
    try {
      if (job.tries > maxTries) return await giveUp(job, 'process_lost');
      await run(job);
    } catch (error) {
      onError(error);
      // If this fails too, the lease ends and the try has been counted.
      await giveBack(job, nameOf(error)).catch(onError);
    }
  }

  async function giveBack(job: Job, reason: string): Promise<void> {
    if (job.tries >= maxTries) return giveUp(job, reason);
    const later = queue.putBack([{ ...job, dueAt: now() + backOffMs(job.tries), reason }]);
    await batchTransaction(db, {}, (transaction) => transaction.commit(later));
  }

  function bury(job: Job, reason: string): Promise<void> {
    return batchTransaction(db, {}, (transaction) => transaction.commit(queue.bury([{ ...job, reason }])));
  }

  function begin(job: Job): void {
    const { owner } = job;
    const task: Promise<void> = runOne(job).finally(() => {
      running.delete(task);
      const left = hold(owner, -1);
      // A slot is free again.
      if (running.size === slots - 1 || left === slotsOfOwner - 1) wake();
    });
    running.add(task);
    hold(owner, 1);
  }

  function hold(owner: string, more: number): number {
    const count = (held.get(owner) ?? 0) + more;
    if (count > 0) held.set(owner, count);
    else held.delete(owner);
    return count;
  }

  /** How many were claimed; null when every slot is taken. */
  async function look(): Promise<number | null> {
    const free = Math.min(batch, slots - running.size);
    if (free === 0) return null;
    const full = [...held].filter(([, count]) => count >= slotsOfOwner).map(([owner]) => owner);
    const jobs = await queue.claim(now(), leaseMs, free, full);
    for (const job of inTurn(jobs)) begin(job);
    return jobs.length;
  }

  async function work(): Promise<void> {
    while (!stopped) {
      woken = false;
      try {
        const claimed = await look();
        failures = 0;
        if (claimed !== null && claimed > 0) continue;
        await rest(idleMs);
      } catch (error) {
        onError(error);
        failures += 1;
        await rest(Math.min(idleMs * 2 ** failures, 5_000) * (0.5 + Math.random() / 2), false);
      }
    }
  }

  /** Ends early when there may be something to do. */
  function rest(ms: number, untilWoken = true): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        wake = () => {};
        resolve();
      };
      const timer = setTimeout(end, ms);
      wake = () => {
        if (stopped || untilWoken) end();
      };
      if (stopped || (untilWoken && woken)) end();
    });
  }

  return {
    async runDue() {
      for (let total = 0; ; ) {
        const jobs = await queue.claim(now(), leaseMs, batch);
        await Promise.all(inTurn(jobs).map(runOne));
        total += jobs.length;
        if (jobs.length === 0) return total;
      }
    },
    start() {
      loop ??= work();
    },
    async stop() {
      stopped = true;
      unsubscribe();
      wake();
      await loop;
      await Promise.all(running);
    },
  };
}

/** 5 s, 10 s, 20 s … */
export function backOffMs(tries: number): number {
  const longest = Math.min(5_000 * 2 ** (tries - 1), LONGEST_BACK_OFF_MS);
  return Math.round(longest * (0.75 + Math.random() / 4));
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
