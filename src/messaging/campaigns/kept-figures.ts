import type { Database } from '../../db/open.ts';
import type { Now } from '../../lib/clock.ts';
import type { CampaignRow } from './campaign.ts';
import { IDLE_SHARE, keepCounts } from './kept-counts.ts';
import { type Counts, readTotals } from './totals.ts';

/** Smaller campaigns are counted faster than what was counted is written and read. */
export const WRITTEN_FROM = 10_000;

export interface Known<T> {
  value: T;
  countedAt: number;
}

export interface Latest<T> extends Known<T> {
  /** Newer ones are being counted. */
  counting: boolean;
}

export interface KeptFiguresOptions<K extends keyof Counts> {
  db: Database;
  now: Now;
  kind: K;
  /** Larger campaigns are not counted for each who asks. */
  atOnce: number;
  count(campaign: CampaignRow): Promise<Counts[K]>;
  /** Before anybody is handed over: all that is known of a campaign that has never been counted. */
  atStart(campaign: CampaignRow): Counts[K];
  /** How long an answer waits for a count. */
  waitMs?: number | undefined;
}

/**
 * Figures that are there at once, however large the campaign is, and say of when they are. What one process has counted
 * is written down for all, and for the time after it.
 */
export function createKeptFigures<K extends keyof Counts>({
  db: { kysely },
  now,
  kind,
  atOnce,
  count,
  atStart,
  waitMs,
}: KeptFiguresOptions<K>) {
  const kept = keepCounts<Known<Counts[K]>>(undefined, waitMs);

  function readWritten(campaign: string) {
    return kysely
      .selectFrom('campaign_figures')
      .selectAll()
      .where('campaign_id', '=', campaign)
      .where('kind', '=', kind)
      .executeTakeFirst();
  }

  /** Of a time that has yet to come they are not: the clock was set back. */
  function isFresh({ counted_at, took_ms }: { counted_at: number; took_ms: number }): boolean {
    const at = now();
    return counted_at <= at && at < counted_at + took_ms * IDLE_SHARE;
  }

  async function countAnew(campaign: CampaignRow): Promise<Known<Counts[K]>> {
    if (campaign.recipients < WRITTEN_FROM) return { value: await count(campaign), countedAt: now() };
    const written = await readWritten(campaign.id);
    if (written && written.status === campaign.status && isFresh(written)) return toKnown(written);
    const [countedAt, startedAt] = [now(), performance.now()];
    const value = await count(campaign);
    const row = {
      ...{ status: campaign.status, value: JSON.stringify(value) },
      ...{ counted_at: countedAt, took_ms: Math.ceil(performance.now() - startedAt) },
    };
    await kysely
      .insertInto('campaign_figures')
      .values({ campaign_id: campaign.id, kind, ...row })
      .onConflict((conflict) =>
        conflict
          .columns(['campaign_id', 'kind'])
          .doUpdateSet(row)
          .where(({ eb, or }) =>
            or([eb('campaign_figures.counted_at', '<=', countedAt), eb('campaign_figures.counted_at', '>', now())]),
          ),
      )
      .execute();
    return { value, countedAt };
  }

  const toKnown = ({ value, counted_at }: { value: string; counted_at: number }): Known<Counts[K]> => ({
    value: JSON.parse(value) as Counts[K],
    countedAt: counted_at,
  });

  return {
    async read(campaign: CampaignRow): Promise<Latest<Counts[K]>> {
      const totals = readTotals(campaign);
      if (totals) return { value: totals[kind], countedAt: totals.countedAt, counting: false };
      if (campaign.recipients <= atOnce) return { value: await count(campaign), countedAt: now(), counting: false };
      const found = await kept(`${campaign.id} ${campaign.status}`, () => countAnew(campaign));
      if (found) return { ...found.value, counting: !found.isNewest };
      const written = await readWritten(campaign.id);
      const known = written
        ? toKnown(written)
        : { value: atStart(campaign), countedAt: campaign.started_at ?? campaign.created_at };
      return { ...known, counting: true };
    },
  };
}
