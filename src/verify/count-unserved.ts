import { StoreUnavailable } from '../lib/errors.ts';
import { HashingUnavailable } from './code.ts';

/** Why nobody could serve a request: the hashing queue is full, or a store is away. */
export type Unserved = 'overloaded' | 'unavailable';

/** Requests that end with a 503 are requests too, and the ones an operator asks about. */
export async function countUnserved<T>(count: (result: Unserved) => void, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof HashingUnavailable) count('overloaded');
    if (error instanceof StoreUnavailable) count('unavailable');
    throw error;
  }
}
