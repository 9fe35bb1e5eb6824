import type { Provider } from './provider.ts';
import { SLOTS } from './provider-slots.ts';

/**
 * Which messages of many may go to their providers at once. A place is had before a message counts as handed over, so
 * that a crash leaves few in doubt that never left; all of them together are at most half of what a provider takes at
 * once, so that a code finds room and has little before it.
 */
export interface BulkPlaces {
  /**
   * Places for the first of these providers' messages, as far as there are any; waits until that is worth a round.
   * Answers with functions that free them; with none when it took too long, or lines are busy with calls.
   */
  take(providers: readonly string[], waitMs: number): Promise<(() => void)[]>;
  /**
   * For the try of a single message. Null: none is free, and it comes back later. Where calls keep no lines it needs
   * none: the provider's slots leave room for codes.
   */
  takeLine(provider: string): (() => void) | null;
}

const SHARE = 1 / 2;
/** Of a provider's places: fewer are not worth a round, unless more are not wanted. */
const ROUND = 1 / 8;

const shareOf = (number: number) => Math.max(1, Math.floor(number * SHARE));

type FindProvider = (name: string) => Pick<Provider, 'atOnce' | 'lines'> | null;

export function createBulkPlaces(find: FindProvider): BulkPlaces {
  const taken = new Map<string, number>();
  const waiting = new Set<() => boolean>();

  /** Lines that are busy are so for all: who calls with a code comes first. */
  function limitOf(name: string): number {
    const { atOnce = SLOTS, lines } = find(name) ?? {};
    const found = lines?.();
    if (!found) return shareOf(atOnce);
    return Math.min(shareOf(atOnce), shareOf(found.together), shareOf(found.all) - found.busy);
  }

  /** How many of them, from the first on, have room. */
  function countFitting(providers: readonly string[]): number {
    const asked = new Map<string, number>();
    for (const [index, name] of providers.entries()) {
      const more = (asked.get(name) ?? 0) + 1;
      if ((taken.get(name) ?? 0) + more > limitOf(name)) return index;
      asked.set(name, more);
    }
    return providers.length;
  }

  function tryTake(providers: readonly string[]): (() => void)[] | null {
    const fitting = countFitting(providers);
    const next = providers[fitting];
    if (next !== undefined && fitting < Math.min(providers.length, Math.ceil(limitOf(next) * ROUND))) return null;
    return providers.slice(0, fitting).map(takeOne);
  }

  function takeOne(name: string): () => void {
    taken.set(name, (taken.get(name) ?? 0) + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      taken.set(name, (taken.get(name) ?? 0) - 1);
      for (const letIn of waiting) if (letIn()) waiting.delete(letIn);
    };
  }

  return {
    async take(providers, waitMs) {
      const found = tryTake(providers);
      if (found) return found;
      return new Promise((resolve) => {
        const letIn = () => {
          const places = tryTake(providers);
          if (!places) return false;
          clearTimeout(timer);
          resolve(places);
          return true;
        };
        const timer = setTimeout(() => {
          waiting.delete(letIn);
          resolve([]);
        }, waitMs);
        waiting.add(letIn);
      });
    },

    takeLine(provider) {
      if (!find(provider)?.lines) return () => {};
      return countFitting([provider]) === 1 ? takeOne(provider) : null;
    },
  };
}
