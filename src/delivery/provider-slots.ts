import type { Provider, Purpose } from './provider.ts';

/**
 * How many calls of one provider run at once. What waited for a connection until its deadline could not be told from
 * what the carrier swallowed, so nothing is handed over that would have to wait for one. Codes go first, and some slots
 * are theirs alone: a bulk send to a slow carrier leaves them free. Of those who wait, the project goes first that has
 * the fewest.
 */
export interface ProviderSlots {
  /** Resolves with the function that frees the slot; null when none became free in time. */
  enter(provider: Taker, guest: Guest, waitMs: number): Promise<(() => void) | null>;
}

type Taker = Pick<Provider, 'name' | 'atOnce'>;

interface Guest {
  project: string;
  purpose: Purpose;
}

/** Of a provider that does not say. */
export const SLOTS = 64;
const SHARE_FOR_CODES = 1 / 4;

interface Waiting {
  project: string;
  letIn(): void;
}

interface Entrance {
  slots: number;
  forCodes: number;
  taken: number;
  byProject: Map<string, number>;
  codes: Waiting[];
  others: Waiting[];
}

export function createProviderSlots(): ProviderSlots {
  const entrances = new Map<string, Entrance>();

  function entranceOf({ name, atOnce: slots = SLOTS }: Taker): Entrance {
    const known = entrances.get(name);
    if (known) return known;
    const forCodes = Math.floor(slots * SHARE_FOR_CODES);
    const made = { slots, forCodes, taken: 0, byProject: new Map(), codes: [], others: [] };
    entrances.set(name, made);
    return made;
  }

  return {
    async enter(provider, { project, purpose }, waitMs) {
      const entrance = entranceOf(provider);
      if (hasRoom(entrance, purpose)) return take(entrance, project);
      if (waitMs <= 0) return null;
      const queue = purpose === 'code' ? entrance.codes : entrance.others;
      return new Promise((resolve) => {
        const waiting: Waiting = {
          project,
          letIn() {
            clearTimeout(timer);
            resolve(take(entrance, project));
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

function hasRoom({ slots, forCodes, taken }: Entrance, purpose: Purpose): boolean {
  return taken < (purpose === 'code' ? slots : slots - forCodes);
}

function take(entrance: Entrance, project: string): () => void {
  count(entrance, project, 1);
  let held = true;
  return () => {
    if (!held) return;
    held = false;
    count(entrance, project, -1);
    letNextIn(entrance);
  };
}

function count(entrance: Entrance, project: string, more: number): void {
  const { byProject } = entrance;
  entrance.taken += more;
  const held = (byProject.get(project) ?? 0) + more;
  if (held > 0) byProject.set(project, held);
  else byProject.delete(project);
}

function letNextIn(entrance: Entrance): void {
  if (entrance.codes.length > 0) takeNext(entrance, entrance.codes)?.letIn();
  else if (hasRoom(entrance, 'transactional')) takeNext(entrance, entrance.others)?.letIn();
}

/** Of projects that have as many, who has waited longest. */
function takeNext({ byProject }: Entrance, queue: Waiting[]): Waiting | undefined {
  const heldBy = ({ project }: Waiting) => byProject.get(project) ?? 0;
  const fewest = Math.min(...queue.map(heldBy));
  const [next] = queue.splice(
    queue.findIndex((waiting) => heldBy(waiting) === fewest),
    1,
  );
  return next;
}
