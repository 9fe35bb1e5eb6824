import type { Now } from '../lib/clock.ts';
import { StoreUnavailable } from '../lib/errors.ts';

export interface ProjectCacheOptions<T> {
  load(project: string): Promise<T>;
  now: Now;
  /** How long an answer of the database is used without asking again. */
  freshMs?: number;
  /** How long the last answer is used while the database gives none; default for ever. */
  staleMs?: number;
  /** The database counts as not answering after this time. */
  patienceMs?: number;
  /** Projects remembered. */
  size?: number;
}

/** What the database has of each project, in memory: read with every message, changed rarely. */
export interface ProjectCache<T> {
  /** Throws StoreUnavailable when the database does not answer and nothing recent enough is known. */
  get(project: string): Promise<T>;
  /** After a change through this instance; others see it when their answer is no longer fresh. */
  forget(project: string): void;
}

interface Known<T> {
  value: T;
  /** When the database was asked, not when it answered. */
  askedAt: number;
}

export function createProjectCache<T>(options: ProjectCacheOptions<T>): ProjectCache<T> {
  const { load, now, freshMs = 5_000, staleMs = Infinity, patienceMs = 1_000, size = 10_000 } = options;
  const known = new Map<string, Known<T>>();
  const loads = new Map<string, Promise<T>>();
  /** While the database fails one caller a second tries it, and the others do not wait. */
  let nextTryAt = 0;

  async function get(project: string): Promise<T> {
    const at = now();
    const last = known.get(project);
    if (last && at - last.askedAt < freshMs) return last.value;
    try {
      if (at < nextTryAt) throw new StoreUnavailable('database');
      return await (loads.get(project) ?? ask(project, at));
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      if (last && at - last.askedAt < staleMs) return last.value;
      throw error;
    }
  }

  function ask(project: string, askedAt: number): Promise<T> {
    const answer = withPatience(load(project)).then(
      (value) => {
        nextTryAt = 0;
        // Forgotten meanwhile: what was read may be from before the change.
        if (loads.get(project) === answer) remember(project, { value, askedAt });
        return value;
      },
      (error) => {
        if (error instanceof StoreUnavailable) nextTryAt = askedAt + 1_000;
        throw error;
      },
    );
    loads.set(project, answer);
    const done = () => loads.get(project) === answer && loads.delete(project);
    answer.then(done, done);
    return answer;
  }

  function remember(project: string, answer: Known<T>): void {
    known.delete(project);
    known.set(project, answer);
    // A Map keeps insertion order, and a project in use is inserted anew whenever it is asked for: the first is the least used.
    if (known.size > size) known.delete(known.keys().next().value as string);
  }

  async function withPatience(work: Promise<T>): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new StoreUnavailable('database')), patienceMs);
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    get,
    forget(project) {
      known.delete(project);
      loads.delete(project);
    },
  };
}
