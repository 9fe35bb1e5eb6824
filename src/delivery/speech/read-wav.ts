import { decodeG711 } from '../rtp/g711.ts';

/** Mono sound as read, at its own rate. */
export interface Recording {
  rate: number;
  /** 16 bit. */
  samples: Int16Array;
}

const FORMATS = { pcm: 1, aLaw: 6, muLaw: 7, extensible: 0xfffe } as const;
const MAX_CHANNELS = 8;
const MIN_RATE = 4_000;
const MAX_RATE = 192_000;

interface Format {
  tag: number;
  channels: number;
  rate: number;
  bits: number;
}

/**
 * RIFF WAVE: PCM of 8 or 16 bit, μ-law or A-law; of several channels the first. Null for anything else. Programs that
 * write to a pipe cannot know the length beforehand: a chunk that is longer than the file ends with the file.
 */
export function readWav(bytes: Buffer): Recording | null {
  if (bytes.length < 12 || bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WAVE')
    return null;
  let format: Format | null = null;
  let at = 12;
  while (at + 8 <= bytes.length) {
    const name = bytes.toString('latin1', at, at + 4);
    const length = bytes.readUInt32LE(at + 4);
    const content = bytes.subarray(at + 8, Math.min(bytes.length, at + 8 + length));
    if (name === 'fmt ') format = readFormat(content);
    if (name === 'data') return format && readSamples(content, format);
    // Chunks begin at even places.
    at += 8 + length + (length % 2);
  }
  return null;
}

function readFormat(chunk: Buffer): Format | null {
  if (chunk.length < 16) return null;
  const stated = chunk.readUInt16LE(0);
  // The real one is at the head of the sub-format.
  const tag = stated === FORMATS.extensible && chunk.length >= 26 ? chunk.readUInt16LE(24) : stated;
  const format = { tag, channels: chunk.readUInt16LE(2), rate: chunk.readUInt32LE(4), bits: chunk.readUInt16LE(14) };
  const isKnown =
    tag === FORMATS.pcm
      ? [8, 16].includes(format.bits)
      : [FORMATS.aLaw, FORMATS.muLaw].includes(tag as 6) && format.bits === 8;
  const isSane =
    format.channels >= 1 && format.channels <= MAX_CHANNELS && format.rate >= MIN_RATE && format.rate <= MAX_RATE;
  return isKnown && isSane ? format : null;
}

function readSamples(data: Buffer, { tag, channels, rate, bits }: Format): Recording {
  const step = (channels * bits) / 8;
  const count = Math.floor(data.length / step);
  const samples = new Int16Array(count);
  if (bits === 16) {
    for (let at = 0; at < count; at++) samples[at] = data.readInt16LE(at * step);
  } else if (tag === FORMATS.pcm) {
    // PCM of 8 bit has no sign.
    for (let at = 0; at < count; at++) samples[at] = ((data[at * step] ?? 0x80) - 0x80) << 8;
  } else {
    const first = Uint8Array.from({ length: count }, (_, at) => data[at * step] ?? 0);
    samples.set(decodeG711(tag === FORMATS.aLaw ? 'PCMA' : 'PCMU', first));
  }
  return { rate, samples };
}
