import type { Database } from '../db/open.ts';
import type { Now } from '../lib/clock.ts';
import { createLoop, type Loop } from '../lib/loop.ts';

/**
 * Somebody outside who is told everything in order: one process at a time tells it, and how far it has been told is
 * kept, so that nothing is left out however long it was away. What was being told when a process died is told again.
 */
export interface Outlet extends Loop {
  /** Tells some of what it has not been told yet. False: nothing could be. */
  tellNext(now: number): Promise<boolean>;
  state(): Promise<OutletState>;
}

export interface OutletState {
  /** What it is to be told next. */
  next: number;
  /** How much that is. */
  behind: number;
  /** ms; null when all is well. */
  failingSince: number | null;
}

export interface OutletOptions {
  db: Database;
  /** Of its row: `anchor/<name>`. */
  name: string;
  now: Now;
  /** What a new outlet is told first. */
  first: number;
  /** One past the newest there is. */
  end(): Promise<number>;
  /** Answers with what is next then; throws when it could not be told. Gives up when the signal says so. */
  tell(next: number, signal: AbortSignal): Promise<number>;
  log: OutletLog;
}

export interface OutletLog {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
}

const LOOK_MS = 1_000;
/** For one call of `tell`. */
const TELL_MS = 10_000;
/** Longer than that: whoever holds it longer is dead. */
const LEASE_MS = 15_000;
const FIRST_BACK_OFF_MS = 1_000;
const LONGEST_BACK_OFF_MS = 60_000;

export async function openOutlet({ db, name, now, first, end, tell, log }: OutletOptions): Promise<Outlet> {
  const { kysely } = db;
  const stopping = new AbortController();
  await kysely
    .insertInto('audit_outlets')
    .values({
      name,
      next: first,
      claim: 0,
      leased_until: 0,
      failures: 0,
      failing_since: null,
      due_at: 0,
      updated_at: now(),
    })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();

  const own = () => kysely.selectFrom('audit_outlets').where('name', '=', name);

  function claim(at: number) {
    return (
      kysely
        .updateTable('audit_outlets')
        .set((eb) => ({ claim: eb('claim', '+', 1), leased_until: at + LEASE_MS }))
        .where('name', '=', name)
        // Later than can be: the clock was set back.
        .where((eb) => eb.or([eb('leased_until', '<=', at), eb('leased_until', '>', at + 2 * LEASE_MS)]))
        .where((eb) => eb.or([eb('due_at', '<=', at), eb('due_at', '>', at + LONGEST_BACK_OFF_MS)]))
        .returning(['next', 'claim', 'failures', 'failing_since'])
        .executeTakeFirst()
    );
  }

  async function settle(claimed: number, change: object): Promise<void> {
    await kysely
      .updateTable('audit_outlets')
      .set({ leased_until: 0, updated_at: now(), ...change })
      .where('name', '=', name)
      .where('claim', '=', claimed)
      .execute();
  }

  async function tellNext(at: number): Promise<boolean> {
    const [{ next: known }, newest] = await Promise.all([own().select('next').executeTakeFirstOrThrow(), end()]);
    if (known >= newest) return false;
    const claimed = await claim(at);
    if (!claimed) return false;
    const { next, failures, failing_since } = claimed;
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(TELL_MS)]);
    try {
      const told = await tell(next, signal);
      await settle(claimed.claim, { next: told, failures: 0, failing_since: null, due_at: 0 });
      if (failing_since !== null) log.info({ outlet: name, failing_since }, 'an outlet of the audit log works again');
      return true;
    } catch (error) {
      // Nobody's fault: the next process goes on at once.
      if (stopping.signal.aborted) await settle(claimed.claim, {});
      else {
        const dueAt = now() + backOffMs(failures);
        await settle(claimed.claim, { failures: failures + 1, failing_since: failing_since ?? now(), due_at: dueAt });
        if (failing_since === null) {
          log.warn({ err: error, outlet: name }, 'an outlet of the audit log cannot be told; it is told later');
        }
      }
      return false;
    }
  }

  const loop = createLoop({
    turn: async () => ((await tellNext(now())) ? 0 : LOOK_MS),
    onError: (error) => log.warn({ err: error, outlet: name }, 'an outlet of the audit log waits for the database'),
  });
  return {
    ...loop,
    tellNext,
    async state() {
      const row = await own().select(['next', 'failing_since']).executeTakeFirstOrThrow();
      return { next: row.next, behind: Math.max(0, (await end()) - row.next), failingSince: row.failing_since };
    },
    stop() {
      stopping.abort();
      return loop.stop();
    },
  };
}

function backOffMs(failures: number): number {
  const longest = Math.min(LONGEST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** Math.min(failures, 10));
  return Math.round(longest * (0.75 + Math.random() / 4));
}
