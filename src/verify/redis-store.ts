import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditEvent } from '../audit/event.ts';
import type { Database } from '../db/open.ts';
import { keys, shardOfKey, type Tag, tagOfChallenge, tagOfShard, tags } from '../db/redis/keys.ts';
import type { RedisHandle, RedisLog } from '../db/redis.ts';
import type { Budget, ChallengeFacts, Status } from './challenge.ts';
import { budgetArgs, budgetKeys, tagOfCounter } from './redis/counters.ts';
import {
  factsOf,
  fromTime,
  isPending,
  newState,
  shortEvent,
  termsOf,
  toBudgetState,
  toChallenge,
  toFacts,
} from './redis/encoding.ts';
import { giveBackFailures, reserve, reserveNothing, type Wanted } from './redis/reservation.ts';
import { createRunScript } from './redis/run-script.ts';
import { createTermsCache, type Terms } from './redis/terms.ts';
import { createWarmUp } from './redis/warm-up.ts';
import type { AdvanceResult, ChallengeStore, CreateResult, Locked, Spend, SpendResult } from './store.ts';

export interface RedisStoreDeps {
  /** Guess budgets are put back from here when Redis has lost them. */
  db: Database;
  /** Told the shard of every event that waits to be recorded. */
  poke?: (shard: number) => void;
  log?: RedisLog;
}

export interface RedisStore extends ChallengeStore {
  /** Whether the policy of this challenge wants its approval in the SQL ledger. */
  wantsLedger(id: string): Promise<boolean>;
}

/** How long after its expiry a challenge that nobody ended is kept. */
const ORPHANED_MS = 86_400_000;
/** A caller waits no longer for it. */
const RECONNECT_MS = 500;

/** Challenges in Redis: single, Sentinel or Cluster. One script per transition; see db/lua. */
export function createRedisStore(redis: RedisHandle, deps: RedisStoreDeps): RedisStore {
  const run = createRunScript(redis, createWarmUp(redis, deps.db, deps.log));
  const terms = createTermsCache();
  /** On Cluster: attempts that may have approved without giving their failures back to the budgets in other slots. */
  const unanswered = new Set<string>();
  const poke = (tag: Tag) => deps.poke?.(tags.indexOf(tag));
  const reserveFor = (wanted: Wanted) => (redis.isCluster ? reserve(run, wanted) : reserveNothing(wanted));

  /** Null when there is no such challenge, or no more. */
  async function read(id: string): Promise<{ facts: ChallengeFacts; state: string } | null> {
    const tag = tagOfChallenge(id);
    const [facts, state] = await redis.call((client) => client.mget(keys.facts(tag, id), keys.state(tag, id)));
    return facts && state ? { facts: toFacts(facts), state } : null;
  }

  async function termsOfKnown(id: string): Promise<Terms | null> {
    const known = terms.get(id);
    if (known) return known;
    const found = await read(id);
    return found && terms.keep(found.facts);
  }

  /** What is given back is so because a connection was lost, and is sent once: soon there is another one. */
  async function untilConnected(tag: Tag): Promise<void> {
    const end = performance.now() + RECONNECT_MS;
    while (redis.generation(tag) === null && performance.now() < end) await sleep(10);
  }

  return {
    async create(challenge, limits, events, now) {
      const { id, budgets } = challenge;
      const tag = tagOfChallenge(id);
      const reserved = await reserveFor({ home: tag, budgets, counting: false, limits, now });
      const { near } = reserved;
      const reply = (await run(
        'create',
        tag,
        challengeKeys(tag, id, [...budgetKeys(near.budgets), ...near.limits.keys]),
        [
          id,
          challenge.expiresAt - now + ORPHANED_MS,
          shortEvent(events.created),
          shortEvent(events.refused),
          factsOf(challenge),
          termsOf(challenge),
          newState(challenge),
          fromTime(challenge.dueAt),
          ...reserved.locked,
          ...reserved.limits,
          ...budgetArgs(near.budgets),
        ],
        now,
      )) as 'created' | 'exists' | ['locked' | 'limited', string, string];
      poke(tag);
      if (reply === 'created') return { kind: 'created' };
      await reserved.giveBack();
      return reply === 'exists' ? { kind: 'exists' } : toRefusal(reply);
    },

    async get(id) {
      const found = await read(id);
      return found && toChallenge(found.facts, found.state);
    },

    async spend(id, spend, now) {
      const found = await read(id);
      if (found?.facts.project !== spend.project || found.facts.mode !== spend.mode) return { kind: 'gone' };
      const { facts, state } = found;
      const tag = tagOfChallenge(id);
      const context = judgeContext(facts, spend);
      const length = spend.codeLength === facts.codeLength ? '' : 'wrong';
      // What will be refused anyway does not come to count anything, not even for a moment.
      const isEnded = !isPending(state) && !spend.withdrawn?.length;
      const isHopeless = isEnded || context !== '' || length !== '' || now >= facts.expiresAt;
      const { budgets } = terms.keep(facts);
      const wanted = { home: tag, budgets: isHopeless ? [] : budgets, counting: true, limits: [], now };
      const reserved = await reserveFor(wanted);
      const { near } = reserved;
      const reply = (await run(
        'spend',
        tag,
        challengeKeys(tag, id, budgetKeys(near.budgets)),
        [
          id,
          spend.attempt,
          facts.expiresAt,
          facts.maxAttempts,
          context,
          length,
          shortEvent(spend.refused),
          context === 'mismatch' ? shortEvent(spend.canceled) : '',
          ...reserved.locked,
          toList(spend.withdrawn),
          ...budgetArgs(near.budgets),
        ],
        now,
      )) as 'gone' | SpendReply;
      poke(tag);
      const result = toSpendResult(facts, reply, near.budgets, reserved.counted);
      if (result.kind !== 'ok') await reserved.giveBack();
      return result;
    },

    async fail(id, events, now, withdrawn) {
      const known = await termsOfKnown(id);
      const tag = tagOfChallenge(id);
      const [failed, ...notices] = [events.failed, ...events.notices].map((event) => JSON.stringify(event));
      const exhausted = shortEvent(events.exhausted);
      const args = [id, known?.maxAttempts ?? 0, failed ?? '', exhausted, toList(withdrawn), ...notices];
      const reply = (await run('fail', tag, challengeKeys(tag, id), args, now)) as 'gone' | [Status, number];
      poke(tag);
      // Lost in a fail-over since it was spent: nothing is left to guess at.
      if (reply === 'gone') return { status: 'expired', attemptsRemaining: 0 };
      return { status: reply[0], attemptsRemaining: reply[1] };
    },

    async consume(id, attempt, event, now, withdrawn) {
      const known = await termsOfKnown(id);
      if (!known) return false;
      const tag = tagOfChallenge(id);
      const near = redis.isCluster ? [] : known.budgets;
      const names = challengeKeys(tag, id, budgetKeys(near));
      const args = [id, attempt, JSON.stringify(event), toList(withdrawn), ...budgetArgs(near)];
      const reply = await run('consume', tag, names, args, now).catch((error) => {
        if (redis.isCluster) unanswered.add(attempt);
        throw error;
      });
      const approved = reply === 1;
      poke(tag);
      // The approval stands; a failure that is not given back now stays counted until its window ends.
      if (approved && redis.isCluster) await giveBackFailures(run, known.budgets, true, now).catch(() => {});
      return approved;
    },

    async refund(id, attempt, now) {
      const tag = tagOfChallenge(id);
      await untilConnected(tag);
      const isUnanswered = unanswered.delete(attempt);
      const known = await termsOfKnown(id);
      if (!known) return;
      const near = redis.isCluster ? [] : known.budgets;
      const args = [attempt, ...budgetArgs(near)];
      const refunded = await run('refund', tag, challengeKeys(tag, id, budgetKeys(near)), args, now);
      const hadApproved = refunded === 2;
      if (redis.isCluster && (refunded === 1 || (hadApproved && isUnanswered))) {
        await giveBackFailures(run, known.budgets, hadApproved, now);
      }
      poke(tag);
    },

    async advance(id, rev, change, now) {
      const tag = tagOfChallenge(id);
      const limits = change.limits ?? [];
      const reserved = await reserveFor({ home: tag, budgets: [], counting: false, limits, now });
      const { near } = reserved;
      const reply = (await run(
        'advance',
        tag,
        challengeKeys(tag, id, near.limits.keys),
        [
          id,
          rev,
          change.status,
          JSON.stringify(change.sends),
          change.step,
          fromTime(change.nextSendAt),
          fromTime(change.dueAt),
          change.judged ?? '',
          change.secrets?.codeHash ?? '',
          change.secrets?.sealed ?? '',
          change.refused ? JSON.stringify(change.refused) : '',
          ...reserved.limits,
          ...change.events.map((event) => JSON.stringify(event)),
        ],
        now,
      )) as 'conflict' | ['ok', number] | ['limited', string, string];
      poke(tag);
      if (reply[0] === 'ok') return { kind: 'ok', rev: Number(reply[1]) };
      await reserved.giveBack();
      return reply === 'conflict'
        ? { kind: 'conflict' }
        : (toRefusal(reply as ['limited', string, string]) as AdvanceResult);
    },

    async findLock({ id, budgets }, now) {
      const wanted = { home: tagOfChallenge(id), budgets, counting: false, limits: [], now };
      const { locked } = await reserve(run, wanted);
      return locked[0] === '' ? null : toLock(...locked);
    },

    async claimDue(now, leaseMs, max) {
      const due = await findDue(redis, now, max);
      const claimed = await Promise.all(
        due.map(async ({ tag, id }) => {
          const reply = (await run('claim', tag, challengeKeys(tag, id), [id, leaseMs], now)) as
            | 'none'
            | [facts: string, state: string];
          return reply === 'none' ? [] : [toChallenge(toFacts(reply[0]), reply[1])];
        }),
      );
      return claimed.flat();
    },

    async oldestDue(now) {
      const [oldest] = await findDue(redis, now, 1);
      return oldest?.at ?? null;
    },

    async resetBudget(key, event, now) {
      const tag = tagOfCounter(key);
      await run('reset-budget', tag, [keys.budget(tag, key), keys.events(tag)], [JSON.stringify(event)], now);
      poke(tag);
    },

    async record(event) {
      const tag = tagOfEvent(event);
      const names = challengeKeys(tag, event.verificationId ?? '');
      await run('record', tag, names, [JSON.stringify(event)], event.at);
      poke(tag);
    },

    wantsLedger: async (id) => (await termsOfKnown(id))?.ledger ?? true,
  };
}

/** In the order in which the scripts take them; the generation's goes before them. */
function challengeKeys(tag: Tag, id: string, counters: readonly string[] = []): string[] {
  return [keys.state(tag, id), ...counters, keys.facts(tag, id), keys.due(tag), keys.events(tag)];
}

/** As lib-challenge.lua searches it. */
function toList(attempts?: readonly string[]): string {
  return attempts ? ` ${attempts.join(' ')} ` : '';
}

function tagOfEvent({ id, verificationId }: AuditEvent): Tag {
  return verificationId ? tagOfChallenge(verificationId) : tagOfShard(shardOfKey(id));
}

function judgeContext(facts: ChallengeFacts, spend: Spend): '' | 'required' | 'mismatch' {
  if (spend.contextDigest === facts.contextDigest) return '';
  return spend.contextDigest === null ? 'required' : 'mismatch';
}

type SpendReply = [kind: SpendResult['kind'], detail: string, until: string, state: string];

function toSpendResult(
  facts: ChallengeFacts,
  reply: 'gone' | SpendReply,
  near: readonly Budget[],
  far: ReadonlyMap<string, string>,
): SpendResult {
  if (reply === 'gone') return { kind: 'gone' };
  const [kind, detail, until, state] = reply;
  const challenge = toChallenge(facts, state);
  switch (kind) {
    case 'ok': {
      const states = detail.split(' ');
      const counted = new Map([...far, ...near.map(({ key }, i) => [key, states[i] ?? ''] as const)]);
      return { kind, challenge, budgets: new Map([...counted].map(([key, state]) => [key, toBudgetState(state)])) };
    }
    case 'approved':
      return { kind, challenge };
    case 'refused':
      return { kind, reason: detail as Extract<SpendResult, { kind: 'refused' }>['reason'], challenge };
    case 'locked':
      return { ...toLock(detail, until), challenge };
    default:
      return { kind };
  }
}

function toRefusal([kind, name, until]: ['locked' | 'limited', string, string]): CreateResult {
  return kind === 'locked' ? toLock(name, until) : { kind, limit: name, retryAt: Number(until) };
}

function toLock(name: string, until: string): Locked {
  return { kind: 'locked', budget: name as Locked['budget'], until: until === '' ? null : Number(until) };
}

/** The challenges that have been due longest, over all shards. */
async function findDue(redis: RedisHandle, now: number, max: number): Promise<{ tag: Tag; id: string; at: number }[]> {
  const perShard = await Promise.all(
    tags.map(async (tag) => {
      const found = await redis.call((client) =>
        client.zrangebyscore(keys.due(tag), '-inf', now, 'WITHSCORES', 'LIMIT', 0, max),
      );
      return found.flatMap((id, i) => (i % 2 === 0 ? [{ tag, id, at: Number(found[i + 1]) }] : []));
    }),
  );
  return perShard
    .flat()
    .sort((a, b) => a.at - b.at)
    .slice(0, max);
}
