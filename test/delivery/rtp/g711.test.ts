import { expect, it } from 'vitest';
import { type Codec, decodeG711, encodeG711, SILENCE } from '../../../src/delivery/rtp/g711.ts';

function encode(codec: Codec, samples: Int16Array): Uint8Array {
  const octets = new Uint8Array(samples.length);
  encodeG711(codec, samples, 0, samples.length, octets, 0);
  return octets;
}

const all = Uint8Array.from({ length: 256 }, (_, octet) => octet);

// ITU-T G.711, tables 1 and 2, scaled to 16 bit.
it.each<[Codec, [number, number][]]>([
  [
    'PCMU',
    [
      [0xff, 0],
      [0x80, 32_124],
      [0x00, -32_124],
      [0xfe, 8],
      [0x8f, 16_764],
    ],
  ],
  [
    'PCMA',
    [
      [0xd5, 8],
      [0x55, -8],
      [0xaa, 32_256],
      [0x2a, -32_256],
    ],
  ],
])('%s decodes as the recommendation has it', (codec, values) => {
  for (const [octet, sample] of values) {
    expect(decodeG711(codec, Uint8Array.of(octet))[0]).toBe(sample);
  }
});

it.each<Codec>(['PCMU', 'PCMA'])('%s: what was decoded is encoded to the same octet', (codec) => {
  const again = encode(codec, decodeG711(codec, all));
  // Minus zero of the μ-law is zero.
  expect([...again].filter((octet, at) => octet !== at && !(codec === 'PCMU' && at === 0x7f))).toEqual([]);
});

it.each<Codec>(['PCMU', 'PCMA'])('%s: no sample is off by more than half a step of its segment', (codec) => {
  const samples = Int16Array.from({ length: 0x1_0000 }, (_, at) => at - 0x8000);
  const decoded = decodeG711(codec, encode(codec, samples));
  for (const [at, sample] of samples.entries()) {
    const allowed = Math.max(16, (Math.abs(sample) + 132) / 31);
    if (Math.abs((decoded[at] ?? 0) - sample) > allowed) expect([sample, decoded[at]]).toBe('alike');
  }
});

it('silence is silent', () => {
  expect(decodeG711('PCMU', Uint8Array.of(SILENCE.PCMU))[0]).toBe(0);
  expect(Math.abs(decodeG711('PCMA', Uint8Array.of(SILENCE.PCMA))[0] ?? 0)).toBeLessThanOrEqual(8);
});
