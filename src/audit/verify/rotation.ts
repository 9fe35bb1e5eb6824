import type { Line } from './leaf.ts';
import { isSignedBy, type NoteKey, parseNoteKey, parseNotes } from './note.ts';

/** What `audit_key.rotated` says: which key signs no more, and which follows it. */
export interface Rotation {
  /** Key hash of the one before. */
  replaced: unknown;
  /** Null: it names none that could be trusted for that, as the one before is in wrong hands. */
  next: NoteKey | null;
  /** Whether one of these keys has signed that the next one follows. */
  isSignedBy(keys: readonly NoteKey[]): boolean;
}

/** Null for other events. */
export function readRotation({ type, data }: Line): Rotation | null {
  if (type !== 'audit_key.rotated') return null;
  const { verifier, replaced, compromised, handover } = data as Record<string, unknown>;
  const next = typeof verifier === 'string' && compromised === false ? parseNoteKey(verifier) : null;
  const [note] = typeof handover === 'string' ? parseNotes(handover).notes : [];
  return {
    replaced,
    next,
    isSignedBy(keys) {
      const [origin] = note?.text.split('\n') ?? [];
      const isOfKey = note !== undefined && next !== null && note.text === `${origin}\nnext key ${next.verifier}\n`;
      return isOfKey && isSignedBy(note, keys);
    },
  };
}
