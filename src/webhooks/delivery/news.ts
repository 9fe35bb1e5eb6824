import type { Candidate, Claims, News } from './claim-endpoints.ts';
import { wantsType } from './matches.ts';

/**
 * What this process has seen come into the log, until every endpoint that wants it has come past it: of several
 * processes one has the endpoint, and may end before it has.
 */
export interface NewsBoard {
  /** Takes up what was appended since; the first time, whatever waits. */
  readTo(size: number): Promise<void>;
  waiting(): readonly News[];
  /** Whether something waits for the endpoint. */
  concerns(candidate: Candidate): boolean;
  /** Of projects with none of these nothing waits any more. */
  keepOnly(candidates: readonly Candidate[]): void;
}

/** Cursors of endpoints that want none of what comes are moved on now and then: what they want must not be far from it. */
const FAR = 1_000;

export function createNews(claims: Claims): NewsBoard {
  const board = new Map<string, News>();
  let seen: number | null = null;

  function add({ project, mode, newest }: News): void {
    const key = `${mode} ${project}`;
    const known = board.get(key)?.newest ?? new Map<string, number>();
    for (const [type, index] of newest) known.set(type, index);
    board.set(key, { project, mode, newest: known });
  }

  return {
    async readTo(size) {
      if (seen === null) {
        for (const behind of await claims.behind(size)) add({ ...behind, newest: new Map([[ANY, size - 1]]) });
      } else if (size > seen) {
        for (const found of await claims.news(seen, size)) add(found);
      }
      seen = size;
    },
    waiting: () => [...board.values()],
    concerns({ project_id, mode, next, events }) {
      const newest = board.get(`${mode} ${project_id}`)?.newest ?? new Map<string, number>();
      const unread = [...newest].filter(([, index]) => index >= next);
      if (unread.some(([, index]) => index - next > FAR)) return true;
      const patterns: string[] = unread.length > 0 ? JSON.parse(events) : [];
      return unread.some(([type]) => type === ANY || wantsType(patterns, type));
    },
    keepOnly(candidates) {
      const kept = new Set(candidates.map(({ mode, project_id }) => `${mode} ${project_id}`));
      for (const key of board.keys()) if (!kept.has(key)) board.delete(key);
    },
  };
}

/** Not known of which type: what waited when the process began. */
const ANY = '*';
