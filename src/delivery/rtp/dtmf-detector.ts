import { createToneMeter, energyOf } from './goertzel.ts';

/** Keys as pairs of tones in the sound itself (ITU-T Q.23, Q.24), for lines that do not tell them apart from it. */
export interface DtmfDetector {
  /** The key that was recognised in these samples; each press is told once. */
  take(samples: Int16Array): string | null;
}

const ROWS = [697, 770, 852, 941].map(createToneMeter);
const COLUMNS = [1209, 1336, 1477, 1633].map(createToneMeter);
const KEYS = ['123A', '456B', '789C', '*0#D'];

/** 20 ms: 50 Hz apart, so that a tone is told from its neighbour and may be 1.5 % off. */
const BLOCK = 160;
const HOP = BLOCK / 2;
/** So many in a row: a tone of 40 ms is heard, a syllable that happens to match is not. */
const HITS = 3;
const MISSES = 2;
/** Mean square of the quietest tone that counts: about -36 dBm0. */
const LEAST_POWER = 20_000;
/** Speech has more than two tones. */
const LEAST_SHARE = 0.58;
/** 8 dB between the two, in either direction. */
const MAX_TWIST = 6.3;
/** 6 dB above the next one of its group. */
const LEAST_LEAD = 4;

export function createDtmfDetector(): DtmfDetector {
  const window = new Int16Array(BLOCK);
  let filled = 0;
  let candidate: string | null = null;
  let hits = 0;
  let misses = MISSES;
  let pressed: string | null = null;

  function judge(): string | null {
    const key = readKey(window);
    hits = key !== null && key === candidate ? hits + 1 : 1;
    candidate = key;
    misses = key === pressed ? 0 : misses + 1;
    if (misses >= MISSES) pressed = null;
    if (key === null || hits < HITS || key === pressed) return null;
    pressed = key;
    misses = 0;
    return key;
  }

  return {
    take(samples) {
      let found: string | null = null;
      for (let at = 0; at < samples.length; ) {
        const count = Math.min(BLOCK - filled, samples.length - at);
        window.set(samples.subarray(at, at + count), filled);
        filled += count;
        at += count;
        if (filled < BLOCK) break;
        found ??= judge();
        window.copyWithin(0, HOP);
        filled = BLOCK - HOP;
      }
      return found;
    },
  };
}

function readKey(block: Int16Array): string | null {
  const energy = energyOf(block);
  if (energy < LEAST_POWER * block.length) return null;
  const row = strongest(ROWS.map((meter) => meter(block, energy)));
  const column = strongest(COLUMNS.map((meter) => meter(block, energy)));
  if (!row || !column || row.share + column.share < LEAST_SHARE) return null;
  if (row.share > column.share * MAX_TWIST || column.share > row.share * MAX_TWIST) return null;
  return KEYS[row.index]?.[column.index] ?? null;
}

/** Null when it does not stand out. */
function strongest(shares: readonly number[]): { index: number; share: number } | null {
  const share = Math.max(...shares);
  const index = shares.indexOf(share);
  const leads = shares.every((other, at) => at === index || other * LEAST_LEAD < share);
  return leads ? { index, share } : null;
}
