import type { Item } from './supply.ts';

/**
 * For endpoints that want the events of a verification or message one after the other: one of them is under way at a
 * time. When it fails, the others wait for its retry, as rows.
 */
export interface Lanes {
  /** False: another of its object is under way; it follows. */
  enter(item: Item): boolean;
  /** Those that followed it: they enter again, or wait for its retry. */
  leave(item: Item, delivered: boolean): readonly Item[];
  /** An older one of its object waits for its retry. */
  isBlocked(item: Item): boolean;
  block(object: string): void;
}

export function createLanes(): Lanes {
  /** Of each object that is under way: those that follow. */
  const busy = new Map<string, Item[]>();
  // What is blocked stays so for as long as the process has the endpoint: later ones go by way of their rows.
  const blocked = new Set<string>();

  return {
    enter(item) {
      const object = item.delivery.object_id;
      if (object === null) return true;
      const following = busy.get(object);
      if (following) following.push(item);
      else busy.set(object, []);
      return !following;
    },
    leave({ delivery: { object_id: object } }, delivered) {
      if (object === null) return [];
      const following = busy.get(object) ?? [];
      busy.delete(object);
      if (!delivered) blocked.add(object);
      return following;
    },
    isBlocked: ({ delivery, isRetry }) => !isRetry && delivery.object_id !== null && blocked.has(delivery.object_id),
    block: (object) => void blocked.add(object),
  };
}
