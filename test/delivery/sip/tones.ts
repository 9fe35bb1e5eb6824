import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { privateFolder } from '../../rig/stores.ts';

export const RATE = 8_000;

/** Sines of these frequencies together, or silence. */
export function tone(frequencies: readonly number[], ms: number, amplitude = 8_000): Int16Array {
  return Int16Array.from({ length: (RATE * ms) / 1_000 }, (_, at) =>
    frequencies.reduce((sum, frequency) => sum + amplitude * Math.sin((2 * Math.PI * frequency * at) / RATE), 0),
  );
}

const ROWS = [697, 770, 852, 941];
const COLUMNS = [1209, 1336, 1477, 1633];

/** ITU-T Q.23, written down apart from the product's own table. */
export function keyTones(key: string): [number, number] {
  const at = '123A456B789C*0#D'.indexOf(key);
  return [ROWS[Math.floor(at / 4)] ?? 0, COLUMNS[at % 4] ?? 0];
}

export function join8k(...parts: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A WAV file of 16-bit PCM. */
export function wavOf(samples: Int16Array, rate = RATE): Buffer {
  const data = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  return wavFile({ tag: 1, channels: 1, rate, bits: 16 }, data);
}

export function wavFile(
  { tag, channels, rate, bits }: { tag: number; channels: number; rate: number; bits: number },
  data: Buffer,
): Buffer {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + data.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(tag, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE((rate * channels * bits) / 8, 28);
  head.writeUInt16LE((channels * bits) / 8, 32);
  head.writeUInt16LE(bits, 34);
  head.write('data', 36);
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}

export function wavFileOf(samples: Int16Array): string {
  const file = join(privateFolder('sound'), 'sound.wav');
  writeFileSync(file, wavOf(samples));
  return file;
}
