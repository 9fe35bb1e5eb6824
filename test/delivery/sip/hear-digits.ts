import { spawnSync } from 'node:child_process';
import { type Recording, readWav } from '../../../src/delivery/speech/read-wav.ts';

/**
 * What digits are in a recording, by comparing it with the waveforms of ten spoken digits: the normalised
 * cross-correlation at every place, and of those that are alike the best that do not overlap. Made apart from the
 * product: espeak-ng is asked anew, and brought to another rate in another way.
 */
export function hearDigits(recording: Recording, { voice = 'en', rate = '140' } = {}): string {
  const heard = toRate(recording);
  const found = [...'0123456789'].flatMap((digit) => {
    const wanted = trim(toRate(speak(digit, voice, rate)));
    return alike(heard, wanted).map((hit) => ({ ...hit, digit, length: wanted.length }));
  });
  const kept: typeof found = [];
  for (const hit of found.sort((a, b) => b.likeness - a.likeness)) {
    const overlaps = kept.some(({ at, length }) => hit.at < at + length / 2 && at < hit.at + hit.length / 2);
    if (!overlaps) kept.push(hit);
  }
  return kept
    .sort((a, b) => a.at - b.at)
    .map(({ digit }) => digit)
    .join('');
}

/** Hz: enough of a voice to tell digits apart, and for samples taken between those of the other to be alike. */
const RATE = 4_000;
/** Between those of the same digit, above 0.93 wherever its samples were taken, and of different ones, below 0.5. */
const LEAST_LIKENESS = 0.72;

function speak(text: string, voice: string, rate: string): Recording {
  const { stdout } = spawnSync('espeak-ng', ['--stdin', '--stdout', '-v', voice, '-s', rate], { input: text });
  const recording = readWav(stdout);
  if (!recording) throw new Error('espeak-ng said nothing');
  return recording;
}

/** Each sample the mean of what is around it: what is fast would have to be in step to be alike. */
function toRate({ rate, samples }: Recording): Float64Array {
  const length = Math.floor((samples.length * RATE) / rate);
  return Float64Array.from({ length }, (_, at) => {
    const first = Math.round(((at - 1) * rate) / RATE);
    const part = samples.subarray(Math.max(0, first), Math.max(1, Math.round(((at + 2) * rate) / RATE)));
    return part.reduce((sum, sample) => sum + sample, 0) / part.length;
  });
}

function trim(samples: Float64Array): Float64Array {
  const loud = (sample: number) => Math.abs(sample) > 300;
  return samples.subarray(samples.findIndex(loud), samples.findLastIndex(loud) + 1);
}

function alike(heard: Float64Array, wanted: Float64Array): { at: number; likeness: number }[] {
  const energy = energyOf(wanted);
  const hits: { at: number; likeness: number }[] = [];
  let own = energyOf(heard.subarray(0, wanted.length));
  for (let at = 0; at + wanted.length <= heard.length; at++) {
    // Far less loud than the digit, it is not worth the comparison.
    if (own > energy / 10) {
      let product = 0;
      for (let offset = 0; offset < wanted.length; offset++) {
        product += (heard[at + offset] ?? 0) * (wanted[offset] ?? 0);
      }
      const likeness = product / Math.sqrt(own * energy);
      if (likeness >= LEAST_LIKENESS) hits.push({ at, likeness });
    }
    own += (heard[at + wanted.length] ?? 0) ** 2 - (heard[at] ?? 0) ** 2;
  }
  return hits;
}

function energyOf(samples: Float64Array): number {
  return samples.reduce((sum, sample) => sum + sample * sample, 0);
}
