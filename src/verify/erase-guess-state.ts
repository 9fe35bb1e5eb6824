import type { Database } from '../db/open.ts';
import { keys } from '../db/redis/keys.ts';
import type { RedisHandle } from '../db/redis.ts';
import type { Subject } from '../lib/subject.ts';
import type { Guards } from './guards.ts';
import { tagOfCounter } from './redis/counters.ts';

/** Four times what any window or lock of a policy can be. */
export const BUDGET_IDLE_MS = 30 * 86_400_000;

export interface GuessStateDeps {
  db: Database;
  redis: RedisHandle | null;
  guards: Pick<Guards, 'recipientBudget'>;
}

/** What is counted of a person's failed guesses, by project and mode. */
export async function readGuessState({ db, guards }: Omit<GuessStateDeps, 'redis'>, subject: Subject) {
  const projects = db.kysely.selectFrom('projects').select('id');
  const own = subject.project === null ? projects : projects.where('id', '=', subject.project);
  const owners = (await own.execute()).flatMap(({ id: project }) => subject.modes.map((mode) => ({ project, mode })));
  const found = [];
  // One after the other: there are few projects, and nobody waits for this.
  for (const { project, mode } of owners) {
    const key = guards.recipientBudget({ project, mode, recipient: subject.hash });
    const row = await db.kysely.selectFrom('budgets').selectAll().where('key', '=', key).executeTakeFirst();
    if (row) found.push({ project, mode, ...row });
  }
  return found;
}

/**
 * Forgets failed guesses of a person whose data was erased. Not before their longest window is over: an erasure must
 * give nobody new guesses. What was counted since belongs to somebody who came back, and stays.
 */
export async function eraseGuessState(deps: GuessStateDeps, subject: Subject, now: number): Promise<number> {
  const { db, redis } = deps;
  const idle = now - BUDGET_IDLE_MS;
  let erased = 0;
  for (const { key } of await readGuessState(deps, subject)) {
    const gone = await db.kysely
      .deleteFrom('budgets')
      .where('key', '=', key)
      .where('updated_at', '<=', idle)
      .where('locked_until', '<=', now)
      .executeTakeFirst();
    if (gone.numDeletedRows === 0n) continue;
    erased += 1;
    // Redis has no newer state than SQL had: it has been idle for a month.
    const name = keys.budget(tagOfCounter(key), key);
    await redis?.call((client) => client.del(name));
  }
  return erased;
}
