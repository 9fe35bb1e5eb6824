import type { Keyring } from '../../lib/keyring.ts';
import { open, seal } from '../../lib/seal.ts';

/** Names of recordings that say to whoever has them that they may be fetched, for a while. */
export interface RecordingLinks {
  /** Safe in a URL. */
  make(id: string, now: number): string;
  /** Null when it is over or not ours. */
  read(link: string, now: number): string | null;
}

/** A carrier fetches it when the call gets there; no call is longer than this. */
const TTL_MS = 600_000;
const RECORD = 'recording link';

export function createRecordingLinks(keyring: Keyring): RecordingLinks {
  return {
    make: (id, now) => seal(keyring, RECORD, `${now + TTL_MS}/${id}`),
    read(link, now) {
      const [until = '', id = ''] = (open(keyring, RECORD, link) ?? '').split('/');
      return now < Number(until) ? id : null;
    },
  };
}
