import type { Database } from '../../../src/db/open.ts';
import type { RedisHandle } from '../../../src/db/redis.ts';
import type { ProviderInfo } from '../../../src/delivery/routing/check-table.ts';
import type { Outlook } from '../../../src/delivery/routing/choose-route.ts';
import { createRouting, type OpenRouting, type RoutingDeps } from '../../../src/delivery/routing/create-routing.ts';
import type { RouteFacts, TryOutcome } from '../../../src/delivery/routing/router.ts';
import { type RoutingTable, RoutingTableSchema } from '../../../src/delivery/routing/table-schema.ts';
import { createSchemaCheck } from '../../../src/lib/schema-check.ts';

export const NOW = Date.parse('2026-11-22T12:00:00Z');
export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

export const CARRIERS: readonly ProviderInfo[] = [
  { name: 'alpha', channels: ['sms', 'voice'] },
  { name: 'beta', channels: ['sms'] },
  { name: 'gamma', channels: ['sms', 'whatsapp'] },
  { name: 'post', channels: ['email'] },
];

const fill = createSchemaCheck(RoutingTableSchema, { defaults: true });

/** As an operator writes it; defaults are filled in as the configuration file's are. */
export function tableOf(written: object): RoutingTable {
  const table = structuredClone(written) as RoutingTable;
  const errors = fill(table);
  if (errors.length > 0) throw new Error(JSON.stringify(errors));
  return table;
}

export function ruleTable(rule: object, ...senders: object[]): RoutingTable {
  return tableOf({
    senders,
    rules: [{ name: 'only', providers: [{ provider: 'alpha' }, { provider: 'beta' }], ...rule }],
  });
}

export function factsOf(over: Partial<RouteFacts> = {}): RouteFacts {
  return {
    project: 'prj_1',
    purpose: 'code',
    channel: 'sms',
    to: '+33612345678',
    country: 'FR',
    brand: 'Acme',
    ...over,
  };
}

export function outlookOf(over: Partial<Outlook> = {}): Outlook {
  return { circuit: () => ({ state: 'closed', reopensAt: 0 }), score: () => 0, isFailing: () => false, ...over };
}

/** Nothing is explored. */
export const never = () => 0.999;

/** Pseudo-random numbers from 0 to 1 that are the same each time (Mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Logged {
  level: 'info' | 'warn';
  facts: Record<string, unknown>;
  message: string;
}

/** An instance; `logged` is what it said. */
export async function openRouting(
  db: Database,
  over: Partial<RoutingDeps> & { redis?: RedisHandle | null } = {},
): Promise<OpenRouting & { logged: Logged[] }> {
  const logged: Logged[] = [];
  const logAs = (level: Logged['level']) => (facts: object, message: string) => {
    logged.push({ level, facts: facts as Record<string, unknown>, message });
  };
  const routing = await createRouting({
    db,
    redis: null,
    providers: CARRIERS,
    fileTable: null,
    project: 'prj_first',
    now: () => NOW,
    log: { info: logAs('info'), warn: logAs('warn') },
    random: never,
    ...over,
  });
  return Object.assign(routing, { logged });
}

export function outcomeOf(provider: string, over: Partial<TryOutcome> = {}): TryOutcome {
  return {
    provider,
    channel: 'sms',
    country: 'FR',
    purpose: 'code',
    kind: 'accepted',
    reason: null,
    durationMs: 100,
    ...over,
  };
}
