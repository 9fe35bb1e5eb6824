import type { Transaction } from 'kysely';
import type { Mode } from '../lib/mode.ts';
import type { Database } from './open.ts';
import type { Schema } from './schema.ts';

/** What has been kept long enough, of one project and mode: that is how tables are indexed. */
export interface Overdue {
  /** Null: what belongs to none. */
  project: string | null;
  mode: Mode;
  /** ms, inclusive. */
  before: number;
}

export interface Old extends Overdue {
  /** At most so many rows, so that nobody waits long. */
  limit: number;
}

/** Destroys it, leaving out what somebody is at. Resolves with how many; fewer than `limit`: that was all. */
export type PurgeOld = (trx: Transaction<Schema>, dialect: Database['dialect'], old: Old) => Promise<number>;

/** What must be done first, in steps and transactions of its own, for as long as it takes. */
export type BeforePurge = (db: Database, overdue: Overdue, now: number) => AsyncIterable<void>;
