import { newId } from '../../lib/ids.ts';

/**
 * SMPP does not name messages from phones, and delivers one again when our answer did not arrive. It is the same message
 * when the first one is not stored yet, or the bind it came over has died since; on a living bind the same text again
 * is somebody writing it twice.
 */
export interface InboundIds {
  take(digest: string, bind: Bound, now: number): string;
  stored(digest: string): void;
}

export interface Bound {
  isBound(): boolean;
}

const REMEMBERED_MS = 10 * 60_000;
const MAX_REMEMBERED = 10_000;

export function createInboundIds(): InboundIds {
  const known = new Map<string, { id: string; bind: Bound; isStored: boolean; at: number }>();
  return {
    take(digest, bind, now) {
      const entry = known.get(digest);
      const isAgain = entry && now - entry.at < REMEMBERED_MS && !(entry.isStored && entry.bind.isBound());
      const taken = isAgain ? { ...entry, bind } : { id: newId('msg'), bind, isStored: false, at: now };
      known.delete(digest);
      known.set(digest, taken);
      for (const oldest of known.keys()) {
        if (known.size <= MAX_REMEMBERED) break;
        known.delete(oldest);
      }
      return taken.id;
    },
    stored(digest) {
      const entry = known.get(digest);
      if (entry) entry.isStored = true;
    },
  };
}
