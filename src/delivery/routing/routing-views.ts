import { type Static, type TSchema, Type } from 'typebox';
import { closed, NullableTimestampSchema } from '../../http/schemas.ts';
import { toTimestamp } from '../../lib/clock.ts';
import type { OpenRouting } from './create-routing.ts';
import type { Counts } from './provider-stats.ts';
import type { RouteFacts } from './router.ts';
import {
  ChannelSchema,
  CONDITIONS,
  EMPTY_TABLE,
  PriceSchema,
  RoutingTableSchema,
  StrategySchema,
} from './table-schema.ts';
import { FILE, type TableVersion } from './table-versions.ts';

const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

const versionMembers = {
  version: Type.Integer({ minimum: 0, description: '0: no table is configured.' }),
  source: Type.Enum(['file', 'api', 'none']),
  digest: nullable(Type.String({ description: 'SHA-256 of the table.' })),
  actor: nullable(Type.String({ description: 'The API key that put it, or `file`.' })),
  created_at: NullableTimestampSchema,
};

export const VersionSchema = Type.Object(versionMembers, { ...closed, title: 'RoutesVersion' });
export const RoutesSchema = Type.Object(
  { ...versionMembers, table: RoutingTableSchema },
  { ...closed, title: 'Routes' },
);

export function viewVersion(found: TableVersion | null): Static<typeof VersionSchema> {
  if (!found) return { version: 0, source: 'none', digest: null, actor: null, created_at: null };
  const { version, actor, digest, createdAt } = found;
  return { version, source: actor === FILE ? 'file' : 'api', digest, actor, created_at: toTimestamp(createdAt) };
}

export function viewRoutes(found: TableVersion | null): Static<typeof RoutesSchema> {
  return { ...viewVersion(found), table: found?.table ?? EMPTY_TABLE };
}

const CircuitSchema = Type.Object(
  {
    state: Type.Enum(['closed', 'half_open', 'open'], { description: 'As the instance that answers sees it.' }),
    reopens_at: NullableTimestampSchema,
  },
  closed,
);

const count = (description: string) => Type.Number({ minimum: 0, description });
const HealthSchema = Type.Object(
  {
    is_failing: Type.Boolean({ description: 'Its messages no longer arrive: it is tried after the others.' }),
    sent: count('Of about the last day; older messages count less, to the half every three hours.'),
    accepted: count('Taken by the carrier.'),
    delivered: count('By receipt.'),
    undelivered: count('By receipt.'),
    codes_sent: count('Codes taken by the carrier.'),
    codes_approved: count('Of these, approved afterwards.'),
  },
  { ...closed, title: 'ProviderFigures' },
);

const figuresOf = (isFailing: boolean, counts: Counts): Static<typeof HealthSchema> => ({
  is_failing: isFailing,
  sent: rounded(counts.sent),
  accepted: rounded(counts.accepted),
  delivered: rounded(counts.delivered),
  undelivered: rounded(counts.undelivered),
  codes_sent: rounded(counts.codes_sent),
  codes_approved: rounded(counts.codes_approved),
});

const rounded = (value: number) => Math.round(value * 10) / 10;

export const ProvidersSchema = Type.Object(
  {
    data: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          channels: Type.Array(ChannelSchema),
          circuit: CircuitSchema,
          health: Type.Array(
            Type.Object({ channel: Type.String(), country: nullable(Type.String()), figures: HealthSchema }, closed),
          ),
        },
        { ...closed, title: 'Provider' },
      ),
    ),
  },
  closed,
);

export function viewProviders(routing: OpenRouting, now: number): Static<typeof ProvidersSchema> {
  const health = Map.groupBy(routing.health.list(), ({ provider }) => provider);
  const data = routing.providers.map(({ name, channels }) => ({
    name,
    channels: [...channels],
    circuit: viewCircuit(routing, name, now),
    health: (health.get(name) ?? []).map(({ channel, country, isFailing, long }) => ({
      channel,
      country: country === '-' ? null : country,
      figures: figuresOf(isFailing, long),
    })),
  }));
  return { data };
}

function viewCircuit(routing: OpenRouting, provider: string, now: number): Static<typeof CircuitSchema> {
  const { state, reopensAt } = routing.circuit(provider, now);
  return { state, reopens_at: state === 'closed' ? null : toTimestamp(reopensAt) };
}

export const SimulationSchema = Type.Object(
  {
    to: Type.String(),
    country: nullable(Type.String()),
    version: Type.Integer(),
    rule: nullable(Type.String({ description: 'null: no rule fits; every provider of the channel, in order.' })),
    strategy: StrategySchema,
    explored: Type.Boolean({ description: 'The first is there only to learn how it does now.' }),
    validity_seconds: nullable(Type.Integer()),
    receipt_timeout_seconds: Type.Integer(),
    failover_after_seconds: nullable(Type.Integer()),
    failover_on_receipt: Type.Boolean(),
    rules: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          matches: Type.Boolean(),
          because: nullable(Type.Enum(CONDITIONS, { description: 'The first condition that is not met.' })),
        },
        closed,
      ),
      { description: 'Every rule that was looked at, in order.' },
    ),
    candidates: Type.Array(
      Type.Object(
        {
          provider: Type.String(),
          sender: Type.String(),
          cost: nullable(PriceSchema),
          weight: Type.Number(),
          rates: Type.Array(
            Type.Object({ key: Type.String(), per_second: Type.Number(), burst: Type.Integer() }, closed),
          ),
          circuit: CircuitSchema,
          figures: nullable(HealthSchema),
        },
        closed,
      ),
      { description: 'In the order in which they would be tried.' },
    ),
    skipped: Type.Array(
      Type.Object(
        {
          provider: Type.String(),
          because: Type.Enum(['circuit_open', 'wrong_channel', 'sender_not_registered', 'not_configured', 'tried']),
        },
        closed,
      ),
    ),
  },
  { ...closed, title: 'Simulation' },
);

export function viewSimulation(routing: OpenRouting, facts: RouteFacts, now: number): Static<typeof SimulationSchema> {
  const { decision, trace } = routing.explain(facts, now);
  const weights = new Map(trace.considered.map(({ entry }) => [entry.provider, entry.weight]));
  const place = routing.health.of(facts.channel, facts.country);
  const rules = trace.rules.map(({ rule, mismatch }) => ({
    name: rule.name,
    matches: mismatch === null,
    because: mismatch,
  }));
  return {
    to: facts.to,
    country: facts.country,
    version: decision.version,
    rule: decision.rule,
    strategy: decision.strategy,
    explored: decision.explored ?? false,
    validity_seconds: decision.validitySeconds,
    receipt_timeout_seconds: decision.receiptTimeoutSeconds,
    failover_after_seconds: decision.failoverAfterSeconds,
    failover_on_receipt: decision.failoverOnReceipt,
    rules,
    candidates: decision.candidates.map(({ provider, sender, cost, buckets }) => {
      const figures = place.figures(provider);
      return {
        provider,
        sender,
        cost,
        weight: weights.get(provider) ?? 1,
        rates: buckets.map(({ key, perSecond, burst }) => ({ key, per_second: perSecond, burst })),
        circuit: viewCircuit(routing, provider, now),
        figures: figures && figuresOf(place.isFailing(provider), figures.long),
      };
    }),
    skipped: decision.skipped.map(({ provider, why }) => ({ provider, because: why })),
  };
}
