import { type CompiledQuery, sql } from 'kysely';
import { forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import { rowSet } from '../../db/row-set.ts';
import { batchTransaction } from '../../db/transaction.ts';
import { type Ask, type TokenBuckets, takeFrom } from './token-buckets.ts';

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

  return {
    take(asks, count, now) {
      return batchTransaction(db, {}, async (batch) => {
        let [, rows] = await batch.run(unsynced, read(asks));
        if (rows.length < asks.length) {
          const missing = asks.map(({ key }) => ({ key, arrival: 0 })).sort((a, b) => (a.key < b.key ? -1 : 1));
          [, rows] = await batch.run(insert(missing), read(asks));
        }
        const known = new Map(rows.map(({ key, arrival }) => [key, arrival]));
        const before = asks.map(({ key }) => known.get(key) ?? 0);
        const { arrivals, ...taken } = takeFrom(asks, before, count, now);
        const changed = asks.map(({ key }, at) => ({ key, arrival: arrivals[at] ?? 0 }));
        if (taken.granted > 0) await batch.commit(update(changed));
        else await batch.commit();
        return taken;
      });
    },
  };
}

interface Row extends Record<string, string | number> {
  key: string;
  arrival: number;
}
