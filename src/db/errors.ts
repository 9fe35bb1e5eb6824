import { StoreUnavailable } from '../lib/errors.ts';

/**
 * The one place where driver errors become StoreUnavailable. Decided by code, never by message.
 * SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
 * SQLite: https://www.sqlite.org/rescode.html
 */

/** Connection exception, insufficient resources, operator intervention (shutdown, time-out), system error. */
const UNAVAILABLE_CLASSES = new Set(['08', '53', '57', '58']);
const LOCK_TIMEOUT = '55P03';
/** Read-only server (fail-over under way), lock_timeout, login refused, database missing. */
const UNAVAILABLE_STATES = new Set(['25006', LOCK_TIMEOUT, '28000', '28P01', '3D000']);
/** serialization_failure, deadlock_detected: run again from the start. */
const RETRY_STATES = new Set(['40001', '40P01']);
const UNIQUE_VIOLATION = '23505';

/** BUSY, LOCKED, NOMEM, READONLY, IOERR, FULL, CANTOPEN, PROTOCOL. */
const UNAVAILABLE_RESULTS = new Set([5, 6, 7, 8, 10, 13, 14, 15]);
/** SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE. */
const UNIQUE_RESULTS = new Set([1555, 2067]);

export function fromPostgres(error: unknown): unknown {
  if (error instanceof StoreUnavailable) return error;
  const state = sqlState(error);
  if (state !== undefined) {
    const unavailable = UNAVAILABLE_CLASSES.has(state.slice(0, 2)) || UNAVAILABLE_STATES.has(state);
    return unavailable ? new StoreUnavailable('database', error) : error;
  }
  // Not the server's answer: a parameter the driver cannot encode, or else the connection.
  return error instanceof TypeError || error instanceof RangeError ? error : new StoreUnavailable('database', error);
}

export function fromSqlite(error: unknown): unknown {
  const result = sqliteResult(error);
  return result !== undefined && UNAVAILABLE_RESULTS.has(result & 0xff)
    ? new StoreUnavailable('database', error)
    : error;
}

export function isRetryable(error: unknown): boolean {
  return RETRY_STATES.has(sqlState(error) ?? '');
}

/** Somebody else had one of the rows for too long; the store itself is there. */
export function isLockTimeout(error: unknown): boolean {
  return error instanceof StoreUnavailable && sqlState(error.cause) === LOCK_TIMEOUT;
}

export function isUniqueViolation(error: unknown): boolean {
  return sqlState(error) === UNIQUE_VIOLATION || UNIQUE_RESULTS.has(sqliteResult(error) ?? 0);
}

/** Of an error the server sent: only those have a severity (system errors have a `code` too: EPIPE). */
function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('severity' in error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Extended result code; its low byte is the primary one. */
function sqliteResult(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : undefined;
}
