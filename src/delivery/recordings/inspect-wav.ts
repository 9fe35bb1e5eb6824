import type { Inspected } from './inspect-audio.ts';

/** Bits that samples of a format may have: PCM, floating point, A-law, μ-law. */
const BITS: Readonly<Record<number, readonly number[]>> = { 1: [8, 16, 24, 32], 3: [32, 64], 6: [8], 7: [8] };
const EXTENSIBLE = 0xfffe;
const MAX_CHANNELS = 8;
const MIN_RATE = 4_000;
const MAX_RATE = 192_000;
/** Programs that write to a pipe state the longest there is. */
const UNKNOWN_LENGTH = 0x7fff_0000;

/** RIFF WAVE; the length is that of the samples that are there, by figures of the header that are checked. */
export function inspectWav(bytes: Buffer): Inspected {
  let bytesPerSecond: number | null = null;
  let at = 12;
  while (at + 8 <= bytes.length) {
    const name = bytes.toString('latin1', at, at + 4);
    const stated = bytes.readUInt32LE(at + 4);
    const content = bytes.subarray(at + 8, at + 8 + stated);
    const isWhole = content.length === stated;
    if (name === 'data') {
      if (bytesPerSecond === null) break;
      if (!isWhole && stated < UNKNOWN_LENGTH) return refused('The file is cut off.');
      return { kind: 'audio', format: 'wav', durationMs: (content.length / bytesPerSecond) * 1_000 };
    }
    if (!isWhole) return refused('The file is cut off.');
    if (name === 'fmt ') {
      bytesPerSecond = rateOf(content);
      if (bytesPerSecond === null) return refused('The WAV file must be PCM, A-law or μ-law with up to 8 channels.');
    }
    // Chunks begin at even places.
    at += 8 + stated + (stated % 2);
  }
  return refused('The WAV file has no sound.');
}

function rateOf(chunk: Buffer): number | null {
  if (chunk.length < 16) return null;
  const stated = chunk.readUInt16LE(0);
  // The real one is at the head of the sub-format.
  const tag = stated === EXTENSIBLE && chunk.length >= 26 ? chunk.readUInt16LE(24) : stated;
  const [channels, rate, bits] = [chunk.readUInt16LE(2), chunk.readUInt32LE(4), chunk.readUInt16LE(14)];
  const isSane = channels >= 1 && channels <= MAX_CHANNELS && rate >= MIN_RATE && rate <= MAX_RATE;
  return isSane && BITS[tag]?.includes(bits) ? (rate * channels * bits) / 8 : null;
}

const refused = (why: string): Inspected => ({ kind: 'refused', why });
