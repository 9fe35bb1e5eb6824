import type { Provider, Purpose } from './provider.ts';

/**
 * How many calls of one provider run at once. What waited for a connection until its deadline could not be told from
 * what the carrier swallowed, so nothing is handed over that would have to wait for one. Codes go first, and some slots
 * are theirs alone: a bulk send to a slow carrier leaves them free.
 */
export interface ProviderSlots {
  /** Resolves with the function that frees the slot; null when none became free in time. */
  enter(provider: Taker, purpose: Purpose, waitMs: number): Promise<(() => void) | null>;
}

type Taker = Pick<Provider, 'name' | 'atOnce'>;

const SLOTS = 64;
const SHARE_FOR_CODES = 1 / 4;

interface Entrance {
  slots: number;
  forCodes: number;
  taken: number;
  codes: (() => void)[];
  others: (() => void)[];
}

export function createProviderSlots(): ProviderSlots {
  const entrances = new Map<string, Entrance>();

  function entranceOf({ name, atOnce: slots = SLOTS }: Taker): Entrance {
    const known = entrances.get(name);
    if (known) return known;
    const made = { slots, forCodes: Math.floor(slots * SHARE_FOR_CODES), taken: 0, codes: [], others: [] };
    entrances.set(name, made);
    return made;
  }

  return {
    async enter(provider, purpose, waitMs) {
      const entrance = entranceOf(provider);
      if (hasRoom(entrance, purpose)) return take(entrance);
      if (waitMs <= 0) return null;
      const queue = purpose === 'code' ? entrance.codes : entrance.others;
      return new Promise((resolve) => {
        const letIn = () => {
          clearTimeout(timer);
          resolve(take(entrance));
        };
        const timer = setTimeout(() => {
          queue.splice(queue.indexOf(letIn), 1);
          resolve(null);
        }, waitMs);
        queue.push(letIn);
      });
    },
  };
}

function hasRoom({ slots, forCodes, taken }: Entrance, purpose: Purpose): boolean {
  return taken < (purpose === 'code' ? slots : slots - forCodes);
}

function take(entrance: Entrance): () => void {
  entrance.taken += 1;
  let held = true;
  return () => {
    if (!held) return;
    held = false;
    entrance.taken -= 1;
    letNextIn(entrance);
  };
}

function letNextIn(entrance: Entrance): void {
  if (entrance.codes.length > 0) entrance.codes.shift()?.();
  else if (hasRoom(entrance, 'transactional')) entrance.others.shift()?.();
}
