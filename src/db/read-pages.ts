import { type SelectQueryBuilder, sql } from 'kysely';
import type { Schema } from './schema.ts';

const PAGE = 200;

/** Page by page, the oldest first, and from `since` on: nobody waits for all, and nobody holds all in memory. */
export async function* readPages<T extends keyof Schema, Row extends { created_at: number; id: string }>(
  query: SelectQueryBuilder<Schema, T, Row>,
  since = 0,
): AsyncGenerator<Row[]> {
  let after = { created_at: since, id: '' };
  for (;;) {
    const rows = await query
      .where(sql<boolean>`(created_at, id) > (${after.created_at}, ${after.id})`)
      .orderBy(sql`created_at`)
      .orderBy(sql`id`)
      .limit(PAGE)
      .execute();
    if (rows.length > 0) yield rows;
    const last = rows.at(-1);
    if (!last || rows.length < PAGE) return;
    after = last;
  }
}
