import type { Kysely } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import { nodeHash } from '../log/merkle.ts';
import { createReadHashes, NODE_WIDTH } from '../log/tree-nodes.ts';
import { ndjsonHashes } from './ndjson.ts';

/** Lines for rows that are not shown: one hash for as many as can be, so that the whole tree can still be made. */
export interface HiddenRows {
  add(logIndex: number, hash: string): void;
  /** What was added since the last time. A checkpoint can be compared only where lines end. */
  flush(): string[];
}

interface Subtree {
  first: number;
  leaves: number;
  hash: Buffer;
}

export function createHiddenRows(): HiddenRows {
  let stretch: Subtree[] = [];
  return {
    add(logIndex, hash) {
      let subtree: Subtree = { first: logIndex, leaves: 1, hash: Buffer.from(hash, 'base64url') };
      for (let left = stretch.at(-1); left && areSiblings(left, subtree); left = stretch.at(-1)) {
        subtree = { first: left.first, leaves: left.leaves * 2, hash: nodeHash(left.hash, subtree.hash) };
        stretch.pop();
      }
      stretch.push(subtree);
    },
    flush() {
      const lines = stretch.map(({ first, leaves, hash }) => ndjsonHashes(first, leaves, hash.toString('base64url')));
      stretch = [];
      return lines;
    },
  };
}

function areSiblings(left: Subtree, right: Subtree): boolean {
  const areNeighbours = left.first + left.leaves === right.first;
  return areNeighbours && left.leaves === right.leaves && left.first % (left.leaves * 2) === 0;
}

/** A log has fewer than 256^6 rows. */
const TOP_LEVEL = 5;

/** Lines for all rows before one, of which only the complete subtrees that the log keeps need to be read. */
export async function hiddenBefore(db: Kysely<Schema>, before: number): Promise<string[]> {
  const read = createReadHashes({ kysely: db }, async (query) => (await db.executeQuery(query)).rows);
  const lines: string[] = [];
  let from = 0;
  for (let level = TOP_LEVEL; level >= 0; level -= 1) {
    const leaves = NODE_WIDTH ** level;
    const hashes = await read(level, from / leaves, Math.floor(before / leaves));
    for (const [index, hash] of hashes.entries()) {
      lines.push(ndjsonHashes(from + index * leaves, leaves, hash.toString('base64url')));
    }
    from += hashes.length * leaves;
  }
  return lines;
}
