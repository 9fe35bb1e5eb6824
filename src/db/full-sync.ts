import { CompiledQuery, type Kysely } from 'kysely';
import type { Schema } from './schema.ts';

const FULL = CompiledQuery.raw('pragma synchronous = full');
const NORMAL = CompiledQuery.raw('pragma synchronous = normal');

/** SQLite: has the transactions of `work` wait for the disk. The level cannot be changed within one. */
export async function withFullSync<T>(lent: Kysely<Schema>, work: () => Promise<T>): Promise<T> {
  await lent.executeQuery(FULL);
  try {
    return await work();
  } finally {
    await lent.executeQuery(NORMAL);
  }
}
