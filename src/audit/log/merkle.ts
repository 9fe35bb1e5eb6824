import { hash } from 'node:crypto';

/** RFC 9162 §2.1.1 with SHA-256. */
export const EMPTY_ROOT = hash('sha256', '', 'buffer');

const LEAF = Buffer.of(0);
const NODE = Buffer.of(1);

export function leafHash(bytes: Buffer): Buffer {
  return hash('sha256', Buffer.concat([LEAF, bytes]), 'buffer');
}

export function nodeHash(left: Buffer, right: Buffer): Buffer {
  return hash('sha256', Buffer.concat([NODE, left, right]), 'buffer');
}

/** The root over these, whose number is a power of two. */
export function foldHashes(hashes: readonly Buffer[]): Buffer {
  let row = hashes;
  while (row.length > 1) {
    const above: Buffer[] = [];
    for (let i = 0; i < row.length; i += 2) above.push(nodeHash(row[i] as Buffer, row[i + 1] as Buffer));
    row = above;
  }
  return row[0] ?? EMPTY_ROOT;
}
