import { hash } from 'node:crypto';

/** The Merkle tree of RFC 9162 §2.1 as far as it has been read: at most one complete subtree of each height is held. */
export interface Tree {
  readonly size: number;
  /** Of 2^height leaves; false when it does not begin where one of that height can. */
  append(hash: Buffer, height?: number): boolean;
  root(): Buffer;
}

export function createTree(): Tree {
  const subtrees: (Buffer | undefined)[] = [];
  let size = 0;
  return {
    get size() {
      return size;
    },
    append(given, height = 0) {
      if (size % 2 ** height !== 0) return false;
      let subtree = given;
      let level = height;
      for (let left = subtrees[level]; left; left = subtrees[level]) {
        subtree = hashNode(left, subtree);
        subtrees[level] = undefined;
        level += 1;
      }
      subtrees[level] = subtree;
      size += 2 ** height;
      return true;
    },
    root() {
      let root: Buffer | undefined;
      for (const subtree of subtrees) if (subtree) root = root ? hashNode(subtree, root) : subtree;
      return root ?? hash('sha256', '', 'buffer');
    },
  };
}

export function hashLeaf(text: string): Buffer {
  return hash('sha256', `\0${text}`, 'buffer');
}

function hashNode(left: Buffer, right: Buffer): Buffer {
  return hash('sha256', Buffer.concat([NODE, left, right]), 'buffer');
}

const NODE = Buffer.from([1]);
