import type { Inspected } from './inspect-audio.ts';

/** Of layer III, in kbit/s by the index of the header: MPEG 1; MPEG 2 and 2.5 (ISO/IEC 11172-3 and 13818-3, §2.4.2.3). */
const BITRATES_1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const BITRATES_2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const RATES = [44_100, 48_000, 32_000];
const LAYER_III = 1;
/** By the version bits of the header; 1 is reserved. */
const VERSIONS = [
  { divisor: 4, bitrates: BITRATES_2, samples: 576 },
  null,
  { divisor: 2, bitrates: BITRATES_2, samples: 576 },
  { divisor: 1, bitrates: BITRATES_1, samples: 1_152 },
];
/** Fewer frames in a row may be chance. */
const MIN_FRAMES = 3;

/** Frame by frame from the first to the last octet; tags before and after are skipped. */
export function inspectMp3(bytes: Buffer): Inspected {
  let at = endOfTags(bytes);
  let frames = 0;
  let seconds = 0;
  let rate: number | null = null;
  while (at < bytes.length && !isTail(bytes, at)) {
    const frame = readFrame(bytes, at);
    if (!frame || (rate ?? frame.rate) !== frame.rate) {
      return refused(frames < MIN_FRAMES ? 'It is no MP3 file.' : 'The MP3 file is damaged.');
    }
    at += frame.length;
    if (at > bytes.length) return refused('The file is cut off.');
    rate = frame.rate;
    frames++;
    seconds += frame.samples / frame.rate;
  }
  if (frames < MIN_FRAMES) return refused('It is no MP3 file.');
  return { kind: 'audio', format: 'mp3', durationMs: seconds * 1_000 };
}

function readFrame(bytes: Buffer, at: number): { length: number; samples: number; rate: number } | null {
  if (at + 4 > bytes.length) return null;
  const header = bytes.readUInt32BE(at);
  const version = VERSIONS[(header >>> 19) & 3];
  const kbps = version?.bitrates[(header >>> 12) & 15];
  const base = RATES[(header >>> 10) & 3];
  if (header >>> 21 !== 0x7ff || ((header >>> 17) & 3) !== LAYER_III || !version || !kbps || !base) return null;
  const rate = base / version.divisor;
  const padding = (header >>> 9) & 1;
  return { length: Math.floor((version.samples * kbps * 125) / rate) + padding, samples: version.samples, rate };
}

/** ID3v2, perhaps several: a length of four times seven bits (id3.org/id3v2.4.0-structure §3.1). */
function endOfTags(bytes: Buffer): number {
  let at = 0;
  while (at + 10 <= bytes.length && bytes.toString('latin1', at, at + 3) === 'ID3') {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(at + 6, at + 10);
    const hasFooter = ((bytes[at + 5] ?? 0) & 0x10) !== 0;
    at += 10 + (((a & 127) << 21) | ((b & 127) << 14) | ((c & 127) << 7) | (d & 127)) + (hasFooter ? 10 : 0);
  }
  return at;
}

/** What players write behind the sound: ID3v1, APEv2, zeros. */
function isTail(bytes: Buffer, at: number): boolean {
  const rest = bytes.subarray(at);
  if (rest.toString('latin1', 0, 3) === 'TAG' && rest.length === 128) return true;
  return rest.toString('latin1', 0, 8) === 'APETAGEX' || rest.every((octet) => octet === 0);
}

const refused = (why: string): Inspected => ({ kind: 'refused', why });
