import { canonical } from './canonical.ts';
import type { Line } from './leaf.ts';
import { isSignedBy, type NoteKey, parseNotes } from './note.ts';
import { readRotation } from './rotation.ts';

/** Who may say what is missing from the log: at each of its rows, whoever signs the log there. */
export interface Signers {
  /** Takes up a change of keys; called in the order of rows. */
  follow(line: Line): void;
  /**
   * Of an event that says what is missing. `unknown`: it is signed by a key that was neither given nor named so far.
   * Without any keys nobody can tell, and nothing is proven anyway.
   */
  judge(line: Line): 'signed' | 'unknown' | 'forged';
}

export function createSigners(given: readonly NoteKey[]): Signers {
  const known = new Set(given.map(({ hash }) => hash));
  let signing = [...given];

  return {
    follow(line) {
      const rotation = readRotation(line);
      if (!rotation) return;
      const { next, replaced } = rotation;
      if (next && rotation.isSignedBy(signing)) {
        signing.push(next);
        known.add(next.hash);
      }
      signing = signing.filter(({ hash }) => hash !== replaced);
    },

    judge(line) {
      if (given.length === 0) return 'signed';
      const { log_index, leaf, ...event } = line;
      const { signature, ...data } = event.data as Record<string, unknown>;
      const [, origin] = /^— (\S+) \S+$/.exec(String(signature)) ?? [];
      const text = `${origin}\n${line.type}\n${canonical({ ...event, data })}\n`;
      const [note] = parseNotes(`${text}\n${signature}\n`).notes;
      if (origin === undefined || note?.text !== text) return 'forged';
      if (isSignedBy(note, signing)) return 'signed';
      return note.signatures.some(({ keyHash }) => known.has(keyHash)) ? 'forged' : 'unknown';
    },
  };
}
