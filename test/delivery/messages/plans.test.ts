import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { purgeExpired } from '../../../src/db/purge.ts';
import { createReceiver } from '../../../src/delivery/messages/receive.ts';
import { countParkedReceipts } from '../../../src/delivery/messages/watch.ts';
import { createQueue } from '../../../src/jobs/queue.ts';
import { fill, openWatched, type WatchedDatabase } from '../../db/watched-database.ts';
import { describeWith } from '../../rig/stores.ts';

const RECEIPTS = 10_000;

/** All have found their message, and Postgres has looked when none was parked or due. */
async function fillAll(db: WatchedDatabase): Promise<void> {
  const came = { provider: `'main'`, provider_id: `'c' || i`, reference: `'msg' || i || '-1'`, status: `'delivered'` };
  const found = { message_id: `'msg' || i`, attempt: '1', received_at: 'i' };
  await fill(db, 'receipts', RECEIPTS, { key: `'key' || i`, ...came, ...found });
  if (db.dialect === 'postgres') await sql`analyze receipts`.execute(db.kysely);
}

function receiverOf(db: WatchedDatabase) {
  const unused = {} as never;
  return createReceiver({
    ...{ db: { ...db, bulk: db }, queue: createQueue(db, 'messages', [1]), choice: unused, routing: unused },
    ...{ now: () => 1, onCode: () => {}, keepOptOuts: unused, background: () => {}, onError: () => {} },
    ...{ metrics: { reported: () => {} }, reportsOnce: () => false },
  });
}

const ended = (db: WatchedDatabase) =>
  receiverOf(db).attemptsEnded([{ provider: 'main', partIds: ['c7', 'c8'], reference: 'msg7-1' }]);

type Found = { postgres: string; sqlite: string };
const CASES: [what: string, work: (db: WatchedDatabase) => Promise<unknown>, found: Found][] = [
  ...['receipts_parked_by_id', 'receipts_parked_by_reference'].map((index): (typeof CASES)[number] => [
    `parked receipts by ${index}`,
    ended,
    { postgres: index, sqlite: `USING INDEX ${index}` },
  ]),
  [
    'those that have been parked too long',
    (db) => purgeExpired(db, Date.UTC(2027, 0)),
    { postgres: 'using receipts_parked on', sqlite: 'receipts_parked ' },
  ],
  [
    'how many are parked',
    (db) => countParkedReceipts(db),
    { postgres: 'using receipts_parked on', sqlite: 'receipts_parked ' },
  ],
];

function suite(dialect: 'postgres' | 'sqlite'): void {
  let filled: Promise<WatchedDatabase> | undefined;
  async function open(): Promise<WatchedDatabase> {
    const db = await openWatched(dialect, ['receipts']);
    await fillAll(db);
    return db;
  }
  it.each(CASES)('finds %s', async (_what, work, found) => {
    filled ??= open();
    const db = await filled;
    const plans = (await db.plansOf(() => work(db))).join('\n\n');
    expect(plans).toContain(found[dialect]);
    expect(plans).not.toMatch(/(?:Seq Scan on receipts|SCAN (?:receipts|parked)$)/m);
  });
}

describe('plans over receipts on SQLite', () => suite('sqlite'));
await describeWith(['postgres'], 'plans over receipts on PostgreSQL', () => suite('postgres'));
