import { type CompiledQuery, sql } from 'kysely';
import { forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import { rowSet } from '../../db/row-set.ts';
import { batchTransaction } from '../../db/transaction.ts';
import { type Ask, type Taken, type TokenBuckets, takeFrom } from './token-buckets.ts';

/** Rows are locked in the order of their keys, so that messages that share some of their buckets never block each other. */
export function createSqlBuckets(db: Database): TokenBuckets {
  const { dialect, kysely } = db;
  // A crash may forget the last few messages of a rate, so nobody waits for the disk with the rows locked.
  const unsynced =
    dialect === 'postgres' ? sql`select set_config('synchronous_commit', 'off', true)`.compile(kysely) : null;

  const read = (asks: readonly Ask[]) =>
    forUpdate(
      dialect,
      kysely
        .selectFrom('rate_buckets')
        .selectAll()
        .where(
          'key',
          'in',
          asks.map(({ key }) => key),
        )
        .orderBy('key'),
    ).compile();

  const columns = { key: 'text', arrival: 'bigint' } as const;
  const insert = (rows: Row[]) =>
    sql`insert into rate_buckets (key, arrival) select key, arrival from ${rowSet(dialect, columns, rows)} where true
        on conflict (key) do nothing`.compile(kysely);
  const update = (rows: Row[]): CompiledQuery =>
    sql`update rate_buckets set arrival = r.arrival from ${rowSet(dialect, columns, rows)}
        where rate_buckets.key = r.key`.compile(kysely);

  /** Null when a bucket is not there yet. */
  const tryTake = (asks: readonly Ask[], count: number, now: number): Promise<Taken | null> =>
    batchTransaction(db, {}, async (batch) => {
      const [, rows] = await batch.run(unsynced, read(asks));
      if (rows.length < asks.length) return null;
      const known = new Map(rows.map(({ key, arrival }) => [key, arrival]));
      const before = asks.map(({ key }) => known.get(key) ?? 0);
      const { arrivals, ...taken } = takeFrom(asks, before, count, now);
      const changed = asks.map(({ key }, at) => ({ key, arrival: arrivals[at] ?? 0 }));
      await batch.commit(taken.granted > 0 ? update(changed) : null);
      return taken;
    });

  return {
    async take(asks, count, now) {
      for (;;) {
        const taken = await tryTake(asks, count, now);
        if (taken) return taken;
        // In a transaction of its own: beside rows that are locked it would break their order.
        await kysely.executeQuery(insert(asks.map(({ key }) => ({ key, arrival: 0 })).sort(byKey)));
      }
    },
  };
}

const byKey = (a: Row, b: Row) => (a.key < b.key ? -1 : 1);

interface Row extends Record<string, string | number> {
  key: string;
  arrival: number;
}
