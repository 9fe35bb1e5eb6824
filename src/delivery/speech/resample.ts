import { setImmediate as nextTurn } from 'node:timers/promises';
import { SAMPLE_RATE } from '../rtp/g711.ts';
import type { Recording } from './read-wav.ts';

/** Zero crossings of the kernel on each side: what is above the telephone band is 60 dB down. */
const LOBES = 16;
/** Of half the lower rate: the filter's slope ends before what would fold back. */
const PASS_BAND = 0.92;
/** Samples between two turns of the event loop, as other calls want their packets in time: about a millisecond. */
const SLICE = 2_000;

/** To 8 kHz by a windowed sinc, one set of coefficients for each position between two samples that occurs. */
export async function resample({ rate, samples }: Recording): Promise<Int16Array> {
  if (rate === SAMPLE_RATE) return samples;
  const divisor = greatestCommonDivisor(rate, SAMPLE_RATE);
  const up = SAMPLE_RATE / divisor;
  const down = rate / divisor;
  const kernel = createKernel(rate, up);
  const output = new Int16Array(Math.ceil((samples.length * up) / down));
  for (let start = 0; start < output.length; start += SLICE) {
    if (start > 0) await nextTurn();
    for (let at = start; at < Math.min(start + SLICE, output.length); at++) {
      const position = at * down;
      output[at] = convolve(samples, Math.floor(position / up), kernel(position % up));
    }
  }
  return output;
}

function convolve(samples: Int16Array, center: number, taps: Float64Array): number {
  const reach = (taps.length - 1) >> 1;
  const first = center - reach;
  let sum = 0;
  for (let tap = Math.max(0, -first); tap < taps.length; tap++) {
    const sample = samples[first + tap];
    if (sample === undefined) break;
    sum += sample * (taps[tap] ?? 0);
  }
  return Math.max(-32_768, Math.min(32_767, Math.round(sum)));
}

/** The coefficients for a place `phase / phases` after a sample; made when first asked for. */
function createKernel(rate: number, phases: number): (phase: number) => Float64Array {
  const cutOff = (PASS_BAND * Math.min(rate, SAMPLE_RATE)) / rate;
  const reach = Math.ceil(LOBES / cutOff);
  const made = new Map<number, Float64Array>();
  return (phase) => {
    const known = made.get(phase);
    if (known) return known;
    const taps = Float64Array.from({ length: 2 * reach + 1 }, (_, tap) => {
      const distance = tap - reach - phase / phases;
      return sinc(distance * cutOff) * blackman(distance / (reach + 1));
    });
    const sum = taps.reduce((total, tap) => total + tap, 0);
    const even = taps.map((tap) => tap / sum);
    made.set(phase, even);
    return even;
  };
}

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** From -1 to 1. */
function blackman(x: number): number {
  if (Math.abs(x) >= 1) return 0;
  return 0.42 + 0.5 * Math.cos(Math.PI * x) + 0.08 * Math.cos(2 * Math.PI * x);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
