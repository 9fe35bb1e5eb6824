import { inspectMp3 } from './inspect-mp3.ts';
import { inspectWav } from './inspect-wav.ts';

export type AudioFormat = 'wav' | 'mp3';

/** What a file is by its content. `why`: for whoever sent it. */
export type Inspected = { kind: 'audio'; format: AudioFormat; durationMs: number } | { kind: 'refused'; why: string };

/** Reads structure only, not a sample: what would be long to decode is found out before anything decodes it. */
export function inspectAudio(bytes: Buffer): Inspected {
  const head = bytes.toString('latin1', 0, 12);
  if (head.startsWith('RIFF') && head.endsWith('WAVE')) return inspectWav(bytes);
  const isMp3 = head.startsWith('ID3') || (bytes[0] === 0xff && ((bytes[1] ?? 0) & 0xe0) === 0xe0);
  return isMp3 ? inspectMp3(bytes) : { kind: 'refused', why: 'It is neither WAV nor MP3.' };
}
