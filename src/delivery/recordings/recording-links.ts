import type { Keyring } from '../../lib/keyring.ts';
import { open, seal } from '../../lib/seal.ts';

/** Where a recording can be fetched without a key, by whoever was told, for a while. */
export interface RecordingLinks {
  /** Path and all below `public_url`. */
  make(id: string, now: number): string;
  /** Whether `token`, the last part of the path, lets this one be fetched now. */
  isValid(id: string, token: string, now: number): boolean;
}

/** A carrier fetches it when the call gets there; no call is longer than this. */
const TTL_MS = 600_000;

export function createRecordingLinks(keyring: Keyring): RecordingLinks {
  const recordOf = (id: string) => `recording link/${id}`;
  return {
    // Carriers tell by the ending what it is.
    make: (id, now) => `/recordings/${id}/${seal(keyring, recordOf(id), String(now + TTL_MS))}.wav`,
    isValid(id, token, now) {
      const until = open(keyring, recordOf(id), token.replace(/\.wav$/, ''));
      return until !== null && now < Number(until);
    },
  };
}
