import { keys, type Tag } from '../../db/redis/keys.ts';
import type { Budget, Limit } from '../challenge.ts';
import { budgetArgs, budgetKeys, type PackedLimits, packLimits, tagOfCounter, tagOfLimit } from './counters.ts';
import type { RunScript } from './run-script.ts';

/**
 * A script of Redis Cluster touches one slot only, but counters of a project, an address or a subject live in other
 * slots than a recipient's challenges. There they are taken first, all or none in each slot, and given back when the
 * challenge's own script refuses. A crash in between leaves a count taken until its window ends.
 * Outside of Cluster every counter is `near`, and one script does it all.
 */
export interface Reservation {
  /** Handled by the challenge's own script. */
  near: { budgets: readonly Budget[]; limits: PackedLimits };
  /** A lock found in other slots, as the scripts want it; '' = none. */
  locked: [name: string, until: string];
  /** As the scripts want them: the names of all, a hit in other slots ('' = none), the near ones. */
  limits: [names: string, elsewhere: string, keys: number, ...near: string[]];
  /** The budgets counted elsewhere: key and state. */
  counted: ReadonlyMap<string, string>;
  /** Never throws. */
  giveBack(): Promise<void>;
}

export interface Wanted {
  home: Tag;
  budgets: readonly Budget[];
  /** Counts a failure on the budgets, rather than just looking for locks. */
  counting: boolean;
  limits: readonly Limit[];
  now: number;
}

interface Part {
  tag: Tag;
  budgets: Budget[];
  limits: Limit[];
}

type Verdict = ['taken', ...states: string[]] | ['locked' | 'limited', index: number, until: string];

const nothing = async () => {};

/** One node: nothing is far. */
export function reserveNothing({ home, budgets, limits, now }: Wanted): Reservation {
  const near = packLimits(limits, home, now);
  return {
    near: { budgets, limits: near },
    locked: ['', ''],
    limits: [namesOf(limits), '', near.keys.length, ...near.args],
    counted: new Map(),
    giveBack: nothing,
  };
}

export async function reserve(run: RunScript, wanted: Wanted): Promise<Reservation> {
  const { home, budgets, limits, counting, now } = wanted;
  const near = limits.filter((limit) => tagOfLimit(limit, home) === home);
  const far = limits.filter((limit) => tagOfLimit(limit, home) !== home);
  const parts = split(budgets, far);
  const outcomes = await Promise.allSettled(parts.map((part) => take(run, part, counting, now)));

  const taken = parts.flatMap((part, i) => {
    const outcome = outcomes[i];
    if (outcome?.status !== 'fulfilled' || outcome.value[0] !== 'taken') return [];
    const [, ...states] = outcome.value;
    return [{ part: counting ? part : { ...part, budgets: [] }, states }];
  });
  // What cannot be given back now stays taken until its window ends.
  const giveBack = async () => {
    await Promise.allSettled(taken.map(({ part, states }) => release(run, part, states, now)));
  };
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure) {
    await giveBack();
    throw failure.reason;
  }

  const verdicts = outcomes.map((outcome) => (outcome as PromiseFulfilledResult<Verdict>).value);
  const [locked, limited] = [
    firstRefusal('locked', budgets, parts, verdicts),
    firstRefusal('limited', limits, parts, verdicts),
  ];
  const places = near.map((limit) => limits.indexOf(limit));
  const packed = packLimits(near, home, now, places);
  return {
    near: { budgets: [], limits: packed },
    locked: locked ? [budgets[locked.place]?.name ?? '', locked.until] : ['', ''],
    limits: [namesOf(limits), limited ? `${limited.place} ${limited.until}` : '', packed.keys.length, ...packed.args],
    // Each counter's state before and after; budgets come first.
    counted: new Map(
      taken.flatMap(({ part, states }) => part.budgets.map(({ key }, i) => [key, states[2 * i + 1] ?? ''] as const)),
    ),
    giveBack,
  };
}

function namesOf(limits: readonly Limit[]): string {
  return limits.length === 0 ? '' : JSON.stringify(limits.map(({ name }) => name));
}

/** Gives the failure of one attempt back to budgets in other slots. */
export async function giveBackFailures(
  run: RunScript,
  budgets: readonly Budget[],
  approved: boolean,
  now: number,
): Promise<void> {
  await Promise.all(
    split(budgets, []).map((part) => {
      const args = [approved ? 1 : 0, ...budgetArgs(part.budgets)];
      return run('give-back', part.tag, countersOf(part), args, now);
    }),
  );
}

/** `limits`: only such as live in the shard of their own key. */
function split(budgets: readonly Budget[], limits: readonly Limit[]): Part[] {
  const parts = new Map<Tag, Part>();
  const partOf = (tag: Tag): Part => {
    const part = parts.get(tag) ?? { tag, budgets: [], limits: [] };
    parts.set(tag, part);
    return part;
  };
  for (const budget of budgets) partOf(tagOfCounter(budget.key)).budgets.push(budget);
  for (const limit of limits) partOf(tagOfCounter(limit.key)).limits.push(limit);
  return [...parts.values()];
}

function countersOf({ tag, budgets, limits }: Part): string[] {
  return [keys.events(tag), ...budgetKeys(budgets), ...packLimits(limits, tag, 0).keys];
}

async function take(run: RunScript, part: Part, counting: boolean, now: number): Promise<Verdict> {
  const { tag, budgets, limits } = part;
  const packed = packLimits(limits, tag, now);
  const args = [counting ? 1 : 0, budgets.length, ...budgetArgs(budgets), ...packed.args];
  return (await run('reserve', tag, countersOf(part), args, now)) as Verdict;
}

/** `states`: of each counter before and after it was taken. */
async function release(run: RunScript, part: Part, states: readonly string[], now: number): Promise<void> {
  const args = [part.budgets.length, ...budgetArgs(part.budgets), ...states];
  await run('release', part.tag, countersOf(part), args, now);
}

/** The one that comes first in the caller's list. */
function firstRefusal<T extends Budget | Limit>(
  kind: 'locked' | 'limited',
  list: readonly T[],
  parts: readonly Part[],
  verdicts: readonly Verdict[],
): { place: number; until: string } | null {
  const found = verdicts.flatMap((verdict, i) => {
    if (verdict[0] !== kind) return [];
    const [, index, until] = verdict as [string, number, string];
    const items: readonly (Budget | Limit)[] = parts[i]?.[kind === 'locked' ? 'budgets' : 'limits'] ?? [];
    return [{ place: list.indexOf(items[index] as T), until }];
  });
  return found.sort((a, b) => a.place - b.place)[0] ?? null;
}
