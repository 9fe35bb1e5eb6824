import { sql } from 'kysely';
import { expect, it, vi } from 'vitest';
import { batchTransaction } from '../../src/db/transaction.ts';
import { codeTraffic } from '../../src/lib/code-traffic.ts';
import { describeWith } from '../rig/stores.ts';
import { databasesOf, onEachDialect } from './on-each-dialect.ts';

await onEachDialect('a database for bulk work', ({ open }) => {
  it('asks for a gap between codes for each transaction and ends with it, also with one that fails; others ask nobody', async () => {
    const counts = { entered: 0, left: 0 };
    using _ = vi.spyOn(codeTraffic, 'enter').mockImplementation(async () => {
      counts.entered += 1;
      return () => {
        counts.left += 1;
      };
    });
    const db = await open();
    const select = sql`select 1`.compile(db.kysely);
    const wrong = sql`select nothing from nowhere`.compile(db.kysely);
    await batchTransaction(db, {}, (batch) => batch.commit(select));
    expect(counts).toEqual({ entered: 0, left: 0 });
    await batchTransaction(db.bulk, {}, (batch) => batch.commit(select));
    expect(counts).toEqual({ entered: 1, left: 1 });
    await expect(batchTransaction(db.bulk, {}, (batch) => batch.commit(wrong))).rejects.toThrow();
    expect(counts).toEqual({ entered: 2, left: 2 });
  });
});

await describeWith(['postgres'], 'connections for bulk work', () => {
  const { open } = databasesOf('postgres');

  it('are others than those of codes: neither waits for the other’s', async () => {
    const db = await open('empty', { poolSize: 2, connectTimeoutMs: 60_000 });
    await batchTransaction(db.bulk, {}, async (batch) => {
      await batch.run(sql`select 1`.compile(db.kysely));
      await batchTransaction(db, {}, async (inner) => {
        await inner.run(sql`select 1`.compile(db.kysely));
      });
    });
    const { rows } = await sql<{ count: number }>`
      select count(*) as count from pg_stat_activity where datname = current_database() and application_name = 'countersign'`.execute(
      db.kysely,
    );
    expect(rows).toEqual([{ count: 2 }]);
  });
});
