import { type Checkpoint, compareCheckpoints, countMissing, readCheckpoints } from './checkpoints.ts';
import type { Line } from './leaf.ts';
import { isSignedBy, type NoteKey } from './note.ts';
import type { Finding } from './report.ts';
import { type Rotation, readRotation } from './rotation.ts';
import type { Tree } from './tree.ts';

/** What was kept outside: says of the rows so far whether they are the ones it saw. */
export interface Witness {
  /** One past the last row that a checkpoint vouches for. */
  readonly proven: number;
  readonly agree: number;
  readonly unchecked: number;
  readonly read: number;
  /** Numbers between those that are signed. */
  readonly missing: number;
  /** Compares the tree with the checkpoints of up to its size. Null: no tree can be made any more. */
  compare(size: number, tree: Tree | null): void;
  /** An event whose leaf is right: a key may hand over to another one in it. */
  readEvent(index: number, line: Line): void;
  /** When all rows have been read. */
  finish(size: number): void;
}

interface Announcement {
  index: number;
  rotation: Rotation;
  key: NoteKey;
}

export function createWitness(
  texts: readonly string[],
  given: readonly NoteKey[],
  report: (finding: Finding) => void,
): Witness {
  const { list, broken } = readCheckpoints(texts);
  const keys = [...given];
  const announced: Announcement[] = [];
  const signed: Checkpoint[] = [];
  let reached = 0;
  let proven = 0;
  let agree = 0;
  let unchecked = 0;
  let hasDisagreed = false;
  if (broken > 0) report({ kind: 'checkpoint', message: `${broken} paragraphs are no checkpoints` });

  function isSigned(checkpoint: Checkpoint): boolean {
    const trusted = isSignedBy(checkpoint.note, keys);
    if (trusted) signed.push(checkpoint);
    else {
      const message = `no given key has signed the checkpoint of size ${checkpoint.size}, or it is not what was signed`;
      report({ kind: 'checkpoint', message });
    }
    return trusted;
  }

  function judge(checkpoint: Checkpoint, size: number, tree: Tree | null): void {
    if (!isSigned(checkpoint)) return;
    if (!tree || checkpoint.size < size) unchecked += 1;
    else if (tree.root().equals(checkpoint.root)) {
      agree += 1;
      proven = size;
      for (let next = announced[0]; next && next.index < size; next = announced[0]) {
        announced.shift();
        adopt(next);
      }
    } else if (!hasDisagreed) {
      // All later ones disagree for the same reason.
      hasDisagreed = true;
      const message = `the rows do not make the root of the checkpoint of size ${size}`;
      report({ kind: 'root', from: proven, to: Math.max(proven, size - 1), message });
    }
  }

  /** The event is in the log; but anybody who writes to the database can have put it there. */
  function adopt({ index, rotation, key }: Announcement): void {
    if (rotation.isSignedBy(keys)) keys.push(key);
    else report({ kind: 'checkpoint', message: `row ${index} names a next key, but no trusted key has signed it` });
  }

  return {
    get proven() {
      return proven;
    },
    get agree() {
      return agree;
    },
    get unchecked() {
      return unchecked;
    },
    read: list.length,
    get missing() {
      return countMissing(signed);
    },

    compare(size, tree) {
      for (let next = list[reached]; next && next.size <= size; next = list[reached]) {
        reached += 1;
        judge(next, size, tree);
      }
    },

    readEvent(index, line) {
      const rotation = readRotation(line);
      if (rotation?.next) announced.push({ index, rotation, key: rotation.next });
    },

    finish(size) {
      const beyond = list.slice(reached).filter(isSigned).at(-1);
      if (beyond) {
        const message = `the export ends here, but a checkpoint is of size ${beyond.size}`;
        report({ kind: 'truncated', from: size, to: size, message });
      }
      for (const finding of compareCheckpoints(signed)) report(finding);
    },
  };
}
