import fc from 'fast-check';
import type { Budget, Challenge, Limit } from '../../../src/verify/challenge.ts';
import { newChallenge, newPerson, type Person, random } from '../../contract/build.ts';

/** What befalls one of a few challenges that share budgets and limits. */
export type Step = { wait: number } & (
  | { kind: 'create'; of: number; replay: boolean; limits: number[] }
  | { kind: 'spend'; of: number; wrong: '' | 'length' | 'context' | 'no context' | 'project'; attempt: string }
  | { kind: 'fail' | 'record'; of: number }
  | { kind: 'consume' | 'withdraw' | 'refund'; of: number; attempt: string }
  | {
      kind: 'advance';
      of: number;
      late: boolean;
      status: 'pending' | 'expired' | 'canceled';
      limits: number[];
      judged: boolean;
      dueAfter: number | null;
    }
  | { kind: 'claim' }
  | { kind: 'reset'; budget: number }
);

const CHALLENGES = 4;

const of = fc.nat(CHALLENGES - 1);
const attempt = fc.constantFrom('a', 'b', 'c');
const limits = fc.oneof(
  fc.constant<number[]>([]),
  fc.constant<number[]>([3, 4]),
  fc.array(fc.nat(5), { maxLength: 3 }),
);
/** Everything is a few milliseconds long, so that histories meet the ends of windows, locks and lives exactly. */
const wait = fc.oneof({ weight: 9, arbitrary: fc.nat(2) }, { weight: 1, arbitrary: fc.nat(15) });
const rarely = fc.integer({ min: 0, max: 9 }).map((n) => n === 0);
const mostly = <T>(usual: T, ...others: T[]) => fc.constantFrom(...Array<T>(10 * others.length).fill(usual), ...others);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('create' as const), wait, of, replay: rarely, limits }),
  },
  {
    weight: 24,
    arbitrary: fc.record({
      kind: fc.constant('spend' as const),
      wait,
      of,
      wrong: mostly<'' | 'length' | 'context' | 'no context' | 'project'>(
        '',
        'length',
        'context',
        'no context',
        'project',
      ),
      attempt,
    }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('fail' as const), wait, of }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('record' as const), wait, of }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom('consume' as const, 'consume', 'withdraw', 'refund'),
      wait,
      of,
      attempt,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('advance' as const),
      wait,
      of,
      late: rarely,
      status: mostly<'pending' | 'expired' | 'canceled'>('pending', 'expired', 'canceled'),
      limits,
      judged: rarely,
      dueAfter: fc.option(fc.nat(6)),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('claim' as const), wait }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset' as const), wait, budget: fc.nat(2) }) },
);

export const history = fc.array(step, { minLength: 100, maxLength: 150, size: 'max' });

export interface World {
  now: number;
  who: Person;
  /** The newest of each kind that was created. */
  challenges: Challenge[];
  /** Of all that were to be created. */
  ids: Set<string>;
  budgets: Budget[];
  limits: Limit[];
}

/** Earlier than any before it: nothing that another history left behind is due in it. */
let epoch = Date.UTC(2026, 0, 1);

/** Few budgets and limits with little room, so that histories run into them; one counter is limited twice. */
export function newWorld(): World {
  epoch -= 3_600_000;
  const who = newPerson();
  const budget = { windowMs: 12, lockMs: 8 };
  const budgets: Budget[] = [
    { ...budget, name: 'recipient', key: `r:${random()}`, max: 3, hardMax: 0 },
    { ...budget, name: 'subject', key: `s:${random()}`, max: 2, lockMs: 3, hardMax: 6 },
    { ...budget, name: 'project', key: `p:${random()}`, max: 0, hardMax: 9 },
  ];
  const twice = `c:${random()}`;
  const limits: Limit[] = [
    { name: 'recipient_cooldown', key: `r0:${who.hash}`, max: 1, windowMs: 4 },
    { name: 'recipient_10_minutes', key: `r10:${who.hash}`, max: 3, windowMs: 15 },
    { name: 'project', key: `p:${random()}`, max: 2, windowMs: 6 },
    { name: 'custom:a', key: twice, max: 2, windowMs: 3 },
    { name: 'custom:b', key: twice, max: 3, windowMs: 9 },
    { name: 'subject', key: `s:${random()}`, max: 0, windowMs: 4 },
  ];
  const world: World = { now: epoch, who, challenges: [], ids: new Set(), budgets, limits };
  world.challenges = Array.from({ length: CHALLENGES }, (_, kind) => challengeOf(world, kind));
  return world;
}

/** Each kind counts against other budgets, gives more attempts and lives longer; one is bound to a context. */
export function challengeOf({ now, who, budgets }: World, kind: number): Challenge {
  return newChallenge(
    now,
    {
      expiresAt: now + 15 * (kind + 1),
      maxAttempts: 2 + 3 * kind,
      contextDigest: kind === 1 ? 'digest' : null,
      budgets: budgets.filter((_, budget) => budget !== kind),
      dueAt: now + kind,
      ledger: false,
    },
    who,
  );
}
