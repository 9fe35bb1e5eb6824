import { feedEnd } from '../../audit/feed.ts';
import type { Database } from '../../db/open.ts';
import type { Now } from '../../lib/clock.ts';
import type { HttpClient } from '../../lib/http-client.ts';
import { createLoop } from '../../lib/loop.ts';
import { attemptDelivery } from './attempt.ts';
import { type Cursor, createClaims, isFree } from './claim-endpoints.ts';
import type { HostSlots } from './host-slots.ts';
import type { LoadTargets } from './load-targets.ts';
import { createNews } from './news.ts';
import { createReadWork } from './read-work.ts';
import { createRunner, type DeliveryResult, type Runner, type RunnerDeps } from './runner.ts';
import { createSaveOutcomes } from './save-outcomes.ts';
import { createSupply } from './supply.ts';
import { createWriter } from './writer.ts';

/** Delivers to the endpoints that this process has leased; any number of processes share them out. */
export interface Dispatcher {
  start(): void;
  /** Does all there is to do now; returns how many endpoints had something. For tests, and to drain. */
  runDue(): Promise<number>;
  /** Attempts under way may end, for a while. */
  stop(): Promise<void>;
}

export interface DispatcherDeps {
  db: Database;
  http: HttpClient;
  loadTargets: LoadTargets;
  hosts: HostSlots;
  now: Now;
  /** From 0 to 1. */
  random(): number;
  onError(error: unknown): void;
  onResult(result: DeliveryResult): void;
  /** Of one attempt. */
  timeoutMs?: number;
}

const POLL_MS = 200;
/** Where there was something there will be more. */
const BUSY_MS = 25;
const LEASE_MS = 30_000;
const CLAIMED_AT_ONCE = 100;
/** Endpoints of this process; each holds some events in memory. */
const MOST_RUNNERS = 1_000;
const AT_ONCE_PER_ENDPOINT = 32;
/** So that the process ends in time; what is cut off is sent again, with the same id. */
const STOP_MS = 3_000;
/** One whose secrets do not open is looked at again then. */
const UNREADABLE_MS = 300_000;

export function createDispatcher(deps: DispatcherDeps): Dispatcher {
  const { db, loadTargets, now, onError } = deps;
  const claims = createClaims(db);
  const readWork = createReadWork(db);
  const news = createNews(claims);
  const runners = new Set<Runner>();
  const writer = createWriter({ runners, save: createSaveOutcomes(db), now, onError });
  const runnerDeps = toRunnerDeps(deps, writer.changed);
  let size = 0;
  let stopped = false;
  /** The first look is at what another process may have left behind. */
  let lookedAt = Infinity;

  /** Claims what there is to do. */
  async function look(): Promise<number> {
    size = await feedEnd(db.kysely);
    await news.readTo(size);
    const at = now();
    const due = await claims.due(at, LEASE_MS, room());
    const outlasting = at < lookedAt ? await claims.outlasting(at, LEASE_MS, CLAIMED_AT_ONCE) : [];
    lookedAt = at;
    const claimed = [...due, ...outlasting, ...(await follow())];
    await begin(claimed);
    // Leases are renewed with what is written.
    if (runners.size > 0) writer.changed();
    return claimed.length;
  }

  const room = () => Math.max(0, Math.min(CLAIMED_AT_ONCE, MOST_RUNNERS - runners.size));

  /** Claims endpoints that have news and that nobody has. */
  async function follow(): Promise<Cursor[]> {
    const candidates = await claims.candidates(news.waiting());
    // The end of a rest is a time when they are due.
    const wanting = candidates.filter((one) => one.rests_until <= now() && news.concerns(one));
    news.keepOnly(wanting);
    const ids = new Set(wanting.map(({ endpoint_id }) => endpoint_id));
    for (const runner of runners) if (ids.has(runner.id)) runner.wake();
    const free = wanting.filter((one) => isFree(one, now(), LEASE_MS)).slice(0, room());
    return free.length === 0
      ? []
      : claims.of(
          free.map(({ endpoint_id }) => endpoint_id),
          now(),
          LEASE_MS,
        );
  }

  async function begin(cursors: readonly Cursor[]): Promise<void> {
    const targets = await loadTargets(cursors.map(({ endpoint_id }) => endpoint_id));
    for (const cursor of cursors) {
      const target = targets.get(cursor.endpoint_id);
      if (target) {
        const runner = createRunner(
          runnerDeps,
          cursor,
          target,
          createSupply(readWork, cursor, now, () => size),
        );
        runners.add(runner);
        void runner.ended.then(() => runners.delete(runner));
        if (stopped) runner.stop();
        else runner.wake();
        continue;
      }
      if (target === null) onError(new Error(`no master secret opens the secrets of ${cursor.endpoint_id}`));
      await claims.rest(cursor, now() + UNREADABLE_MS);
    }
  }

  const loop = createLoop({ turn: async () => ((await look()) > 0 ? BUSY_MS : POLL_MS), onError });

  const allEnded = () => Promise.all([...runners].map(({ ended }) => ended));

  return {
    start: loop.start,
    async runDue() {
      for (let total = 0; ; ) {
        const claimed = await look();
        await allEnded();
        if (claimed === 0) return total;
        total += claimed;
      }
    },
    async stop() {
      stopped = true;
      await loop.stop();
      for (const runner of runners) runner.stop();
      if (!(await within(STOP_MS, allEnded()))) {
        for (const runner of runners) runner.abort();
        await within(STOP_MS, allEnded());
      }
      await writer.close();
    },
  };
}

function toRunnerDeps(
  { http, loadTargets, hosts, now, random, onError, onResult, timeoutMs }: DispatcherDeps,
  changed: () => void,
): RunnerDeps {
  return {
    now,
    random,
    attempt: (target, event, signal) =>
      attemptDelivery({ http, now, onError, ...(timeoutMs !== undefined && { timeoutMs }) }, target, event, signal),
    hosts,
    leaseMs: LEASE_MS,
    mostAtOnce: AT_ONCE_PER_ENDPOINT,
    changed,
    reload: async (id) => (await loadTargets([id])).get(id) ?? null,
    onError,
    onResult,
  };
}

/** False: it takes longer. */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const inTime = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}
