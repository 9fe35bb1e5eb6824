import { toTimestamp } from '../../lib/clock.ts';
import { fromUnits, toUnits } from '../../lib/decimal.ts';
import type { CountedSend, CountedVerification } from './read-verifications.ts';

export const DIMENSIONS = ['country', 'channel', 'provider', 'hour'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** Null: a number of no country, or a verification that nothing was sent for. */
export type Group = Partial<Record<Dimension, string | null>>;

export interface Figures {
  starts: number;
  sends: number;
  delivered: number;
  approved: number;
  /** Of the starts. */
  conversion: number | null;
  /** Attempts that approved verifications took, the right one included, on average. */
  attempts_per_approval: number | null;
  cost: { amount: string; currency: string }[];
  seconds_to_approve: { p50: number | null; p95: number | null };
}

export interface VerificationTally {
  add(verification: CountedVerification): void;
  /** How many groups there are so far. */
  size(): number;
  /** By hour, then those with most starts first. */
  groups(): (Group & Figures)[];
  total(): Figures;
}

interface Counts {
  starts: number;
  sends: number;
  delivered: number;
  attempts: number;
  /** Units by currency. */
  cost: Map<string, bigint>;
  /** ms, of each approved one. */
  times: number[];
}

const HOUR_MS = 3_600_000;

/**
 * Grouped by channel or provider, a verification belongs to every group that one of its sends belongs to; its approval
 * to the group of the last send that a carrier took, as that is the code that was most likely read.
 */
export function createVerificationTally(by: readonly Dimension[]): VerificationTally {
  const groups = new Map<string, { group: Group; counts: Counts }>();
  const total = newCounts();

  function countsOf(group: Group): Counts {
    const key = JSON.stringify(by.map((dimension) => group[dimension]));
    const known = groups.get(key);
    if (known) return known.counts;
    const counts = newCounts();
    groups.set(key, { group, counts });
    return counts;
  }

  /** The group of one send, or of a verification without any. */
  function groupOf({ createdAt, country }: CountedVerification, send: CountedSend | undefined): Group {
    const all: Required<Group> = {
      country,
      channel: send?.channel ?? null,
      provider: send?.provider ?? null,
      hour: toTimestamp(createdAt - (createdAt % HOUR_MS)),
    };
    return Object.fromEntries(by.map((dimension) => [dimension, all[dimension]]));
  }

  return {
    add(verification) {
      const { sends, approvedAfterMs, attempts } = verification;
      const of = sends.map((send) => countsOf(groupOf(verification, send)));
      const without = sends.length === 0 ? [countsOf(groupOf(verification, undefined))] : [];
      for (const counts of new Set([...of, ...without, total])) counts.starts += 1;
      for (const [index, send] of sends.entries()) for (const counts of [of[index], total]) countSend(counts, send);
      if (approvedAfterMs === null) return;
      const carried = sends.findLastIndex(({ isCarried }) => isCarried);
      for (const counts of [of[carried] ?? of.at(-1) ?? without[0], total])
        countApproval(counts, attempts, approvedAfterMs);
    },
    size: () => groups.size,
    groups: () =>
      [...groups.values()].map(({ group, counts }) => ({ ...group, ...toFigures(counts) })).sort(byHourAndSize),
    total: () => toFigures(total),
  };
}

function newCounts(): Counts {
  return { starts: 0, sends: 0, delivered: 0, attempts: 0, cost: new Map(), times: [] };
}

function countSend(counts: Counts | undefined, { isSent, isDelivered, cost }: CountedSend): void {
  if (!counts) return;
  if (isSent) counts.sends += 1;
  if (isDelivered) counts.delivered += 1;
  if (cost) counts.cost.set(cost.currency, (counts.cost.get(cost.currency) ?? 0n) + toUnits(cost.amount));
}

function countApproval(counts: Counts | undefined, attempts: number, ms: number): void {
  if (!counts) return;
  counts.attempts += attempts;
  counts.times.push(ms);
}

function toFigures({ starts, sends, delivered, attempts, cost, times }: Counts): Figures {
  const approved = times.length;
  const sorted = Float64Array.from(times).sort();
  return {
    starts,
    sends,
    delivered,
    approved,
    conversion: ratio(approved, starts),
    attempts_per_approval: ratio(attempts, approved),
    cost: [...cost]
      .map(([currency, units]) => ({ amount: fromUnits(units), currency }))
      .sort((a, b) => (a.currency < b.currency ? -1 : 1)),
    seconds_to_approve: { p50: percentile(sorted, 0.5), p95: percentile(sorted, 0.95) },
  };
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : Math.round((part / whole) * 10_000) / 10_000;
}

/** Nearest rank: one of the values, and no fewer than this part of them are at most as large. */
function percentile(sorted: Float64Array, part: number): number | null {
  const ms = sorted[Math.ceil(part * sorted.length) - 1];
  return ms === undefined ? null : ms / 1000;
}

function byHourAndSize(a: Group & Figures, b: Group & Figures): number {
  if (a.hour !== b.hour) return (a.hour ?? '') < (b.hour ?? '') ? -1 : 1;
  return b.starts - a.starts;
}
