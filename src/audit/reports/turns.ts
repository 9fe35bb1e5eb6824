import { Problem } from '../../lib/errors.ts';

/** Runs one piece of work after the other; throws the 503 when too many wait already. */
export function createTurns(maxWaiting: number) {
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  return async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (waiting > maxWaiting) throw new Problem('overloaded', { detail: 'Other reports run.', retryAfterSeconds: 5 });
    waiting += 1;
    const mine = last.then(work);
    last = mine
      .catch(() => {})
      .finally(() => {
        waiting -= 1;
      });
    return mine;
  };
}
