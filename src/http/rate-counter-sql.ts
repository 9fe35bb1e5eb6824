import type { Database } from '../db/open.ts';
import { statement } from '../db/statement.ts';
import type { RateCounter } from './rate-counter.ts';

interface Addition {
  key: string;
  uses: number;
  now: number;
  expiresAt: number;
}

/** Rows of the `limits` table; keys carry their window, so nothing is ever reset. */
export function createSqlRateCounter({ kysely }: Database): RateCounter {
  const add = statement<Addition, { count: number }>((of) =>
    kysely
      .insertInto('limits')
      .values({
        key: of(({ key }) => key),
        count: of(({ uses }) => uses),
        started_at: of(({ now }) => now),
        expires_at: of(({ expiresAt }) => expiresAt),
      })
      .onConflict((conflict) =>
        conflict.column('key').doUpdateSet((row) => ({ count: row('limits.count', '+', row.ref('excluded.count')) })),
      )
      .returning('count'),
  );
  return {
    async add(key, uses, now, expiresAt) {
      const { rows } = await kysely.executeQuery(add({ key, uses, now, expiresAt }));
      return rows[0]?.count ?? uses;
    },
  };
}
