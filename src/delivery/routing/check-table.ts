import { isSupportedCountry } from 'libphonenumber-js/max';
import { CHANNELS, type Channel } from '../../lib/channels.ts';
import type { FieldError } from '../../lib/errors.ts';
import { CHANNELS_OF_KIND, senderProblem } from './sender-kinds.ts';
import { listOf, type RoutingTable, type RuleProvider, type TableRule } from './table-schema.ts';
import { findUnreachable } from './unreachable-rules.ts';

/** What routing needs to know of a configured carrier. */
export interface ProviderInfo {
  readonly name: string;
  readonly channels: readonly Channel[];
}

/** What the schema cannot say. JSON pointers into the table; each message says how to mend it. */
export function checkTable(table: RoutingTable, providers: readonly ProviderInfo[]): FieldError[] {
  const known = new Map(providers.map((provider) => [provider.name, provider]));
  return [
    ...checkSenders(table, known),
    ...table.rules.flatMap((rule, at) => checkRule(rule, `/rules/${at}`, known)),
    ...duplicates(table.rules.map(({ name }) => name)).map(([at, first]) => ({
      pointer: `/rules/${at}/name`,
      message: `is the name of rule ${first} already: names of rules are unique`,
    })),
    ...findUnreachable(table.rules),
  ];
}

type Known = ReadonlyMap<string, ProviderInfo>;

function checkSenders({ senders }: RoutingTable, known: Known): FieldError[] {
  const errors: FieldError[] = [];
  for (const [at, sender] of senders.entries()) {
    const pointer = `/senders/${at}`;
    const problem = senderProblem(sender.kind, sender.value);
    if (problem) errors.push({ pointer: `${pointer}/value`, message: problem });
    if (sender.burst !== undefined && sender.per_second === undefined) errors.push(burstAlone(pointer));
    for (const [place, name] of sender.providers?.entries() ?? []) {
      const provider = known.get(name);
      const path = `${pointer}/providers/${place}`;
      if (!provider) errors.push({ pointer: path, message: notConfigured(name, known) });
      else if (!provider.channels.some((channel) => CHANNELS_OF_KIND[sender.kind].includes(channel))) {
        errors.push({ pointer: path, message: `${name} has no channel that takes a sender of kind ${sender.kind}` });
      }
    }
    if (sender.kind === 'email' && sender.countries) {
      errors.push({ pointer: `${pointer}/countries`, message: 'mean nothing for e-mail: take them out' });
    }
    errors.push(...checkCountries(sender.countries, `${pointer}/countries`));
    const same = senders.findIndex((other, before) => before < at && overlaps(other, sender));
    if (same >= 0) {
      errors.push({
        pointer,
        message: `has countries and providers in common with sender ${same}, which has the same value: give each its own`,
      });
    }
  }
  return errors;
}

type Scoped = Pick<RoutingTable['senders'][number], 'value' | 'countries' | 'providers'>;

function overlaps(a: Scoped, b: Scoped): boolean {
  return a.value === b.value && meet(a.countries, b.countries) && meet(a.providers, b.providers);
}

/** Undefined: everything. */
function meet(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  return a === undefined || b === undefined || a.some((value) => b.includes(value));
}

function checkRule(rule: TableRule, pointer: string, known: Known): FieldError[] {
  const errors = checkCountries(listOf(rule.when.country), `${pointer}/when/country`);
  const channels = listOf(rule.when.channel) ?? CHANNELS;
  for (const [at, entry] of rule.providers.entries()) {
    const place = `${pointer}/providers/${at}`;
    const provider = known.get(entry.provider);
    if (!provider) errors.push({ pointer: `${place}/provider`, message: notConfigured(entry.provider, known) });
    else if (!provider.channels.some((channel) => channels.includes(channel))) {
      errors.push({
        pointer: `${place}/provider`,
        message: `${entry.provider} carries ${provider.channels.join(', ')} only: take it out, or name one of these in when.channel`,
      });
    }
    if (entry.burst !== undefined && entry.per_second === undefined) errors.push(burstAlone(place));
  }
  for (const [at, first] of duplicates(rule.providers.map(({ provider }) => provider))) {
    errors.push({
      pointer: `${pointer}/providers/${at}/provider`,
      message: `is in this rule already, at ${first}: name each provider once`,
    });
  }
  if (rule.strategy === 'weighted' && rule.providers.every(({ weight }) => weight === 0)) {
    errors.push({ pointer: `${pointer}/providers`, message: 'have weight 0 all: give at least one a greater weight' });
  }
  if (rule.strategy === 'cheapest') errors.push(...checkCosts(rule.providers, pointer));
  const { failover_after_seconds: failover, receipt_timeout_seconds: timeout } = rule;
  if (failover !== undefined && timeout !== undefined && failover >= timeout) {
    errors.push({
      pointer: `${pointer}/failover_after_seconds`,
      message: `must be less than receipt_timeout_seconds (${timeout}), after which nothing is waited for`,
    });
  }
  return errors;
}

function checkCosts(providers: readonly RuleProvider[], pointer: string): FieldError[] {
  const currency = providers.find(({ cost }) => cost)?.cost?.currency;
  return providers.flatMap(({ cost }, at) => {
    if (!cost) {
      return [{ pointer: `${pointer}/providers/${at}`, message: 'needs a cost: the strategy cheapest compares them' }];
    }
    if (cost.currency === currency) return [];
    return [
      {
        pointer: `${pointer}/providers/${at}/cost/currency`,
        message: `is ${cost.currency} while others are ${currency}: cheapest compares costs in one currency`,
      },
    ];
  });
}

function checkCountries(countries: readonly string[] | undefined, pointer: string): FieldError[] {
  const unknown = countries?.filter((country) => !isSupportedCountry(country)) ?? [];
  return unknown.map((country) => ({
    pointer,
    message: `names ${country}, which is no country with phone numbers: use ISO 3166-1 alpha-2 (GB, not UK)`,
  }));
}

function notConfigured(name: string, known: Known): string {
  const names = [...known.keys()].join(', ') || 'none';
  return `no provider is called ${name}: configure it under providers or correct the name (configured: ${names})`;
}

function burstAlone(pointer: string): FieldError {
  return { pointer: `${pointer}/burst`, message: 'means nothing without per_second: add it or take burst away' };
}

/** Places of values that occurred before, each with its first place. */
function duplicates(values: readonly string[]): [at: number, first: number][] {
  return values.flatMap((value, at): [number, number][] => {
    const first = values.indexOf(value);
    return first < at ? [[at, first]] : [];
  });
}
