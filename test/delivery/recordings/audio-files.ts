import { spawnSync } from 'node:child_process';

/** As ffmpeg writes it; `options` are those of its output. */
export function encode(wav: Buffer, ...options: readonly string[]): Buffer {
  const args = ['-v', 'error', '-i', 'pipe:0', ...options, 'pipe:1'];
  const { stdout, status, stderr } = spawnSync('ffmpeg', args, { input: wav, maxBuffer: 50_000_000 });
  if (status !== 0) throw new Error(`ffmpeg: ${stderr}`);
  return stdout;
}

export const toMp3 = (wav: Buffer) => encode(wav, '-b:a', '32k', '-f', 'mp3');

/** Frames of MPEG 1 layer III at 128 kbit/s and 44.1 kHz, of zeros: in form, though nothing is heard. */
export function mp3Frames(count: number): Buffer {
  const frame = Buffer.alloc(417);
  frame.writeUInt32BE(0xfffb_9000);
  return Buffer.concat(Array.from({ length: count }, () => frame));
}

/** A chunk of a RIFF file that states another length than it has. */
export function chunk(name: string, content: Buffer, stated = content.length): Buffer {
  const head = Buffer.alloc(8);
  head.write(name, 'latin1');
  head.writeUInt32LE(stated, 4);
  return Buffer.concat([head, content]);
}

export function riff(...chunks: readonly Buffer[]): Buffer {
  return chunk('RIFF', Buffer.concat([Buffer.from('WAVE'), ...chunks]));
}

export function format(over: { tag?: number; channels?: number; rate?: number; bits?: number } = {}): Buffer {
  const { tag = 1, channels = 1, rate = 8_000, bits = 16 } = over;
  const content = Buffer.alloc(16);
  content.writeUInt16LE(tag, 0);
  content.writeUInt16LE(channels, 2);
  content.writeUInt32LE(rate, 4);
  content.writeUInt16LE(bits, 14);
  return chunk('fmt ', content);
}
