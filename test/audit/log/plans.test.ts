import { sql } from 'kysely';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { findOldestWaiting, selectWaiting } from '../../../src/audit/log/waiting-events.ts';
import { createSequenceWatch } from '../../../src/audit/log/watch-sequences.ts';
import type { Metrics } from '../../../src/http/metrics.ts';
import { fill, openWatched, type WatchedDatabase } from '../../db/watched-database.ts';
import { describeWith } from '../../rig/stores.ts';

const EVENTS = 20_000;
const WAITING = 100;
const TABLES = ['events', 'unsealed_events', 'audit_leaves'];
/** Of these all rows would be read, or those before the ones that are looked for. */
const OF_ALL =
  /(?:Merge Join|Hash (?:Left |Right )?Join|Seq Scan on (?:events|audit_leaves)|SCAN (?:e|events|leaf|l)\b)/;

async function fillAll(db: WatchedDatabase): Promise<void> {
  const own = { project_id: `'prj_one'`, mode: `'live'`, type: `'verification.created'`, created_at: 'i' };
  const of = { verification_id: `'ver' || i`, sequence: '1' };
  await fill(db, 'events', EVENTS, { id: `'evt' || i`, ...own, ...of, actor: `'a'`, data: `'{}'` });
  await fill(db, 'audit_leaves', EVENTS - WAITING, { log_index: 'i - 1', event_id: `'evt' || i`, ...own, hash: `'h'` });
  // What the planner knows is from before most of them were sealed.
  await sql`analyze`.execute(db.kysely);
  await db.kysely
    .deleteFrom('unsealed_events')
    .where('position', '<=', EVENTS - WAITING)
    .execute();
}

const sequences = (db: WatchedDatabase) =>
  createSequenceWatch({ db, metrics: { registry: new Registry() } as Metrics, log: { error: () => {} } });

type Work = (db: WatchedDatabase) => Promise<unknown>;
const CASES: [what: string, work: Work][] = [
  ['a portion to seal', (db) => db.kysely.executeQuery(selectWaiting(db, WAITING))],
  ['the oldest event that waits', (db) => findOldestWaiting(db)],
  ['those that follow others', (db) => sequences(db).look({ number: 1, size: 500 } as never)],
];

function suite(dialect: 'postgres' | 'sqlite'): void {
  let filled: Promise<WatchedDatabase> | undefined;
  async function open(): Promise<WatchedDatabase> {
    const db = await openWatched(dialect, TABLES);
    await fillAll(db);
    return db;
  }
  it.each(CASES)('finds %s without reading a long log', async (_what, work) => {
    filled ??= open();
    const db = await filled;
    const plans = (await db.plansOf(() => work(db))).join('\n\n');
    expect(plans).toMatch(/events_pkey|SEARCH (?:e|events) USING/);
    expect(plans).not.toMatch(OF_ALL);
  });
}

describe('plans over the log on SQLite', () => suite('sqlite'));
await describeWith(['postgres'], 'plans over the log on PostgreSQL', () => suite('postgres'));
