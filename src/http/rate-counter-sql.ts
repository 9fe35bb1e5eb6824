import type { Database } from '../db/open.ts';
import type { LimitTable } from '../db/schema.ts';
import { statement } from '../db/statement.ts';
import type { RateCounter } from './rate-counter.ts';

/** Rows of the `limits` table; keys carry their window, so nothing is ever reset. */
export function createSqlRateCounter({ kysely }: Database): RateCounter {
  const add = statement((row: LimitTable) =>
    kysely
      .insertInto('limits')
      .values(row)
      .onConflict((conflict) =>
        conflict.column('key').doUpdateSet((old) => ({ count: old('limits.count', '+', old.ref('excluded.count')) })),
      )
      .returning('count'),
  );
  return {
    async add(key, uses, now, expiresAt) {
      const { rows } = await kysely.executeQuery(add({ key, count: uses, started_at: now, expires_at: expiresAt }));
      return rows[0]?.count ?? uses;
    },
  };
}
