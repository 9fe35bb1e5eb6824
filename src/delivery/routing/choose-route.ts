import type { ChosenSender } from './choose-sender.ts';
import type { CompiledRule, CompiledTable, Entry } from './compile-table.ts';
import { orderEntries } from './order-entries.ts';
import type { Bucket, Candidate, RouteDecision, RouteFacts, SkipReason } from './router.ts';
import type { Condition } from './table-schema.ts';

/** What is known of the providers, for one channel and country. */
export interface Outlook {
  circuit(provider: string): { state: CircuitState; reopensAt: number };
  /** Greater is better; what `best_conversion` orders by. */
  score(provider: string): number;
  /** Its messages no longer arrive, as far as codes and receipts tell. */
  isFailing(provider: string): boolean;
}

export type CircuitState = 'closed' | 'half_open' | 'open';

/** A provider that was thought of, and what spoke against it. */
export interface Considered {
  entry: Entry;
  sender: Candidate['sender'];
  buckets: Candidate['buckets'];
  reopensAt: number;
  isFailing: boolean;
  isAvoided: boolean;
  skipped: SkipReason | null;
}

/** Filled in on the way, for those who ask why. */
export interface Trace {
  rules: { rule: CompiledRule; mismatch: Condition | null }[];
  considered: Considered[];
}

/** Share of codes that go through a provider only to learn how it does now: figures of one that is never used stand still. */
export const EXPLORED = 0.02;

const HOUR = 3600;
/** Codes are dead by then; other messages may wait for a phone that is off. */
const RECEIPT_TIMEOUT_SECONDS = { code: HOUR / 4, transactional: 48 * HOUR, marketing: 48 * HOUR };

/** The first rule that fits, its providers in the order of its strategy, those that do badly last. Touches nothing. */
export function chooseRoute(
  table: CompiledTable,
  facts: RouteFacts,
  outlook: Outlook,
  random: () => number,
  trace?: Trace,
): RouteDecision {
  const rule = firstFitting(trace ? table.rules : table.rulesFor(facts), facts, trace);
  const entries = rule ? rule.entries : table.fallback[facts.channel];
  const strategy = rule?.strategy ?? 'ordered';
  const considered = entries.map((entry) => consider(entry, table, facts, outlook));
  if (trace) trace.considered = considered;

  const usable = considered.filter(({ skipped }) => skipped === null);
  const ordered = orderEntries(strategy, usable, outlook, random);
  const demoted = demote(ordered);
  const explored = pickExplored(rule, facts, ordered, demoted, random);
  const best = explored ? [explored, ...demoted.filter((one) => one !== explored)] : demoted;
  // A code is tried even through what has just failed; other messages wait.
  const chosen = best.length === 0 && facts.purpose === 'code' ? leastBad(considered) : best;

  return {
    version: table.version,
    rule: rule?.name ?? null,
    strategy,
    candidates: chosen.map(toCandidate),
    ...(explored && { explored: true }),
    skipped: considered.flatMap((one) =>
      one.skipped === null || chosen.includes(one) ? [] : [{ provider: one.entry.provider, why: one.skipped }],
    ),
    validitySeconds: rule?.validitySeconds ?? null,
    receiptTimeoutSeconds: rule?.receiptTimeoutSeconds ?? RECEIPT_TIMEOUT_SECONDS[facts.purpose],
    failoverAfterSeconds: rule?.failoverAfterSeconds ?? null,
    failoverOnReceipt: rule?.failoverOnReceipt ?? true,
  };
}

function firstFitting(rules: readonly CompiledRule[], facts: RouteFacts, trace?: Trace): CompiledRule | null {
  for (const rule of rules) {
    const mismatch = rule.mismatch(facts);
    trace?.rules.push({ rule, mismatch });
    if (mismatch === null) return rule;
  }
  return null;
}

function consider(entry: Entry, table: CompiledTable, facts: RouteFacts, outlook: Outlook): Considered {
  const { provider } = entry;
  const { state, reopensAt } = outlook.circuit(provider);
  const sender = table.senders.choose(provider, facts);
  const channels = table.channelsOf(provider);
  return {
    entry,
    sender: sender?.value ?? '',
    buckets: bucketsOf(entry, sender),
    reopensAt,
    isFailing: outlook.isFailing(provider),
    isAvoided: facts.avoid?.includes(provider) ?? false,
    skipped: !channels
      ? 'not_configured'
      : !channels.includes(facts.channel)
        ? 'wrong_channel'
        : !sender
          ? 'sender_not_registered'
          : state === 'open'
            ? 'circuit_open'
            : null,
  };
}

function bucketsOf({ bucket }: Entry, sender: ChosenSender | null): readonly Bucket[] {
  if (!sender?.bucket) return bucket ? [bucket] : [];
  return bucket ? [bucket, sender.bucket] : [sender.bucket];
}

/** Sorting is stable: among those that do equally badly the strategy's order stays. */
function demote(ordered: readonly Considered[]): readonly Considered[] {
  if (!ordered.some((one) => demotion(one) > 0)) return ordered;
  return ordered.toSorted((a, b) => demotion(a) - demotion(b));
}

/** A provider that this very message did not arrive through is the last resort. */
function demotion({ isAvoided, isFailing }: Considered): number {
  return isAvoided ? 2 : isFailing ? 1 : 0;
}

/** Null: nothing is explored. Only codes tell how a provider does, and a code that did not arrive takes no chances. */
function pickExplored(
  rule: CompiledRule | null,
  { purpose, avoid = [] }: RouteFacts,
  ordered: readonly Considered[],
  demoted: readonly Considered[],
  random: () => number,
): Considered | null {
  if (purpose !== 'code' || avoid.length > 0 || ordered.length < 2 || random() >= EXPLORED) return null;
  const stale = rule?.strategy === 'best_conversion' ? ordered : ordered.filter(({ isFailing }) => isFailing);
  const others = stale.filter((one) => one !== demoted[0]);
  return others[Math.floor(random() * others.length)] ?? null;
}

function leastBad(considered: readonly Considered[]): Considered[] {
  return considered
    .filter(({ skipped }) => skipped === 'circuit_open')
    .sort((a, b) => demotion(a) - demotion(b) || a.reopensAt - b.reopensAt);
}

function toCandidate({ entry, sender, buckets }: Considered): Candidate {
  return { provider: entry.provider, sender, cost: entry.cost, buckets };
}
