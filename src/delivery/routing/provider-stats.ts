import { sql } from 'kysely';
import type { Database } from '../../db/open.ts';
import { columnsOf, rowSet } from '../../db/row-set.ts';
import type { ProviderStatsTable } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { ProviderRoute } from './router.ts';

export const COUNTS = [
  'sent',
  'accepted',
  'rejected',
  'failed',
  'unknown',
  'delivered',
  'undelivered',
  'codes_sent',
  'codes_approved',
] as const;
export type CountName = (typeof COUNTS)[number];
export type Counts = Record<CountName, number>;

/** A period, short enough to see a drop in minutes. */
export const SHORT_SECONDS = 30;
const HOUR_SECONDS = 3600;
/** How long rows of each kind are kept. */
const KEPT_MS = { [SHORT_SECONDS]: 2 * 3_600_000, [HOUR_SECONDS]: 7 * 86_400_000 };

export type StatsRow = ProviderStatsTable;

/**
 * What became of messages, counted in memory and added to the table every few seconds: by all instances to the same
 * rows, so that each learns what all of them saw.
 */
export interface ProviderStats {
  /** `at`: in which period it counts. */
  count(route: ProviderRoute, names: readonly CountName[], at: number): void;
  /** Adds what was counted since the last call. What could not be written is kept for the next. */
  flush(): Promise<void>;
  /** Rows of short periods and of hours since then. */
  read(since: { short: number; hours: number }): Promise<StatsRow[]>;
  /** Deletes what nobody reads any more. */
  purge(now: number): Promise<void>;
}

export function createProviderStats(db: Database): ProviderStats {
  let pending = new Map<string, StatsRow>();

  return {
    count(route, names, at) {
      const row = rowOf(pending, { ...toKey(route), seconds: SHORT_SECONDS, at });
      for (const name of names) row[name] += 1;
    },
    async flush() {
      if (pending.size === 0) return;
      const counted = pending;
      pending = new Map();
      try {
        await add(db, withHours(counted.values()));
      } catch (error) {
        for (const row of counted.values()) addTo(pending, row);
        throw error;
      }
    },
    read: ({ short, hours }) =>
      db.kysely
        .selectFrom('provider_stats')
        .selectAll()
        .where((eb) =>
          eb.or([
            eb('seconds', '=', SHORT_SECONDS).and('at', '>=', short),
            eb('seconds', '=', HOUR_SECONDS).and('at', '>=', hours),
          ]),
        )
        .execute(),
    async purge(now) {
      for (const [seconds, keptMs] of Object.entries(KEPT_MS)) {
        await db.kysely
          .deleteFrom('provider_stats')
          .where('seconds', '=', Number(seconds))
          .where('at', '<', now - keptMs)
          .execute();
      }
    },
  };
}

type Key = Pick<StatsRow, 'provider' | 'channel' | 'country' | 'seconds' | 'at'>;

function toKey({ provider, channel, country }: ProviderRoute) {
  return { provider, channel, country: country ?? '-' };
}

function rowOf(rows: Map<string, StatsRow>, { provider, channel, country, seconds, at }: Key): StatsRow {
  const period = at - (at % (seconds * 1000));
  const name = `${provider} ${channel} ${country} ${seconds} ${period}`;
  const known = rows.get(name);
  if (known) return known;
  const zeros = Object.fromEntries(COUNTS.map((count) => [count, 0])) as Counts;
  const row = { provider, channel, country, seconds, at: period, ...zeros };
  rows.set(name, row);
  return row;
}

function addTo(rows: Map<string, StatsRow>, row: StatsRow): void {
  const sum = rowOf(rows, row);
  for (const name of COUNTS) sum[name] += row[name];
}

function withHours(short: Iterable<StatsRow>): StatsRow[] {
  const rows = new Map<string, StatsRow>();
  for (const row of short) {
    addTo(rows, row);
    addTo(rows, { ...row, seconds: HOUR_SECONDS });
  }
  // Everybody locks rows in the same order.
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

const KEY = { provider: 'text', channel: 'text', country: 'text', seconds: 'bigint', at: 'bigint' } as const;
const COLUMNS = {
  ...KEY,
  ...(Object.fromEntries(COUNTS.map((name) => [name, 'bigint'])) as Record<CountName, 'bigint'>),
};
const names = columnsOf(COLUMNS);
const sums = sql.join(
  COUNTS.map((name) => sql`${sql.ref(name)} = ${sql.ref(`provider_stats.${name}`)} + ${sql.ref(`excluded.${name}`)}`),
);

async function add(db: Database, rows: readonly StatsRow[]): Promise<void> {
  const values = rows.map((row) => ({ ...row }));
  await writeTransaction(db, {}, (trx) =>
    sql`insert into provider_stats (${names}) select ${names} from ${rowSet(db.dialect, COLUMNS, values)} where true
        on conflict (provider, channel, country, seconds, at) do update set ${sums}`.execute(trx),
  );
}
