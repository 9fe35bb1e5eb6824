import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Database } from '../db/open.ts';
import type { BeforePurge, PurgeOld } from '../db/purge-old.ts';
import { writeTransaction } from '../db/transaction.ts';
import type { Keyring } from '../lib/keyring.ts';
import type { Mode } from '../lib/mode.ts';
import { eventClasses } from './event-classes.ts';
import { passEvents } from './pass-events.ts';
import type { Retention } from './retention-schema.ts';
import { addTallies, tellTallies } from './tallies.ts';

/** Rows that a feature keeps for some days. */
export interface PurgedClass {
  name: string;
  /** Null: for good. */
  days: number | null;
  before?: BeforePurge;
  purge: PurgeOld;
}

export interface RetentionDeps {
  db: Database;
  keyring: Keyring;
  retention: Retention;
  classes: readonly PurgedClass[];
  /** Looks through counters, from this key on; resolves with the key after which to go on. They expire, which is no event. */
  purgeCounters(now: number, after: string): Promise<string | null>;
  /** Whose events tell of rows that belong to no project. */
  project: string;
  onError(error: unknown): void;
}

const DAY_MS = 86_400_000;
const EVERY_MS = DAY_MS;
/** A process that dies in it is followed by another one after so long. */
const LEASE_MS = 600_000;
const BATCH = 500;

/**
 * Once a day, in one process of all: destroys what has been kept long enough, in small steps that leave out what others
 * are at. Resolves with false when it was not due. When `stopped`, it ends after the step it is at, and the next run goes on.
 */
export async function applyRetention(deps: RetentionDeps, now: number, stopped: () => boolean): Promise<boolean> {
  const { db } = deps;
  if (!(await claimRun(db, now))) return false;
  for await (const _ of steps(deps, now)) {
    if (stopped()) return true;
    await setDue(db, now + LEASE_MS);
    // SQLite works on this very thread.
    await nextTurn();
  }
  await writeTransaction(db, {}, (trx) => tellTallies(trx, deps, now));
  await setDue(db, now + EVERY_MS);
  return true;
}

async function* steps(deps: RetentionDeps, now: number): AsyncGenerator<void> {
  const { retention, classes } = deps;
  for (const { name, days, before: first, purge } of classes) {
    if (days === null) continue;
    const before = now - days * DAY_MS;
    for (const owner of await readOwners(deps.db)) {
      if (first) yield* first(deps.db, { ...owner, before }, now);
      let gone: number;
      do {
        gone = await purgeBatch(deps, name, purge, owner, before);
        yield;
      } while (gone === BATCH);
    }
  }
  for (let after: string | null = ''; after !== null; ) {
    after = await deps.purgeCounters(now, after);
    yield;
  }
  for (const eventClass of eventClasses(retention, now)) {
    while ((await passEvents(deps, eventClass, now)) > 0) yield;
  }
}

interface Owner {
  project: string | null;
  mode: Mode;
}

async function readOwners({ kysely }: Database): Promise<Owner[]> {
  const projects = await kysely.selectFrom('projects').select('id').execute();
  return [null, ...projects.map(({ id }) => id)].flatMap((project) =>
    (['live', 'test'] as const).map((mode) => ({ project, mode })),
  );
}

function purgeBatch(deps: RetentionDeps, name: string, purge: PurgeOld, owner: Owner, before: number): Promise<number> {
  const { db, keyring, project } = deps;
  return writeTransaction(db, {}, async (trx) => {
    const count = await purge(trx, db.dialect, { ...owner, before, limit: BATCH });
    const tally = { class: name, project: owner.project ?? project, mode: owner.mode, before, count, places: null };
    await addTallies(trx, db.dialect, keyring, count > 0 ? [tally] : []);
    return count;
  });
}

async function claimRun({ kysely }: Database, now: number): Promise<boolean> {
  const claimed = await kysely
    .updateTable('retention_cursors')
    .set({ value: now + LEASE_MS })
    .where('name', '=', 'run')
    .where('value', '<=', now)
    .returning('name')
    .executeTakeFirst();
  return claimed !== undefined;
}

async function setDue({ kysely }: Database, value: number): Promise<void> {
  await kysely.updateTable('retention_cursors').set({ value }).where('name', '=', 'run').execute();
}
