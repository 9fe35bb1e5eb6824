/** Reads a number, writes it back raised by one, many times; run by sqlite.test.ts in several processes at once. */
import { openDatabase } from '../../src/db/open.ts';
import { batchTransaction } from '../../src/db/transaction.ts';

const [file, times] = process.argv.slice(2);
const db = await openDatabase(`sqlite:${file}`);
const settings = db.kysely.selectFrom('settings').select('value').where('key', '=', 'count').compile();
const raise = () =>
  batchTransaction(db, {}, async (batch) => {
    const [[row]] = await batch.run(settings);
    const value = String(Number(row?.value) + 1);
    await batch.commit(db.kysely.updateTable('settings').set({ value }).where('key', '=', 'count').compile());
  });
for (let i = 0; i < Number(times); i += 4) await Promise.all([raise(), raise(), raise(), raise()]);
await db.close();
