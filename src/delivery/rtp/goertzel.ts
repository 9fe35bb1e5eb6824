import { SAMPLE_RATE } from './g711.ts';

/** How much of a block's energy is at one frequency: 1 for a pure tone of it (Goertzel, 1958). */
export type ToneMeter = (block: Int16Array, energy: number) => number;

export function createToneMeter(frequency: number): ToneMeter {
  const coefficient = 2 * Math.cos((2 * Math.PI * frequency) / SAMPLE_RATE);
  return (block, energy) => {
    let last = 0;
    let beforeLast = 0;
    for (let at = 0; at < block.length; at++) {
      const now = (block[at] ?? 0) + coefficient * last - beforeLast;
      beforeLast = last;
      last = now;
    }
    const power = last * last + beforeLast * beforeLast - coefficient * last * beforeLast;
    return energy === 0 ? 0 : power / ((energy * block.length) / 2);
  };
}

export function energyOf(block: Int16Array): number {
  let energy = 0;
  for (let at = 0; at < block.length; at++) energy += (block[at] ?? 0) ** 2;
  return energy;
}
