import { randomBytes } from 'node:crypto';

const BLOCK = 8_192;

let block = Buffer.alloc(0);
let used = 0;

/**
 * Random bytes for ids and salts: asking for few at a time costs more than what is done with them, so they are asked for
 * in blocks. Each is given out once.
 */
export function takeRandom(bytes: number): Buffer {
  if (used + bytes > block.length) {
    block = randomBytes(Math.max(BLOCK, bytes));
    used = 0;
  }
  used += bytes;
  return block.subarray(used - bytes, used);
}
