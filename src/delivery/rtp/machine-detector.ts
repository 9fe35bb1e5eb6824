import { createToneMeter, energyOf } from './goertzel.ts';

/** Who answered is no person. */
export interface MachineDetector {
  take(samples: Int16Array): 'fax' | 'long_greeting' | null;
}

/** ITU-T T.30: a calling fax (CNG) and an answering one (CED), the latter also of modems. */
const TONES = [1_100, 2_100].map(createToneMeter);
const BLOCK = 160;
const BLOCK_MS = 20;
const LEAST_SHARE = 0.75;
const LEAST_POWER = 20_000;
/** CNG lasts at least 425 ms. A change of phase within CED spoils a block. */
const TONE_MS = 400;
const SPOILT_COST = 4;
/** Mean square of what is taken for speech, and the longest pause within it. */
const SPEECH_POWER = 60_000;
const PAUSE_MS = 700;

export function createMachineDetector({ speechMs }: { speechMs: number | null }): MachineDetector {
  const block = new Int16Array(BLOCK);
  const tonesMs = TONES.map(() => 0);
  let filled = 0;
  let spokenMs = 0;
  let pauseMs = 0;

  function judge(): 'fax' | 'long_greeting' | null {
    const energy = energyOf(block);
    const power = energy / BLOCK;
    for (const [index, meter] of TONES.entries()) {
      const isTone = power >= LEAST_POWER && meter(block, energy) >= LEAST_SHARE;
      const before = tonesMs[index] ?? 0;
      tonesMs[index] = isTone ? before + BLOCK_MS : Math.max(0, before - SPOILT_COST * BLOCK_MS);
    }
    if (tonesMs.some((ms) => ms >= TONE_MS)) return 'fax';
    pauseMs = power >= SPEECH_POWER ? 0 : pauseMs + BLOCK_MS;
    spokenMs = pauseMs >= PAUSE_MS || (spokenMs === 0 && pauseMs > 0) ? 0 : spokenMs + BLOCK_MS;
    return speechMs !== null && spokenMs >= speechMs ? 'long_greeting' : null;
  }

  return {
    take(samples) {
      let found: 'fax' | 'long_greeting' | null = null;
      for (let at = 0; at < samples.length; ) {
        const count = Math.min(BLOCK - filled, samples.length - at);
        block.set(samples.subarray(at, at + count), filled);
        filled += count;
        at += count;
        if (filled < BLOCK) break;
        filled = 0;
        found ??= judge();
      }
      return found;
    },
  };
}
