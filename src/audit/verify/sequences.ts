import type { Line } from './leaf.ts';
import type { Finding } from './report.ts';

/**
 * Events of a verification are numbered without gaps, whatever the log says of them: one that was gone before it was
 * sealed has no leaf, but the next one tells.
 */
export interface Sequences {
  /** An event that is as it was sealed. Rows come in their order. */
  read(index: number, line: Line): void;
  /** A row whose event retention has deleted. */
  deleted(line: Line): void;
  /** A row that does not show its event for another reason: it may be any. */
  hidden(index: number): void;
  lost(): Finding[];
}

interface Seen {
  sequence: number;
  index: number;
}

/** Those of which something was read last; what comes of others is not judged by what is before it. */
const KEPT = 200_000;
/** Nothing happens to a verification for longer. */
const LIFE_MS = 31 * 86_400_000;

export function createSequences(): Sequences {
  const seen = new Map<string, Seen>();
  /** Of each project and mode: when the youngest event happened that retention has deleted. */
  const deletedUntil = new Map<string, number>();
  const holes = new Map<string, Finding>();
  let lastHidden = -1;
  let forgets = false;

  function mayBeDeleted(line: Line): boolean {
    const until = deletedUntil.get(placeOf(line));
    return until !== undefined && Date.parse(String(line.created_at)) - until < LIFE_MS;
  }

  return {
    read(index, line) {
      const { verification_id: id, sequence } = line;
      if (typeof id !== 'string' || typeof sequence !== 'number') return;
      holes.delete(`${id} ${sequence}`);
      const known = seen.get(id);
      const isJudged = known ? known.index > lastHidden : !forgets && lastHidden < 0;
      if (isJudged && !mayBeDeleted(line)) {
        for (let missing = (known?.sequence ?? 0) + 1; missing < sequence && holes.size < KEPT; missing += 1) {
          const message = `event ${missing} of ${id} is not in the log: it was gone before it was sealed`;
          holes.set(`${id} ${missing}`, { kind: 'lost', from: index, to: index, message });
        }
      }
      // What was read last stands last.
      seen.delete(id);
      seen.set(id, { sequence: Math.max(sequence, known?.sequence ?? 0), index });
      if (seen.size <= KEPT) return;
      const [oldest] = seen.keys();
      if (oldest !== undefined) seen.delete(oldest);
      forgets = true;
    },

    deleted(line) {
      if (!String(line.type).startsWith('verification.')) return;
      const at = Date.parse(String(line.created_at));
      deletedUntil.set(placeOf(line), Math.max(at, deletedUntil.get(placeOf(line)) ?? at));
    },

    hidden(index) {
      lastHidden = index;
    },

    lost: () => [...holes.values()],
  };
}

const placeOf = ({ project, mode }: Line) => `${project} ${mode}`;
