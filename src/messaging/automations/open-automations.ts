import { feedEnd } from '../../audit/feed.ts';
import { openOutlet } from '../../audit/outlet.ts';
import type { JobQueue } from '../../jobs/queue.ts';
import { createJobWorker } from '../../jobs/worker.ts';
import { createLoop } from '../../lib/loop.ts';
import type { InboundHandler } from '../inbound/inbound.ts';
import { createAutomationQueue } from './automation-queue.ts';
import { createEventReader } from './read-events.ts';
import { giveUpRun, type RunDeps, runSteps } from './run-steps.ts';
import { scanDates } from './scan-dates.ts';
import { createAutomationKeywords } from './take-keyword.ts';
import { tendRuns } from './tend-runs.ts';

export interface AutomationsDeps extends Omit<RunDeps, 'queue'> {
  log: { info(details: object, message: string): void; warn(details: object, message: string): void };
}

export interface Automations {
  queue: JobQueue;
  /** Words that let people in. */
  keywords: InboundHandler;
  /** A pause, a stop or a start is to be acted upon. */
  wake(): void;
  /** Does all that is due. Returns how much; for tests. */
  runDue(): Promise<number>;
  start(): void;
  stop(): Promise<void>;
}

/** Longer than a step may take: a webhook has ten seconds. */
const LEASE_MS = 60_000;
const TEND_MS = 1_000;

export async function openAutomations(deps: AutomationsDeps): Promise<Automations> {
  const { db, now, log } = deps;
  const queue = createAutomationQueue(db);
  const all: RunDeps = { ...deps, queue };
  const onError = (error: unknown) => log.warn({ err: error }, 'a step of an automation failed; it is tried again');
  const worker = createJobWorker({
    ...{ db, queue, now, onError, leaseMs: LEASE_MS, slots: 16, slotsOfOwner: 8 },
    run: (job) => runSteps(all, job),
    giveUp: (job) => giveUpRun(all, job),
  });
  const reader = createEventReader(all);
  const feed = await openOutlet({
    ...{ db, now, log, name: 'automations' },
    // Events from before are no news.
    first: await feedEnd(db.kysely),
    end: () => feedEnd(db.kysely),
    tell: (next) => reader.read(next),
  });
  const tend = async () => (await tendRuns(db, queue, now())) + (await scanDates(all, now()));
  const tender = createLoop({ turn: async () => ((await tend()) > 0 ? 0 : TEND_MS), onError });

  return {
    queue,
    keywords: createAutomationKeywords(all),
    wake: tender.wake,
    async runDue() {
      for (let total = 0; ; ) {
        while (await feed.tellNext(now())) total += 1;
        const done = (await tend()) + (await worker.runDue());
        total += done;
        if (done === 0) return total;
      }
    },
    start() {
      worker.start();
      feed.start();
      tender.start();
    },
    async stop() {
      await Promise.all([worker.stop(), feed.stop(), tender.stop()]);
    },
  };
}
