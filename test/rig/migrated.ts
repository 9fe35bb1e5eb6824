import { migrate } from '../../src/db/migrate.ts';
import { openDatabase } from '../../src/db/open.ts';

/** Brings a new database up to the current schema. */
export async function migrateDatabase(url: string): Promise<void> {
  const db = await openDatabase(url);
  try {
    await migrate(db, Date.now());
  } finally {
    await db.close();
  }
}
