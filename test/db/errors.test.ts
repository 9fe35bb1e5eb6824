import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fromPostgres, fromSqlite, isRetryable, isUniqueViolation } from '../../src/db/errors.ts';
import { StoreUnavailable } from '../../src/lib/errors.ts';
import { privateFolder } from '../rig/stores.ts';

function answer(code: string): Error {
  return Object.assign(new pg.DatabaseError('message', 1, 'error'), { severity: 'ERROR', code });
}

describe('an error of PostgreSQL', () => {
  it.each([
    ['admin_shutdown', '57P01'],
    ['crash_shutdown', '57P02'],
    ['cannot_connect_now', '57P03'],
    ['query_canceled (statement_timeout)', '57014'],
    ['lock_not_available (lock_timeout)', '55P03'],
    ['connection_failure', '08006'],
    ['too_many_connections', '53300'],
    ['disk_full', '53100'],
    ['read_only_sql_transaction', '25006'],
  ])('that says the server cannot work, %s, means unavailable', (_, code) => {
    const error = answer(code);
    expect(fromPostgres(error)).toBeInstanceOf(StoreUnavailable);
    expect(fromPostgres(error)).toMatchObject({ store: 'database', cause: error });
  });

  it.each(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'])('of the connection, %s, means unavailable', (code) => {
    expect(fromPostgres(Object.assign(new Error('x'), { code }))).toBeInstanceOf(StoreUnavailable);
  });

  it('without any code comes from a lost connection and means unavailable', () => {
    expect(fromPostgres(new Error('Connection terminated unexpectedly'))).toBeInstanceOf(StoreUnavailable);
  });

  it.each(['23505', '42P01', '22P02', '25P02', '40001', '40P01'])(
    'about the statement, %s, stays what it is',
    (code) => {
      const error = answer(code);
      expect(fromPostgres(error)).toBe(error);
    },
  );

  it('of our own stays what it is', () => {
    const error = new TypeError('Do not know how to serialize a BigInt');
    expect(fromPostgres(error)).toBe(error);
  });

  it('is told apart: run again, there already', () => {
    expect(['40001', '40P01', '23505'].map((code) => isRetryable(answer(code)))).toEqual([true, true, false]);
    expect(['40001', '23505'].map((code) => isUniqueViolation(answer(code)))).toEqual([false, true]);
  });
});

describe('an error of SQLite', () => {
  function errorOf(run: () => unknown): unknown {
    try {
      run();
    } catch (error) {
      return fromSqlite(error);
    }
    throw new Error('it worked');
  }

  it('that another process holds the lock means unavailable', () => {
    const file = join(privateFolder('errors'), 'a.db');
    const [one, two] = [new DatabaseSync(file), new DatabaseSync(file, { timeout: 0 })];
    onTestFinished(() =>
      [one, two].forEach((db) => {
        db.close();
      }),
    );
    one.exec('begin immediate');
    expect(errorOf(() => two.exec('begin immediate'))).toBeInstanceOf(StoreUnavailable);
  });

  it('that the file cannot be opened means unavailable', () => {
    expect(errorOf(() => new DatabaseSync('/nowhere/a.db'))).toBeInstanceOf(StoreUnavailable);
  });

  it('about the statement stays what it is, and says when a row is there already', () => {
    const db = new DatabaseSync(':memory:');
    onTestFinished(() => db.close());
    db.exec('create table t (a text primary key, b text unique, c text not null)');
    db.exec("insert into t values ('a', 'b', 'c')");
    const primary = errorOf(() => db.exec("insert into t values ('a', 'x', 'c')"));
    const unique = errorOf(() => db.exec("insert into t values ('x', 'b', 'c')"));
    const missing = errorOf(() => db.exec("insert into t values ('y', 'y', null)"));
    expect([primary, unique, missing].some((error) => error instanceof StoreUnavailable)).toBe(false);
    expect([primary, unique, missing].map(isUniqueViolation)).toEqual([true, true, false]);
  });
});
