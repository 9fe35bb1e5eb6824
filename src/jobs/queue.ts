import { type CompiledQuery, sql } from 'kysely';
import type { Database } from '../db/open.ts';
import { among, keysStatement, rowSet } from '../db/row-set.ts';
import { amongDue, type DueJobs } from './due-jobs.ts';

/**
 * Work that must be done once, later or elsewhere, kept in the database of what it is about.
 *
 * job     names what is to be done by its id: one job of a queue for one id
 * lane    of several lanes, the lower is always served first
 * owner   whose it is; within a lane all owners get as much, whatever each has waiting
 * claim   a job taken for the time of a lease; the claim's number is the fencing token of whoever took it
 * tries   claims that counted; a job whose process died in it has used up one
 * dead    given up, kept with the reason
 *
 * What changes jobs are statements, so that a job begins and ends in the transaction of what it is about. All but
 * `enqueue` change only jobs whose claim is still the caller's, and answer with those.
 */
export interface JobQueue {
  readonly name: string;
  /**
   * Takes up to `max` jobs that are due and leases them, none of owners that are excepted; no job is taken by two at
   * once.
   */
  claim(now: number, leaseMs: number, max: number, except?: readonly string[]): Promise<Job[]>;
  /** A job that is there already stays as it is. Call `wake` once it is committed. */
  enqueue(jobs: readonly NewJob[]): CompiledQuery | null;
  complete(jobs: readonly Claimed[]): CompiledQuery<{ id: string }> | null;
  /** Due again later. */
  putBack(jobs: readonly PutBack[]): CompiledQuery<{ id: string }> | null;
  bury(jobs: readonly (Claimed & { reason: string })[]): CompiledQuery<{ id: string }> | null;
  /** Takes jobs away, whoever has claimed them. */
  remove(ids: readonly string[]): CompiledQuery | null;
  figures(now: number): Promise<QueueFigures>;
  /** Tells the workers of this process that something may be due. */
  wake(): void;
  onWake(listener: () => void): () => void;
}

export interface NewJob {
  id: string;
  lane: number;
  owner: string;
  dueAt: number;
  payload?: object;
}

export interface Claimed {
  id: string;
  claim: number;
}

export interface Job extends Claimed {
  lane: number;
  owner: string;
  /** This one included. */
  tries: number;
  payload: unknown;
  /** When another process may take it. */
  leasedUntil: number;
}

export interface PutBack extends Claimed {
  dueAt: number;
  tries: number;
  reason?: string;
}

export interface QueueFigures {
  /** Due, and not leased. */
  due: number;
  /** When the one that has waited longest was due, ms. */
  oldestDueAt: number | null;
  dead: number;
}

export function createQueue(db: Database, name: string, lanes: readonly number[]): JobQueue {
  const { kysely, dialect } = db;
  const listeners = new Set<() => void>();
  const amongIds = (jobs: readonly Claimed[]) => among(dialect, 'jobs.id', jobs.map(idOf));
  const returning = <T>(query: { compile(db: typeof kysely): CompiledQuery }) =>
    query.compile(kysely) as CompiledQuery<T>;

  const remove = keysStatement(
    db,
    'id',
    (isOneOfThem) => sql`delete from jobs where queue = ${sql.lit(name)} and ${isOneOfThem}`,
  );

  async function claimDue(due: Omit<DueJobs, 'queue'>, leaseMs: number): Promise<Job[]> {
    const leasedUntil = due.now + leaseMs;
    const rows = await kysely
      .updateTable('jobs')
      .set((eb) => ({ due_at: leasedUntil, claim: eb('claim', '+', 1), tries: eb('tries', '+', 1) }))
      .where('queue', '=', name)
      .where(amongDue(dialect, { queue: name, ...due }))
      .returning(['id', 'lane', 'owner', 'claim', 'tries', 'payload'])
      .execute();
    return rows.map(({ payload, ...job }) => ({
      ...job,
      payload: payload === null ? null : JSON.parse(payload),
      leasedUntil,
    }));
  }

  return {
    name,

    async claim(now, leaseMs, max, except = []) {
      const claimed: Job[] = [];
      for (const lane of lanes) {
        const free = max - claimed.length;
        if (free > 0) claimed.push(...(await claimDue({ lane, now, max: free, except }, leaseMs)));
      }
      return claimed;
    },

    enqueue(jobs) {
      if (jobs.length === 0) return null;
      const rows = jobs.map(({ id, lane, owner, dueAt, payload }) => ({
        id,
        lane,
        owner,
        due_at: dueAt,
        payload: payload === undefined ? null : JSON.stringify(payload),
      }));
      return sql`
        insert into jobs (queue, id, lane, owner, due_at, claim, tries, reason, payload)
        select ${name}, id, lane, owner, due_at, 0, 0, null, payload from ${rowSet(dialect, NEW_JOB, rows)} where true
        on conflict (queue, id) do nothing
      `.compile(kysely);
    },

    complete(jobs) {
      if (jobs.length === 0) return null;
      return returning(sql`
        delete from jobs where queue = ${name} and ${amongIds(jobs)} and (id, claim) in (
          select id, claim from ${rowSet(dialect, { id: 'text', claim: 'bigint' }, jobs.map(pickClaim))}
        ) returning id
      `);
    },

    putBack(jobs) {
      if (jobs.length === 0) return null;
      const columns = { id: 'text', claim: 'bigint', due_at: 'bigint', tries: 'bigint', reason: 'text' } as const;
      const rows = jobs.map(({ id, claim, dueAt, tries, reason }) => ({
        id,
        claim,
        due_at: dueAt,
        tries,
        reason: reason ?? null,
      }));
      return returning(sql`
        update jobs set due_at = r.due_at, tries = r.tries, reason = r.reason from ${rowSet(dialect, columns, rows)}
        where jobs.queue = ${name} and ${amongIds(jobs)} and jobs.id = r.id and jobs.claim = r.claim returning jobs.id
      `);
    },

    bury(jobs) {
      if (jobs.length === 0) return null;
      const rows = jobs.map(({ id, claim, reason }) => ({ id, claim, reason }));
      return returning(sql`
        update jobs set due_at = null, reason = r.reason
        from ${rowSet(dialect, { id: 'text', claim: 'bigint', reason: 'text' }, rows)}
        where jobs.queue = ${name} and ${amongIds(jobs)} and jobs.id = r.id and jobs.claim = r.claim returning jobs.id
      `);
    },

    remove,

    async figures(now) {
      const due = kysely
        .selectFrom('jobs')
        .where('queue', '=', name)
        .where('lane', 'in', [...lanes]);
      const { count, oldest } = await due
        .where('due_at', '<=', now)
        .select((eb) => [eb.fn.countAll<number>().as('count'), eb.fn.min('due_at').as('oldest')])
        .executeTakeFirstOrThrow();
      const { dead } = await due
        .where('due_at', 'is', null)
        .select((eb) => eb.fn.countAll<number>().as('dead'))
        .executeTakeFirstOrThrow();
      return { due: Number(count), oldestDueAt: oldest, dead: Number(dead) };
    },

    wake() {
      for (const listener of listeners) listener();
    },
    onWake(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

const NEW_JOB = { id: 'text', lane: 'bigint', owner: 'text', due_at: 'bigint', payload: 'text' } as const;

const pickClaim = ({ id, claim }: Claimed) => ({ id, claim });
const idOf = ({ id }: Claimed) => id;
