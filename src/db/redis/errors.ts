import { StoreUnavailable } from '../../lib/errors.ts';

/**
 * The one place where Redis errors become StoreUnavailable. An error that the server answered with (`ReplyError`)
 * is told by its first word, which is the error's code (https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors).
 */
const REFUSALS = ['NOAUTH', 'NOPERM', 'WRONGPASS'];
const UNAVAILABLE = new Set([
  ...REFUSALS,
  'ASK',
  'BUSY',
  'CLUSTERDOWN',
  'LOADING',
  'MASTERDOWN',
  'MISCONF',
  'MOVED',
  'NOREPLICAS',
  'OOM',
  'READONLY',
  'TRYAGAIN',
  'UNBLOCKED',
]);

export function fromRedis(error: unknown): unknown {
  if (error instanceof StoreUnavailable) return error;
  // ioredis attaches what was sent: numbers, hashes, passwords. Errors get logged.
  if (error instanceof Error && 'command' in error) delete error.command;
  const code = replyCode(error);
  if (code !== undefined) return UNAVAILABLE.has(code) ? new StoreUnavailable('redis', error) : error;
  // Not the server's answer: a bug of ours, or else the connection (closed, timed out, not ready).
  return error instanceof TypeError || error instanceof RangeError ? error : new StoreUnavailable('redis', error);
}

/** Undefined when the error did not come from the server. */
export function replyCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return undefined;
  return error.message.split(' ', 1)[0];
}

/** Redis does not let us in. */
export function isRefusal(error: unknown): boolean {
  const code = replyCode(error instanceof StoreUnavailable ? error.cause : error);
  return code !== undefined && REFUSALS.includes(code);
}
