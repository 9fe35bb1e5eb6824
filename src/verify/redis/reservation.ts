import { keys, type Tag } from '../../db/redis/keys.ts';
import type { Budget, Limit } from '../challenge.ts';
import type { Locked } from '../store.ts';
import { budgetArgs, budgetKeys, limitArgs, type PlacedLimit, placed, tagOfCounter, tagOfLimit } from './counters.ts';
import type { RunScript } from './run-script.ts';

/**
 * A script of Redis Cluster touches one slot only, but counters of a project, an address or a subject live in other
 * slots than a recipient's challenges. There they are taken first, all or none in each slot, and given back when the
 * challenge's own script refuses. A crash in between leaves a count taken until its window ends.
 * Outside of Cluster every counter is `near`, and one script does it all.
 */
export interface Reservation {
  /** Handled by the challenge's own script. */
  near: { budgets: readonly Budget[]; limits: PlacedLimit[] };
  /** First budget, in the order given, found locked. */
  locked: { name: Locked['budget']; until: string } | null;
  /** First limit, in the order given, found hit. */
  limited: { position: number; name: string; retryAt: string } | null;
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
  limits: PlacedLimit[];
}

type Verdict = ['taken', ...string[]] | ['locked', number, string] | ['limited', number, string, string];

const nothing = async () => {};

/** One process, one node: nothing is far. */
export async function reserveNothing(wanted: Wanted): Promise<Reservation> {
  return {
    near: { budgets: wanted.budgets, limits: placed(wanted.limits) },
    locked: null,
    limited: null,
    giveBack: nothing,
  };
}

export async function reserve(run: RunScript, wanted: Wanted): Promise<Reservation> {
  const { home, budgets, counting, now } = wanted;
  const limits = placed(wanted.limits);
  const near = limits.filter((limit) => tagOfLimit(limit, home) === home);
  const far = limits.filter((limit) => tagOfLimit(limit, home) !== home);
  const parts = split(budgets, far);
  const outcomes = await Promise.allSettled(parts.map((part) => take(run, part, counting, now)));

  const taken = parts.flatMap((part, i) => {
    const outcome = outcomes[i];
    return outcome?.status === 'fulfilled' && outcome.value[0] === 'taken'
      ? [{ part: counting ? part : { ...part, budgets: [] }, started: outcome.value.slice(1) as string[] }]
      : [];
  });
  // What cannot be given back now stays taken until its window ends.
  const giveBack = async () => {
    await Promise.allSettled(taken.map(({ part, started }) => release(run, part, started, false, now)));
  };
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure) {
    await giveBack();
    throw failure.reason;
  }

  const verdicts = outcomes.map((outcome, i) => ({
    part: parts[i] as Part,
    verdict: (outcome as { value: Verdict }).value,
  }));
  return {
    near: { budgets: [], limits: near },
    locked: firstLocked(budgets, verdicts),
    limited: firstLimited(verdicts),
    giveBack,
  };
}

/** Gives the failures of one attempt back to budgets in other slots. */
export async function giveBackFailures(
  run: RunScript,
  budgets: readonly Budget[],
  approved: boolean,
  now: number,
): Promise<void> {
  await Promise.all(split(budgets, []).map((part) => release(run, part, [], approved, now)));
}

/** `limits`: only such as live in the shard of their own key. */
function split(budgets: readonly Budget[], limits: readonly PlacedLimit[]): Part[] {
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

async function take(run: RunScript, part: Part, counting: boolean, now: number): Promise<Verdict> {
  const { tag, budgets, limits } = part;
  const names = [keys.events(tag), ...budgetKeys(budgets), ...limits.map(({ key }) => keys.limit(tag, key))];
  const args = [counting ? 1 : 0, budgets.length, ...budgetArgs(budgets), ...limitArgs(limits)];
  return (await run('reserve', tag, names, args, now)) as Verdict;
}

async function release(run: RunScript, part: Part, started: string[], approved: boolean, now: number): Promise<void> {
  const { tag, budgets, limits } = part;
  const counters = new Set(limits.map(({ key }) => keys.limit(tag, key)));
  const names = [keys.events(tag), ...budgetKeys(budgets), ...counters];
  await run('release', tag, names, [approved ? 1 : 0, budgets.length, ...budgetArgs(budgets), ...started], now);
}

function firstLocked(budgets: readonly Budget[], verdicts: { part: Part; verdict: Verdict }[]): Reservation['locked'] {
  const found = verdicts.flatMap(({ part, verdict }) => {
    const budget = verdict[0] === 'locked' && part.budgets[Number(verdict[1])];
    return budget ? [{ budget, until: String(verdict[2]) }] : [];
  });
  found.sort((a, b) => budgets.indexOf(a.budget) - budgets.indexOf(b.budget));
  const [first] = found;
  return first ? { name: first.budget.name, until: first.until } : null;
}

function firstLimited(verdicts: { verdict: Verdict }[]): Reservation['limited'] {
  const found = verdicts.flatMap(({ verdict }) =>
    verdict[0] === 'limited'
      ? [{ position: Number(verdict[1]), name: String(verdict[2]), retryAt: String(verdict[3]) }]
      : [],
  );
  return found.sort((a, b) => a.position - b.position)[0] ?? null;
}
