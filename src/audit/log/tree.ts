import { EMPTY_ROOT, foldHashes, nodeHash } from './merkle.ts';
import { NODE_WIDTH, type ReadHashes } from './tree-nodes.ts';

/** Roots and proofs over the first leaves, RFC 9162 §2.1. Nothing is asked of it beyond the size it was made for. */
export interface Tree {
  root(size: number): Promise<Buffer>;
  /** §2.1.3.1: that the leaf is in the tree of this size. */
  inclusion(index: number, size: number): Promise<Buffer[]>;
  /** §2.1.4.1: that the tree of one size begins with the tree of another. Empty where there is nothing to prove. */
  consistency(from: number, to: number): Promise<Buffer[]>;
}

export function createTree(read: ReadHashes, size: number): Tree {
  const groups = new Map<string, Promise<Buffer[]>>();

  /** Hashes are read a group at a time: those of one proof are in few of them. */
  function readGroup(level: number, group: number): Promise<Buffer[]> {
    const key = `${level}/${group}`;
    const from = group * NODE_WIDTH;
    const complete = Math.floor(size / NODE_WIDTH ** level);
    const reading = groups.get(key) ?? read(level, from, Math.min(from + NODE_WIDTH, complete));
    groups.set(key, reading);
    return reading;
  }

  /** Of a complete subtree: its width is a power of two that divides its place. */
  async function subtreeHash(from: number, width: number): Promise<Buffer> {
    let level = 0;
    let unit = 1;
    while (unit * NODE_WIDTH <= width) {
      unit *= NODE_WIDTH;
      level += 1;
    }
    const number = from / unit;
    const hashes = await readGroup(level, Math.floor(number / NODE_WIDTH));
    const first = number % NODE_WIDTH;
    return foldHashes(hashes.slice(first, first + width / unit));
  }

  async function rangeHash(from: number, before: number): Promise<Buffer> {
    const width = before - from;
    if (width === 0) return EMPTY_ROOT;
    const left = splitAt(width);
    if (left * 2 === width || width === 1) return subtreeHash(from, width);
    return nodeHash(await subtreeHash(from, left), await rangeHash(from + left, before));
  }

  async function inclusion(index: number, from: number, before: number): Promise<Buffer[]> {
    if (before - from === 1) return [];
    const middle = from + splitAt(before - from);
    return index < middle
      ? [...(await inclusion(index, from, middle)), await rangeHash(middle, before)]
      : [...(await inclusion(index, middle, before)), await rangeHash(from, middle)];
  }

  /** `known`: the verifier has the hash of the old tree, which is then left out. */
  async function consistency(old: number, from: number, before: number, known: boolean): Promise<Buffer[]> {
    if (old === before) return known ? [] : [await rangeHash(from, before)];
    const middle = from + splitAt(before - from);
    return old <= middle
      ? [...(await consistency(old, from, middle, known)), await rangeHash(middle, before)]
      : [...(await consistency(old, middle, before, false)), await rangeHash(from, middle)];
  }

  return {
    root: (to) => rangeHash(0, to),
    inclusion: (index, to) => inclusion(index, 0, to),
    consistency: async (from, to) => (from === 0 ? [] : consistency(from, 0, to, true)),
  };
}

/** The largest power of two smaller than n; 1 for 1. */
function splitAt(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}
