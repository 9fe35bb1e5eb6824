import { type FileHandle, open } from 'node:fs/promises';
import { type Static, Type } from 'typebox';
import { closed } from '../../http/schemas.ts';
import { AnchorConflict, type AnchorType } from './anchor.ts';

const schema = Type.Object(
  {
    path: Type.String({ minLength: 1, description: 'The file that notes are appended to, on another machine’s disk' }),
  },
  closed,
);

/** More than one batch of notes: what may be there twice is within it. */
const TAIL_BYTES = 256 * 1024;

/** Notes one after the other, a blank line between them. */
export const fileAnchor: AnchorType<Static<typeof schema>> = {
  schema,
  create({ path }) {
    return {
      batch: 100,
      async put(checkpoints) {
        const file = await open(path, 'a+', 0o644);
        try {
          const tail = await readTail(file);
          const last = Number([...tail.matchAll(/^number (\d+)$/gm)].at(-1)?.[1] ?? 0);
          const missing = checkpoints.filter(({ note }) => !tail.includes(note));
          const older = missing.find(({ number }) => number <= last);
          if (older) throw new AnchorConflict(older.number);
          // A line that was cut off when a process died stays apart from what follows.
          const gap = tail === '' || tail.endsWith('\n\n') ? '' : '\n\n';
          await file.appendFile(gap + missing.map(({ note }) => `${note}\n`).join(''));
          await file.sync();
        } finally {
          await file.close();
        }
      },
    };
  },
};

async function readTail(file: FileHandle): Promise<string> {
  const { size } = await file.stat();
  const length = Math.min(size, TAIL_BYTES);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
  return buffer.subarray(0, bytesRead).toString();
}
