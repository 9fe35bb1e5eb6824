import { describe, expect, it } from 'vitest';
import { EMPTY_ROOT, foldHashes, leafHash } from '../../../src/audit/log/merkle.ts';
import { createTree } from '../../../src/audit/log/tree.ts';
import { completedNodes, type ReadHashes } from '../../../src/audit/log/tree-nodes.ts';
import { hashLeaf, isConsistent, isIncluded, pathOf, rootOf } from './reference-tree.ts';

/** What implementations of RFC 6962 and RFC 9162 test themselves with: eight entries, and the roots over the first n. */
const ENTRIES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const INCLUSION = [
  {
    index: 0,
    size: 8,
    path: [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  },
  {
    index: 5,
    size: 8,
    path: [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  },
  { index: 2, size: 3, path: ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'] },
];
const CONSISTENCY = [
  { from: 1, to: 1, path: [] },
  {
    from: 6,
    to: 8,
    path: [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  },
  {
    from: 2,
    to: 5,
    path: [
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  },
];

const hex = (hashes: readonly Buffer[]) => hashes.map((hash) => hash.toString('hex'));

/** A store in memory, filled the way the sealer fills its own, in portions of this size. */
async function storeOf(leaves: readonly Buffer[], portion: number) {
  const levels: Buffer[][] = [[]];
  let reads = 0;
  const read: ReadHashes = async (level, from, before) => {
    reads += 1;
    return (levels[level] ?? []).slice(from, before);
  };
  for (let size = 0; size < leaves.length; size += portion) {
    const added = leaves.slice(size, size + portion);
    for (const { level, number, hash } of await completedNodes(read, size, added)) {
      levels[level] ??= [];
      (levels[level] as Buffer[])[number] = hash;
    }
    levels[0]?.push(...added);
  }
  return { read, tree: createTree(read, leaves.length), levels, reads: () => reads };
}

describe('the published test vectors', () => {
  const leaves = ENTRIES.map((entry) => leafHash(Buffer.from(entry, 'hex')));
  const tree = async () => (await storeOf(leaves, 3)).tree;
  it.each(ROOTS.map((root, size) => ({ size, root })))('root over $size entries', async ({ size, root }) => {
    expect(hex([await (await tree()).root(size)])).toEqual([root]);
    expect(hex([rootOf(leaves.slice(0, size))])).toEqual([root]);
  });
  it.each(INCLUSION)('entry $index of $size', async ({ index, size, path }) => {
    expect(hex(await (await tree()).inclusion(index, size))).toEqual(path);
  });
  it.each(CONSISTENCY)('from $from to $to', async ({ from, to, path }) => {
    expect(hex(await (await tree()).consistency(from, to))).toEqual(path);
  });
  it('hashes leaves and nodes differently', () => {
    expect(hex([EMPTY_ROOT, leafHash(Buffer.alloc(0))])).toEqual(ROOTS.slice(0, 2));
    expect(foldHashes(leaves.slice(0, 4)).toString('hex')).toBe(ROOTS[4]);
  });
});

describe('a tree whose subtrees are stored', () => {
  const SIZE = 70_000;
  const leaves = Array.from({ length: SIZE }, (_, index) => hashLeaf(Buffer.from(String(index))));

  it('proves what the RFC’s own definition proves, at every kind of size', async () => {
    const { tree } = await storeOf(leaves, 500);
    for (const size of [1, 2, 255, 256, 257, 511, 700, 65_535, 65_536, 65_537, SIZE]) {
      const part = leaves.slice(0, size);
      const root = rootOf(part);
      expect(await tree.root(size)).toEqual(root);
      for (const index of [0, 1, 254, 255, 256, 300, 65_536, size - 1].filter((each) => each < size)) {
        const path = await tree.inclusion(index, size);
        expect(isIncluded(leaves[index] as Buffer, index, size, path, root)).toBe(true);
        if (size <= 700) expect(path).toEqual(pathOf(index, part));
      }
      for (const from of [1, 2, 3, 255, 256, 512, 699, 65_536, size].filter((each) => each <= size)) {
        const path = await tree.consistency(from, size);
        const [first, second] = [
          { size: from, root: rootOf(leaves.slice(0, from)) },
          { size, root },
        ];
        expect(isConsistent(first, second, path)).toBe(true);
      }
    }
  });

  it.each([1, 7, 256, 1_000, SIZE])('stores the same however many are sealed at once: %i', async (portion) => {
    const few = portion === 1 ? 2_000 : SIZE;
    const { levels } = await storeOf(leaves.slice(0, few), portion);
    expect(levels[1]).toHaveLength(Math.floor(few / 256));
    expect(levels[1]?.[3]).toEqual(rootOf(leaves.slice(768, 1024)));
    if (few > 65_536) expect(levels[2]).toEqual([rootOf(leaves.slice(0, 65_536))]);
  });

  it('reads little for a proof', async () => {
    const { read, reads } = await storeOf(leaves, 500);
    const before = reads();
    await createTree(read, SIZE).inclusion(12_345, SIZE);
    expect(reads() - before).toBeLessThanOrEqual(6);
  });
});
