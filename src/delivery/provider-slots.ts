import type { Purpose } from './provider.ts';

/**
 * How many calls of one provider run at once. What waited for a connection until its deadline could not be told from
 * what the carrier swallowed, so nothing is handed over that would have to wait for one. Codes go first, and some slots
 * are theirs alone: a bulk send to a slow carrier leaves them free.
 */
export interface ProviderSlots {
  /** Resolves with the function that frees the slot; null when none became free in time. */
  enter(provider: string, purpose: Purpose, waitMs: number): Promise<(() => void) | null>;
}

const SLOTS = 64;
const FOR_CODES = 16;

interface Waiting {
  purpose: Purpose;
  take(): void;
}

export function createProviderSlots(slots = SLOTS, forCodes = FOR_CODES): ProviderSlots {
  const taken = new Map<string, number>();
  const queues = new Map<string, Waiting[]>();

  const hasRoom = (provider: string, purpose: Purpose) =>
    (taken.get(provider) ?? 0) < (purpose === 'code' ? slots : slots - forCodes);

  function take(provider: string): () => void {
    taken.set(provider, (taken.get(provider) ?? 0) + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      taken.set(provider, (taken.get(provider) ?? 1) - 1);
      letNextIn(provider);
    };
  }

  function letNextIn(provider: string): void {
    const queue = queues.get(provider);
    if (!queue) return;
    const code = queue.findIndex(({ purpose }) => purpose === 'code');
    const at = code >= 0 ? code : 0;
    const next = queue[at];
    if (!next || !hasRoom(provider, next.purpose)) return;
    queue.splice(at, 1);
    next.take();
  }

  return {
    async enter(provider, purpose, waitMs) {
      if (hasRoom(provider, purpose)) return take(provider);
      if (waitMs <= 0) return null;
      const queue = queues.get(provider) ?? [];
      queues.set(provider, queue);
      return new Promise((resolve) => {
        const waiting: Waiting = {
          purpose,
          take() {
            clearTimeout(timer);
            resolve(take(provider));
          },
        };
        const timer = setTimeout(() => {
          queue.splice(queue.indexOf(waiting), 1);
          resolve(null);
        }, waitMs);
        queue.push(waiting);
      });
    },
  };
}
