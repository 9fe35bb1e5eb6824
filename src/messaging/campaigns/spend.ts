import { type CompiledQuery, sql } from 'kysely';
import type { Database } from '../../db/open.ts';
import type { MessageTable } from '../../db/schema.ts';
import type { RouteDecision } from '../../delivery/routing/router.ts';
import { DECIMAL_DIGITS, toUnits } from '../../lib/decimal.ts';
import type { CampaignRow, ChunkRow } from './campaign.ts';

/** Money of a campaign is counted in millionths, rounded up: what is reserved is never less than what it may cost. */
const UNITS_PER_MICRO = 10n ** BigInt(DECIMAL_DIGITS - 6);

export function toMicros(amount: string): number {
  return Number((toUnits(amount) + UNITS_PER_MICRO - 1n) / UNITS_PER_MICRO);
}

export function fromMicros(micros: number): string {
  return (micros / 1e6).toFixed(6).replace(/\.?0+$/, '');
}

type FailsOver = Pick<RouteDecision, 'failoverOnReceipt' | 'failoverAfterSeconds'>;

/** Who had it and did not deliver it is paid, and so is the next one. */
const failsOver = ({ failoverOnReceipt, failoverAfterSeconds }: FailsOver) =>
  failoverOnReceipt || failoverAfterSeconds !== null;

/** By its candidates' prices, for `times` calls to who is busy; after a receipt, or none, it may go to each of them. */
export function atMost(prices: readonly number[], route: FailsOver, times: number): number {
  const dearest = Math.max(0, ...prices);
  const once = failsOver(route) ? prices.reduce((sum, price) => sum + price, 0) : dearest;
  return once + (times - 1) * dearest;
}

/** What a message may cost at most by the routing table; null: the table does not say, or in another currency. */
export function mayCost(
  { spend_currency }: Pick<CampaignRow, 'spend_currency'>,
  decision: RouteDecision,
  { segments }: Pick<MessageTable, 'segments'>,
  times: number,
): number | null {
  const priced = decision.candidates.filter(({ cost }) => cost?.currency === spend_currency);
  if (priced.length === 0 || priced.length < decision.candidates.length) return null;
  return atMost(pricesOf(priced, segments), decision, times);
}

/** Of that what goes for a try that this carrier has taken; the rest is for those that may follow. */
export function costOfTry(
  { candidates, ...route }: RouteDecision,
  { segments, provider }: Pick<MessageTable, 'segments' | 'provider'>,
): number {
  const taken = failsOver(route) ? candidates.filter((one) => one.provider === provider) : candidates;
  return Math.max(0, ...pricesOf(taken, segments));
}

const pricesOf = (candidates: RouteDecision['candidates'], segments: number | null) =>
  candidates.map(({ cost }) => toMicros(cost?.amount ?? '0') * (segments ?? 1));

/** Answers with nothing when the cap does not allow it. It may have been taken away since the campaign was read. */
export function reserve({ kysely }: Database, campaign: string, micros: number): CompiledQuery<{ id: string }> | null {
  if (micros === 0) return null;
  return sql<{ id: string }>`
    update campaigns set reserved = reserved + ${micros}
    where id = ${campaign} and (spend_cap is null or spent + reserved + ${micros} <= spend_cap) returning id
  `.compile(kysely) as CompiledQuery<{ id: string }>;
}

/** What was reserved for a slice, by its number, or for all of a chunk that was lost; and what that came to. */
export interface Settlement {
  slice: number | null;
  reserved: number;
  spent: number;
}

/**
 * What was reserved is free again, what was spent is not: once, however often it is written because nobody knows whether
 * it was. Only for whoever still has the chunk: of one that slept through its lease, the next has settled it. The rows of
 * the campaign and of the chunk are locked before.
 */
export function settle(
  { kysely }: Database,
  { id, claim, campaign_id }: Pick<ChunkRow, 'id' | 'claim' | 'campaign_id'>,
  { slice, reserved, spent }: Settlement,
): CompiledQuery[] {
  if (reserved === 0) return [];
  const owned = kysely.selectFrom('campaign_chunks').select('id').where('id', '=', id).where('claim', '=', claim);
  const unsettled = owned.where('unsettled', 'like', slice === null ? '%' : `%,${slice},%`);
  return [
    kysely
      .updateTable('campaigns')
      .set((eb) => ({ reserved: eb('reserved', '-', reserved), spent: eb('spent', '+', spent) }))
      .where('id', '=', campaign_id)
      .where(({ exists }) => exists(unsettled))
      .compile(),
    kysely
      .updateTable('campaign_chunks')
      .set((eb) => ({
        reserved: eb('reserved', '-', reserved),
        unsettled: slice === null ? ',' : sql<string>`replace(unsettled, ${`,${slice},`}, ',')`,
      }))
      .where('id', 'in', unsettled)
      .compile(),
  ];
}

/** How much more may be reserved, and whether what is reserved may yet be given back. */
export async function leftToSpend({ kysely }: Database, id: string): Promise<{ micros: number; mayGrow: boolean }> {
  const { spend_cap, spent, reserved } = await kysely
    .selectFrom('campaigns')
    .select(['spend_cap', 'spent', 'reserved'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  return { micros: (spend_cap ?? Infinity) - spent - reserved, mayGrow: reserved > 0 };
}
