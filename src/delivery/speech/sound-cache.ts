import { createHash } from 'node:crypto';

/** Sounds that were made, in memory only: what is said of a payment is nothing to leave on a disk. */
export interface SoundCache {
  /** Made once, also when asked for several times meanwhile; a failure is not kept. */
  get(key: readonly string[], make: () => Promise<Int16Array | null>): Promise<Int16Array | null>;
}

/** The least recently used go first. */
export function createSoundCache(maxBytes: number): SoundCache {
  const kept = new Map<string, Int16Array>();
  const making = new Map<string, Promise<Int16Array | null>>();
  let bytes = 0;

  function keep(name: string, sound: Int16Array): void {
    kept.set(name, sound);
    bytes += sound.byteLength;
    for (const [oldest, { byteLength }] of kept) {
      if (bytes <= maxBytes) return;
      kept.delete(oldest);
      bytes -= byteLength;
    }
  }

  return {
    get(key, make) {
      const name = createHash('sha256').update(JSON.stringify(key)).digest('base64');
      const known = kept.get(name);
      if (known) {
        kept.delete(name);
        kept.set(name, known);
        return Promise.resolve(known);
      }
      const running = making.get(name);
      if (running) return running;
      const made = make()
        .then((sound) => {
          if (sound) keep(name, sound);
          return sound;
        })
        .finally(() => making.delete(name));
      making.set(name, made);
      return made;
    },
  };
}
