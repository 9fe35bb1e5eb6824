import { hash } from 'node:crypto';
import { parseNotes, type SignedNote } from './note.ts';
import type { Finding } from './report.ts';

/** C2SP tlog-checkpoint: what somebody outside has kept of the log. */
export interface Checkpoint {
  note: SignedNote;
  size: number;
  root: Buffer;
  /** What the next one names it by. */
  digest: string;
  /** From the extension lines `number N` and `previous <digest>`. */
  number: number | null;
  previous: string | null;
}

/** By size, each once; `broken` counts what is no checkpoint. */
export function readCheckpoints(texts: readonly string[]): { list: Checkpoint[]; broken: number } {
  const byNote = new Map<string, Checkpoint>();
  let broken = 0;
  for (const text of texts) {
    const parsed = parseNotes(text);
    broken += parsed.broken;
    for (const note of parsed.notes) {
      const checkpoint = parseCheckpoint(note);
      if (!checkpoint) broken += 1;
      // The same text may come with other signatures, while keys hand over.
      else byNote.set(note.text + note.signatures.map(({ keyHash }) => keyHash).join(), checkpoint);
    }
  }
  const list = [...byNote.values()].sort((a, b) => a.size - b.size || (a.number ?? 0) - (b.number ?? 0));
  return { list, broken };
}

function parseCheckpoint(note: SignedNote): Checkpoint | null {
  const [origin = '', size = '', root = '', ...extensions] = note.text.split('\n').slice(0, -1);
  if (origin === '' || !/^(0|[1-9]\d{0,14})$/.test(size) || !/^[A-Za-z0-9+/]{43}=$/.test(root)) return null;
  const extension = (name: string) => extensions.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1);
  const number = extension('number');
  return {
    note,
    size: Number(size),
    root: Buffer.from(root, 'base64'),
    digest: hash('sha256', note.text, 'base64'),
    number: number === undefined ? null : Number(number),
    previous: extension('previous') ?? null,
  };
}

/** Of those that are signed: they contradict each other, whatever the log says. */
export function compareCheckpoints(signed: readonly Checkpoint[]): Finding[] {
  const findings: Finding[] = [];
  const fork = ({ size }: Checkpoint, message: string) =>
    findings.push({ kind: 'fork', to: Math.max(0, size - 1), message });
  const bySize = new Map<number, Checkpoint>();
  const byNumber = new Map<number | null, Checkpoint>();
  for (const checkpoint of signed) {
    const { size, number, root, digest } = checkpoint;
    const twin = bySize.get(size);
    if (twin && !twin.root.equals(root)) fork(checkpoint, `two checkpoints of size ${size} have different roots`);
    const namesake = number === null ? undefined : byNumber.get(number);
    if (namesake && namesake.digest !== digest) fork(checkpoint, `there are two checkpoints ${number}`);
    bySize.set(size, checkpoint);
    byNumber.set(number, checkpoint);
  }
  // Each names the one before it, so that none can be taken out or put in later.
  for (const checkpoint of signed) {
    const { number, previous, size } = checkpoint;
    const before = number === null ? undefined : byNumber.get(number - 1);
    if (!before) continue;
    if (before.size > size) fork(checkpoint, `checkpoint ${number} is smaller than the one before it`);
    else if (previous !== before.digest) fork(checkpoint, `checkpoint ${number} does not follow the one before it`);
  }
  return findings;
}

/** Each follows the number before: how many are not there between the first and the last. */
export function countMissing(signed: readonly Checkpoint[]): number {
  const numbers = [...new Set(signed.flatMap(({ number }) => number ?? []))].sort((a, b) => a - b);
  const [first = 0, last = first - 1] = [numbers[0], numbers.at(-1)];
  return last - first + 1 - numbers.length;
}
