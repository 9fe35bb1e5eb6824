import type { Database } from '../../db/open.ts';
import type { RedisHandle } from '../../db/redis.ts';
import { createBackground } from '../../lib/background.ts';
import type { Now } from '../../lib/clock.ts';
import { checkTable, type ProviderInfo } from './check-table.ts';
import { chooseRoute, type Outlook, type Trace } from './choose-route.ts';
import { type CircuitBreaker, createCircuitBreaker } from './circuit-breaker.ts';
import { type CurrentTable, openCurrentTable } from './current-table.ts';
import { createHealth, type Health, type ProviderHealth } from './health.ts';
import { type CountName, createProviderStats } from './provider-stats.ts';
import type { RouteDecision, RouteFacts, Routing, TryOutcome } from './router.ts';
import type { RoutingTable } from './table-schema.ts';
import { createTakeTokens } from './take-tokens.ts';
import { createRedisBuckets } from './token-buckets-redis.ts';
import { createSqlBuckets } from './token-buckets-sql.ts';

export interface RoutingDeps {
  db: Database;
  /** Where token buckets are kept; null: in the database. */
  redis: RedisHandle | null;
  /** Those that may carry live messages, in the order of the file. */
  providers: readonly ProviderInfo[];
  /** `routes` of the configuration file, its defaults filled in; null when it has none. */
  fileTable: RoutingTable | null;
  /** Whose audit log tells of new tables. */
  project: string;
  now: Now;
  log: RoutingLog;
  random?: () => number;
}

/** What is used of pino. */
export interface RoutingLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
}

export interface OpenRouting extends Routing {
  readonly table: CurrentTable;
  readonly providers: readonly ProviderInfo[];
  readonly health: Health;
  circuit(provider: string, now: number): ReturnType<CircuitBreaker['read']>;
  /** What `route` would decide, and why; nothing is touched. */
  explain(facts: RouteFacts, now: number): { decision: RouteDecision; trace: Trace };
  /** Takes up a table that another instance was given. */
  refreshTable(): Promise<void>;
  /** Writes what was counted, and reads what all instances counted. */
  refreshHealth(now: number): Promise<void>;
}

const TABLE_MS = 1_000;
const HEALTH_MS = 10_000;
/** Rows are deleted once in so many rounds of figures. */
const PURGE_EVERY = 60;

/**
 * Opens with the table and the figures loaded, so that the first message is routed by them. Throws when the file's table
 * cannot be used, saying where and how to mend it.
 */
export async function createRouting(deps: RoutingDeps): Promise<OpenRouting> {
  const { db, redis, providers, now, log, random = Math.random } = deps;
  refuseUnusable(deps);
  const table = await openCurrentTable(deps, now());
  const stats = createProviderStats(db);
  const health = createHealth(stats);
  const breakers = new Map(providers.map(({ name }) => [name, createCircuitBreaker()]));
  const take = createTakeTokens({
    buckets: redis ? createRedisBuckets(redis) : createSqlBuckets(db),
    onDegraded: (error) => log.warn({ err: error }, 'rates of routes are kept by this instance alone, bulk waits'),
    onRecovered: () => log.info({}, 'rates of routes are shared again'),
  });
  let healthRounds = 0;

  const circuit = (provider: string, at: number) =>
    breakers.get(provider)?.read(at) ?? ({ state: 'closed', reopensAt: 0 } as const);

  function outlookOf({ channel, country }: RouteFacts, at: number): Outlook {
    const { score, isFailing } = health.of(channel, country);
    return { circuit: (provider) => circuit(provider, at), score, isFailing };
  }

  function report({ provider, channel, country, isFailing, recent }: ProviderHealth): void {
    const facts = { provider, channel, country, codes_sent: recent.codes_sent, codes_approved: recent.codes_approved };
    if (isFailing) log.warn(facts, 'messages through a provider no longer arrive: others go first');
    else log.info(facts, 'messages through a provider arrive again');
  }

  async function refreshHealth(at: number): Promise<void> {
    await stats.flush();
    for (const changed of await health.load(at)) report(changed);
    healthRounds += 1;
    if (healthRounds % PURGE_EVERY === 0) await stats.purge(at);
  }

  async function refreshTable(): Promise<void> {
    if (await table.refresh()) log.info({ version: table.version()?.version }, 'a new routing table is in force');
  }

  await health.load(now());
  const rounds = createRounds((error) => log.warn({ err: error }, 'routing could not be refreshed'));

  return {
    table,
    providers,
    health,
    circuit,
    take,
    refreshHealth,
    route(facts, at) {
      const decision = chooseRoute(table.compiled(), facts, outlookOf(facts, at), random);
      const first = decision.candidates[0];
      if (first) breakers.get(first.provider)?.probing(at);
      return decision;
    },
    goesByNetwork: () => table.compiled().byNetwork,
    explain(facts, at) {
      const trace: Trace = { rules: [], considered: [] };
      return { decision: chooseRoute(table.compiled(), facts, outlookOf(facts, at), random, trace), trace };
    },
    refreshTable,
    tried(outcome, at) {
      stats.count(outcome, countsOf(outcome), at);
      const changed = breakers.get(outcome.provider)?.tried(outcome, at);
      if (!changed) return;
      const facts = { provider: outcome.provider, reason: outcome.reason };
      if (changed === 'open') log.warn(facts, 'a provider fails: its circuit is open');
      else log.info(facts, 'a provider works again: its circuit is closed');
    },
    reported: (route, status, at) => stats.count(route, [status], at),
    converted: (route, at, sentAt = at) => stats.count(route, ['codes_approved'], sentAt),
    start() {
      rounds.repeat(TABLE_MS, refreshTable);
      rounds.repeat(HEALTH_MS, () => refreshHealth(now()));
    },
    async close() {
      await rounds.stop();
      await stats.flush().catch((error) => log.warn({ err: error }, 'figures of providers were not written'));
    },
  };
}

function refuseUnusable({ fileTable, providers }: RoutingDeps): void {
  const errors = fileTable ? checkTable(fileTable, providers) : [];
  if (errors.length === 0) return;
  throw new Error(errors.map(({ pointer, message }) => `/routes${pointer} ${message}`).join('; '));
}

/** Work that is done again and again, each never twice at once. */
function createRounds(onError: (error: unknown) => void) {
  const timers = new Set<NodeJS.Timeout>();
  const background = createBackground(onError);
  let stopped = false;

  function repeat(ms: number, work: () => Promise<void>): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      background.run(
        work().finally(() => {
          if (!stopped) repeat(ms, work);
        }),
      );
    }, ms).unref();
    timers.add(timer);
  }

  return {
    repeat,
    async stop(): Promise<void> {
      stopped = true;
      for (const timer of timers) clearTimeout(timer);
      await background.settled();
    },
  };
}

const KINDS = {
  accepted: 'accepted',
  rejected: 'rejected',
  failed: 'failed',
  outcome_unknown: 'unknown',
} as const satisfies Record<TryOutcome['kind'], CountName>;

function countsOf({ kind, purpose }: TryOutcome): CountName[] {
  const mayArrive = kind === 'accepted' || kind === 'outcome_unknown';
  return ['sent', KINDS[kind], ...(purpose === 'code' && mayArrive ? (['codes_sent'] as const) : [])];
}
