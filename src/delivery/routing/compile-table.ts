import type { Channel } from '../../lib/channels.ts';
import type { Price, Purpose } from '../provider.ts';
import { bucketOf } from './bucket-of.ts';
import type { ProviderInfo } from './check-table.ts';
import { compileSenders, type Senders } from './choose-sender.ts';
import type { Bucket, RouteFacts, Strategy } from './router.ts';
import { type Condition, listOf, type RoutingTable, type RuleProvider, type TableRule } from './table-schema.ts';

/** A table as routing reads it: made once for each version, read for each message. */
export interface CompiledTable {
  version: number;
  rules: readonly CompiledRule[];
  /** Whether any rule goes by the recipient's network. */
  byNetwork: boolean;
  /** Those that may fit a message of this purpose on this channel. */
  rulesFor(facts: Pick<RouteFacts, 'purpose' | 'channel'>): readonly CompiledRule[];
  senders: Senders;
  /** What carries a message that no rule fits. */
  fallback: Record<Channel, readonly Entry[]>;
  /** Channels of a configured provider. */
  channelsOf(provider: string): readonly Channel[] | undefined;
}

export interface CompiledRule {
  name: string;
  strategy: Strategy;
  entries: readonly Entry[];
  validitySeconds: number | null;
  receiptTimeoutSeconds: number | null;
  failoverAfterSeconds: number | null;
  failoverOnReceipt: boolean;
  /** The first condition that these facts do not meet; null when the rule fits. */
  mismatch(facts: RouteFacts): Condition | null;
}

/** A provider of a rule. */
export interface Entry {
  provider: string;
  weight: number;
  cost: Price | null;
  bucket: Bucket | null;
}

export function compileTable(version: number, table: RoutingTable, providers: readonly ProviderInfo[]): CompiledTable {
  const channels = new Map(providers.map((provider) => [provider.name, provider.channels]));
  const rules = table.rules.map(compileRule);
  const lanes = new Map<string, CompiledRule[]>();
  const laneOf = (channel: Channel, purpose: Purpose) => `${channel} ${purpose}`;
  const fitting = (channel: Channel, purpose: Purpose) =>
    rules.filter((_, at) => {
      const { when } = table.rules[at] as TableRule;
      return (listOf(when.channel)?.includes(channel) ?? true) && (listOf(when.purpose)?.includes(purpose) ?? true);
    });
  const fallback = (channel: Channel): Entry[] =>
    providers
      .filter((provider) => provider.channels.includes(channel))
      .map(({ name }) => ({ provider: name, weight: 1, cost: null, bucket: null }));
  return {
    version,
    rules,
    byNetwork: table.rules.some(({ when }) => when.mcc_mnc !== undefined),
    rulesFor({ channel, purpose }) {
      const lane = laneOf(channel, purpose);
      const known = lanes.get(lane) ?? fitting(channel, purpose);
      lanes.set(lane, known);
      return known;
    },
    senders: compileSenders(table.senders),
    fallback: {
      sms: fallback('sms'),
      voice: fallback('voice'),
      email: fallback('email'),
      whatsapp: fallback('whatsapp'),
      telegram: fallback('telegram'),
    },
    channelsOf: (provider) => channels.get(provider),
  };
}

function compileRule(rule: TableRule): CompiledRule {
  return {
    name: rule.name,
    strategy: rule.strategy,
    entries: rule.providers.map((provider) => compileEntry(rule.name, provider)),
    validitySeconds: rule.validity_seconds ?? null,
    receiptTimeoutSeconds: rule.receipt_timeout_seconds ?? null,
    failoverAfterSeconds: rule.failover_after_seconds ?? null,
    failoverOnReceipt: rule.failover_on_receipt,
    mismatch: compileConditions(rule.when),
  };
}

function compileEntry(rule: string, { provider, weight, cost, per_second, burst }: RuleProvider): Entry {
  return { provider, weight, cost: cost ?? null, bucket: bucketOf(`route:${rule}:${provider}`, per_second, burst) };
}

function compileConditions(when: TableRule['when']): CompiledRule['mismatch'] {
  const purposes = setOf(when.purpose);
  const channels = setOf(when.channel);
  const countries = setOf(when.country);
  const prefixes = listOf(when.prefix);
  const networks = setOf(when.mcc_mnc);
  const senders = setOf(when.sender);
  const projects = setOf(when.project);
  return (facts) => {
    if (purposes && !purposes.has(facts.purpose)) return 'purpose';
    if (channels && !channels.has(facts.channel)) return 'channel';
    if (countries && !(facts.country !== null && countries.has(facts.country))) return 'country';
    if (prefixes && !prefixes.some((prefix) => facts.to.startsWith(prefix))) return 'prefix';
    if (networks && !hasNetwork(networks, facts.mccMnc)) return 'mcc_mnc';
    if (senders && !(facts.sender !== undefined && senders.has(facts.sender))) return 'sender';
    if (projects && !projects.has(facts.project)) return 'project';
    return null;
  };
}

function setOf(value: string | string[] | undefined): ReadonlySet<string> | null {
  const list = listOf(value);
  return list ? new Set(list) : null;
}

/** E.212: the first three digits are the country's. */
function hasNetwork(networks: ReadonlySet<string>, mccMnc: string | undefined): boolean {
  return mccMnc !== undefined && (networks.has(mccMnc) || networks.has(mccMnc.slice(0, 3)));
}
