import type { CompiledQuery } from 'kysely';
import type { Database } from '../../db/open.ts';
import { foldHashes } from './merkle.ts';

/**
 * The tree is kept as the roots of its complete subtrees of 256^level leaves: level 0 is the leaves themselves. Proofs
 * over any number of leaves follow from reading a few hundred of them, and they never change.
 */
export const NODE_WIDTH = 256;

export interface TreeNode {
  level: number;
  number: number;
  hash: Buffer;
}

/** Hashes of a level from one number on, before another. */
export type ReadHashes = (level: number, from: number, before: number) => Promise<Buffer[]>;

/** A way to run the statement that finds hashes: within a transaction or outside. */
export function createReadHashes(
  { kysely }: Pick<Database, 'kysely'>,
  run: (query: CompiledQuery<{ hash: string }>) => Promise<{ hash: string }[]>,
): ReadHashes {
  return async (level, from, before) => {
    if (from === before) return [];
    const query =
      level === 0
        ? kysely
            .selectFrom('audit_leaves')
            .select('hash')
            .where('log_index', '>=', from)
            .where('log_index', '<', before)
            .orderBy('log_index')
        : kysely
            .selectFrom('audit_nodes')
            .select('hash')
            .where('level', '=', level)
            .where('number', '>=', from)
            .where('number', '<', before)
            .orderBy('number');
    const rows = await run(query.compile());
    // Somebody has taken some away: nothing that rests on them may be signed.
    if (rows.length !== before - from)
      throw new Error(`hashes of level ${level} from ${from} to ${before} are missing`);
    return rows.map(({ hash }) => Buffer.from(hash, 'base64url'));
  };
}

/** The subtrees that these leaves complete when they follow the first `size`. */
export async function completedNodes(read: ReadHashes, size: number, leaves: readonly Buffer[]): Promise<TreeNode[]> {
  const nodes: TreeNode[] = [];
  let added = leaves;
  let from = size;
  for (let level = 0; added.length > 0; level += 1) {
    const open = from - (from % NODE_WIDTH);
    const complete = Math.floor((from + added.length) / NODE_WIDTH) - open / NODE_WIDTH;
    const row = complete > 0 ? [...(await read(level, open, from)), ...added] : [];
    added = Array.from({ length: complete }, (_, index) =>
      foldHashes(row.slice(index * NODE_WIDTH, (index + 1) * NODE_WIDTH)),
    );
    from = open / NODE_WIDTH;
    for (const [index, hash] of added.entries()) nodes.push({ level: level + 1, number: from + index, hash });
  }
  return nodes;
}
