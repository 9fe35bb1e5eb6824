import { expect, it } from 'vitest';
import type { Database } from '../../src/db/open.ts';
import { purgeExpired } from '../../src/db/purge.ts';
import { batchTransaction } from '../../src/db/transaction.ts';
import { onEachDialect } from './on-each-dialect.ts';

const NOW = Date.UTC(2026, 0, 1);

await onEachDialect('the purge', ({ open }) => {
  async function fill({ kysely: db }: Database, name: string, expires_at: number): Promise<void> {
    const key = name;
    await db.insertInto('limits').values({ key, count: 1, started_at: 0, expires_at }).execute();
    await db.insertInto('known_devices').values({ key, expires_at }).execute();
    await db.insertInto('token_redemptions').values({ jti: key, expires_at }).execute();
    const request = { key, fingerprint: '', seed: '', response: null, leased_until: 0, expires_at };
    await db.insertInto('idempotency').values(request).execute();
  }

  it('removes what has expired from every table, and nothing else', async () => {
    const db = await open();
    await fill(db, 'old', NOW - 1);
    await fill(db, 'just', NOW);
    await fill(db, 'live', NOW + 1);
    await db.kysely
      .insertInto('budgets')
      .values({ key: 'b', failures: 1, started_at: 0, locked_until: 0, in_a_row: 1, updated_at: 0 })
      .execute();
    expect(await purgeExpired(db, NOW)).toBe(8);
    for (const table of ['limits', 'known_devices', 'idempotency'] as const) {
      expect(await db.kysely.selectFrom(table).select('key').execute()).toEqual([{ key: 'live' }]);
    }
    expect(await db.kysely.selectFrom('token_redemptions').select('jti').execute()).toEqual([{ jti: 'live' }]);
    expect(await db.kysely.selectFrom('budgets').select('key').execute()).toHaveLength(1);
    expect(await purgeExpired(db, NOW)).toBe(0);
  });

  it('keeps an acceptance for a day', async () => {
    const db = await open();
    const day = 86_400_000;
    const rows = [NOW - day, NOW - day + 1].map((at) => ({ challenge_id: `ver_${at}`, attempt: 'a', at }));
    await db.kysely.insertInto('acceptances').values(rows).execute();
    expect(await purgeExpired(db, NOW)).toBe(1);
    expect(await db.kysely.selectFrom('acceptances').select('at').execute()).toEqual([{ at: NOW - day + 1 }]);
  });

  it('keeps the hash of a withdrawn acceptance for a quarter of an hour', async () => {
    const db = await open();
    const quarter = 900_000;
    const rows = [NOW - quarter, NOW - quarter + 1].map((at) => ({
      ...{ challenge_id: `ver_${at}`, attempt: 'a', withdrawn: 'a', code_hash: 'hash', at },
    }));
    await db.kysely.insertInto('acceptances').values(rows).execute();
    await purgeExpired(db, NOW);
    const kept = await db.kysely.selectFrom('acceptances').select(['code_hash', 'withdrawn']).orderBy('at').execute();
    expect(kept).toEqual([
      { code_hash: null, withdrawn: 'a' },
      { code_hash: 'hash', withdrawn: 'a' },
    ]);
  });

  it('keeps a receipt without a message for a day, and one with a message for longer', async () => {
    const db = await open();
    const day = 86_400_000;
    const receipt = (key: string, received_at: number, message_id: string | null) => ({
      ...{ key, received_at, message_id, provider: 'p', provider_id: null, reference: null, attempt: null },
      ...{ status: 'sent', reason: null, carrier_code: null, details: null, at: null, due_at: null },
    });
    const rows = [receipt('old', NOW - day, null), receipt('new', NOW - day + 1, null), receipt('ours', 0, 'msg_a')];
    await db.kysely.insertInto('receipts').values(rows).execute();
    expect(await purgeExpired(db, NOW)).toBe(1);
    expect(await db.kysely.selectFrom('receipts').select('key').orderBy('key').execute()).toEqual([
      { key: 'new' },
      { key: 'ours' },
    ]);
  });

  it('goes on until all is gone, batch after batch', async () => {
    const db = await open();
    const rows = Array.from({ length: 1200 }, (_, i) => ({ key: `k${i}`, expires_at: i }));
    await db.kysely.insertInto('known_devices').values(rows).execute();
    expect(await purgeExpired(db, NOW)).toBe(1200);
  });

  it('leaves a row alone that is being used again', async () => {
    const db = await open();
    await fill(db, 'a', NOW);
    const renew = db.kysely
      .updateTable('limits')
      .set({ expires_at: NOW + 1 })
      .where('key', '=', 'a')
      .compile();
    let purged: Promise<number> | undefined;
    await batchTransaction(db, {}, async (batch) => {
      await batch.run(renew);
      purged = purgeExpired(db, NOW);
      // On SQLite the purge waits for us, on PostgreSQL it passes the row by.
      if (db.dialect === 'postgres') await purged;
      await batch.commit();
    });
    await purged;
    expect(await db.kysely.selectFrom('limits').select('expires_at').execute()).toEqual([{ expires_at: NOW + 1 }]);
  });
});
