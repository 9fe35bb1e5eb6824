import { join } from 'node:path';
import pg from 'pg';
import { migrate } from '../src/db/migrate.ts';
import { type Database, openDatabase } from '../src/db/open.ts';
import { newFolder } from '../test/rig/run-folder.ts';
import type { Stores } from './stores.ts';

export type Dialect = 'sqlite' | 'postgres';

export interface EventsContext {
  runFolder: string;
  stores: Stores;
  options: EventsOptions;
}

export interface EventsOptions {
  /** Shows that it works, not how fast. */
  quick: boolean;
  /** Rows of a log that is measured whole. */
  rows: number;
  rounds: number;
}

let made = 0;

/** The URL of an empty database of its own. */
export async function newDatabase({ runFolder, stores }: EventsContext, dialect: Dialect): Promise<string> {
  if (dialect === 'sqlite') return `sqlite:${join(newFolder(runFolder, 'events'), 'countersign.db')}`;
  made += 1;
  const name = `events_${made}`;
  const client = new pg.Client(stores.databaseUrl);
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const own = new URL(stores.databaseUrl);
  own.pathname = name;
  return own.href;
}

export async function openNewDatabase(context: EventsContext, dialect: Dialect): Promise<Database> {
  const db = await openDatabase(await newDatabase(context, dialect));
  await migrate(db, Date.now());
  return db;
}
