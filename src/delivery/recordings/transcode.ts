import type { Recording } from '../speech/read-wav.ts';
import { readWav } from '../speech/read-wav.ts';
import { resample } from '../speech/resample.ts';
import { runFilter } from '../speech/run-filter.ts';
import type { AudioFormat } from './inspect-audio.ts';
import { MAX_SECONDS } from './limits.ts';

export type Transcoded = { kind: 'sound'; samples: Int16Array } | { kind: 'damaged' } | { kind: 'missing' };

/**
 * The default of `recordings.transcoder`. What the file is was found out before, so ffmpeg is not left to guess, and
 * opens nothing but its pipes.
 */
export const FFMPEG = [
  ...['ffmpeg', '-nostdin', '-v', 'error', '-threads', '1', '-protocol_whitelist', 'pipe'],
  ...['-f', '{format}', '-i', 'pipe:0', '-map', '0:a:0', '-t', String(MAX_SECONDS + 1)],
  ...['-ac', '1', '-ar', '8000', '-c:a', 'pcm_s16le', '-f', 'wav', 'pipe:1'],
];

const TIMEOUT_MS = 30_000;
/** Of 16 bit at 48 kHz, for programs that are not told the rate. */
const MAX_OUTPUT_BYTES = (MAX_SECONDS + 2) * 48_000 * 2;
/** What an encoder may add or leave out at the ends. */
const TOLERANCE_MS = 500;

/** To samples at 8 kHz, by a program; what comes out must be as long as the file said. */
export async function transcode(
  argv: readonly string[],
  bytes: Buffer,
  { format, durationMs }: { format: AudioFormat; durationMs: number },
): Promise<Transcoded> {
  const filter = { argv, timeoutMs: TIMEOUT_MS, maxOutputBytes: MAX_OUTPUT_BYTES };
  const made = await runFilter(filter, bytes, { format });
  if (made.kind === 'missing') return made;
  const recording = made.kind === 'done' ? readWav(made.output) : null;
  if (!recording || Math.abs(lengthMs(recording) - durationMs) > TOLERANCE_MS) return { kind: 'damaged' };
  return { kind: 'sound', samples: await resample(recording) };
}

function lengthMs({ rate, samples }: Recording): number {
  return (samples.length / rate) * 1_000;
}
