import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeG711 } from '../../../src/delivery/rtp/g711.ts';
import { readWav } from '../../../src/delivery/speech/read-wav.ts';
import { resample } from '../../../src/delivery/speech/resample.ts';
import { tone, wavFile, wavOf } from '../sip/tones.ts';

const samples = Int16Array.of(0, 1_000, -1_000, 32_767, -32_768);

describe('a WAV file', () => {
  it('of 16-bit PCM is read as it is', () => {
    expect(readWav(wavOf(samples, 22_050))).toEqual({ rate: 22_050, samples });
  });

  it('of 8-bit PCM, μ-law or A-law is read too', () => {
    const eight = readWav(wavFile({ tag: 1, channels: 1, rate: 8_000, bits: 8 }, Buffer.of(0x80, 0xff, 0)));
    expect(eight?.samples).toEqual(Int16Array.of(0, 32_512, -32_768));
    for (const [tag, codec] of [
      [7, 'PCMU'],
      [6, 'PCMA'],
    ] as const) {
      const data = Buffer.alloc(samples.length);
      encodeG711(codec, samples, 0, samples.length, data, 0);
      const read = readWav(wavFile({ tag, channels: 1, rate: 8_000, bits: 8 }, data));
      expect([...(read?.samples ?? [])].map((sample) => Math.sign(Math.round(sample / 500)))).toEqual([
        0, 1, -1, 1, -1,
      ]);
    }
  });

  it('of two channels is read from the first', () => {
    const data = Buffer.from(Int16Array.of(1, -1, 2, -2).buffer);
    expect(readWav(wavFile({ tag: 1, channels: 2, rate: 8_000, bits: 16 }, data))?.samples).toEqual(
      Int16Array.of(1, 2),
    );
  });

  it('that was written to a pipe, so that its length is wrong, ends with its bytes', () => {
    const piped = wavOf(samples);
    piped.writeUInt32LE(0x7fff_f000, 40);
    expect(readWav(piped)?.samples).toEqual(samples);
    expect(readWav(piped.subarray(0, 48))?.samples).toEqual(samples.slice(0, 2));
  });

  it.each([
    ['of 24 bit', wavFile({ tag: 1, channels: 1, rate: 8_000, bits: 24 }, Buffer.alloc(6))],
    ['of MP3', wavFile({ tag: 0x55, channels: 1, rate: 8_000, bits: 16 }, Buffer.alloc(6))],
    ['of no rate', wavFile({ tag: 1, channels: 1, rate: 0, bits: 16 }, Buffer.alloc(6))],
    ['of no channels', wavFile({ tag: 1, channels: 0, rate: 8_000, bits: 16 }, Buffer.alloc(6))],
    ['without sound', wavOf(samples).subarray(0, 36)],
    ['that is another', Buffer.from('OggS')],
  ])('%s is refused', (_, bytes) => {
    expect(readWav(bytes)).toBe(null);
  });

  it('may be anything at all', () => {
    const valid = wavOf(samples);
    fc.assert(
      fc.property(fc.nat(valid.length - 1), fc.uint8Array({ maxLength: 8 }), (at, bytes) => {
        readWav(Buffer.concat([valid.subarray(0, at), bytes, valid.subarray(at + bytes.length)]));
        readWav(Buffer.from(bytes));
      }),
    );
  });
});

describe('another rate', () => {
  const at = (frequency: number, rate: number) =>
    Int16Array.from({ length: rate }, (_, index) => 10_000 * Math.sin((2 * Math.PI * frequency * index) / rate));
  const power = (sound: Int16Array) => Math.sqrt(sound.reduce((sum, sample) => sum + sample ** 2, 0) / sound.length);

  it.each([11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 24_001])(
    '%d Hz becomes 8 kHz, wave for wave',
    async (rate) => {
      const sound = await resample({ rate, samples: at(1_000, rate) });
      expect(Math.abs(sound.length - 8_000)).toBeLessThan(3);
      const wanted = tone([1_000], 1_000, 10_000);
      const difference = sound.slice(200, 7_800).map((sample, index) => sample - (wanted[index + 200] ?? 0));
      expect(power(difference)).toBeLessThan(20);
    },
  );

  it.each([16_000, 22_050, 44_100, 48_000])(
    '%d Hz: what no telephone can carry is taken out, not folded back',
    async (rate) => {
      for (const frequency of [4_600, 5_500, 7_000]) {
        const sound = await resample({ rate, samples: at(frequency, rate) });
        expect(power(sound.slice(200, 7_800))).toBeLessThan(30);
      }
    },
  );
});
