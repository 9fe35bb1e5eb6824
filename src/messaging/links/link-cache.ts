import type { Database } from '../../db/open.ts';
import { createBatcher } from '../../lib/batch.ts';

/** What a redirect needs. */
export interface Target {
  url: string;
  createdAt: number;
  expiresAt: number;
}

export interface LinkCache {
  /** From memory: null when it is not there. */
  peek(id: string): Target | null;
  /** From the database; links that are asked for at once are read at once. Null when there is none. */
  load(id: string): Promise<Target | null>;
  /** After an erasure or for a link that ended. */
  forget(ids: readonly string[]): void;
}

const SIZE = 20_000;
const BATCH = 100;

/** A link never changes, so what is remembered is right; the least used is forgotten. */
export function createLinkCache({ kysely }: Database): LinkCache {
  const known = new Map<string, Target>();
  const load = createBatcher(async (ids: string[]) => {
    const rows = await kysely
      .selectFrom('links')
      .select(['id', 'url', 'created_at', 'expires_at'])
      .where('id', 'in', [...new Set(ids)])
      .execute();
    const found = new Map(
      rows.map((row) => [row.id, { url: row.url, createdAt: row.created_at, expiresAt: row.expires_at }]),
    );
    return ids.map((id) => found.get(id) ?? null);
  }, BATCH);

  function remember(id: string, target: Target): Target {
    // A Map keeps the order of insertion.
    known.delete(id);
    known.set(id, target);
    if (known.size > SIZE) known.delete(known.keys().next().value as string);
    return target;
  }

  return {
    peek(id) {
      const target = known.get(id);
      return target ? remember(id, target) : null;
    },
    async load(id) {
      const target = await load(id);
      return target && remember(id, target);
    },
    forget(ids) {
      for (const id of ids) known.delete(id);
    },
  };
}
