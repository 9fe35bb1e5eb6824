import { readContent } from './content.ts';
import type { AttemptRow, MessageRow } from './load.ts';

type Try = Pick<AttemptRow, 'status' | 'reason'>;

/**
 * How long until a message is called again, ms; null: not again. Every call so far must have ended in a way that the
 * message is to be said again for; tries that were no calls do not count.
 */
export function callAgainMs(message: Pick<MessageRow, 'content'>, attempts: readonly Try[]): number | null {
  const retry = readContent(message.content).call?.retry;
  if (!retry) return null;
  const calls = attempts.filter(({ status }) => status !== 'failed');
  const isOver = calls.length === 0 || calls.length >= retry.attempts;
  return isOver || !calls.every((one) => mayCallAgain(message, one)) ? null : retry.wait_seconds * 1_000;
}

/** Its carrier may be asked again: nobody was reached by it, and that was not the carrier's doing. */
export function mayCallAgain({ content }: Pick<MessageRow, 'content'>, { status, reason }: Try): boolean {
  if (status !== 'rejected' && status !== 'undelivered') return false;
  const reasons: readonly string[] = readContent(content).call?.retry.on ?? [];
  return reason !== null && reasons.includes(reason);
}
