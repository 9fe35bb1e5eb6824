/** ITU-T G.711: 16-bit samples to one octet and back, by tables. */

export type Codec = 'PCMU' | 'PCMA';

/** RFC 3551, table 4. */
export const PAYLOAD_TYPES = { PCMU: 0, PCMA: 8 } as const satisfies Record<Codec, number>;
export const SAMPLE_RATE = 8_000;

const MU_LAW_BIAS = 0x84;
const MU_LAW_CLIP = 32_635;

const decoders = { PCMU: table(decodeMuLaw), PCMA: table(decodeALaw) } satisfies Record<Codec, Int16Array>;
const encoders = { PCMU: encoder(encodeMuLaw), PCMA: encoder(encodeALaw) } satisfies Record<Codec, Uint8Array>;

/** What a pause is sent as. */
export const SILENCE = { PCMU: encodeMuLaw(0), PCMA: encodeALaw(0) } as const;

/** Encodes `from[start…end)` into `to` from `offset` on. */
export function encodeG711(codec: Codec, from: Int16Array, start: number, end: number, to: Uint8Array, offset: number) {
  const octets = encoders[codec];
  for (let at = start; at < end; at++) to[offset + at - start] = octets[(from[at] ?? 0) & 0xffff] ?? 0;
}

export function decodeG711(codec: Codec, octets: Uint8Array): Int16Array {
  const samples = decoders[codec];
  return Int16Array.from(octets, (octet) => samples[octet] ?? 0);
}

function encodeMuLaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), MU_LAW_CLIP) + MU_LAW_BIAS;
  const exponent = 24 - Math.clz32(magnitude);
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  return ~(sign | (exponent << 4) | mantissa) & 0xff;
}

function decodeMuLaw(octet: number): number {
  const value = ~octet;
  const exponent = (value >> 4) & 0x07;
  const magnitude = ((((value & 0x0f) << 3) | MU_LAW_BIAS) << exponent) - MU_LAW_BIAS;
  return value & 0x80 ? -magnitude : magnitude;
}

/** Every other bit is inverted on the line, hence 0x55; the sign bit is set for what is not negative. */
function encodeALaw(sample: number): number {
  const sign = sample < 0 ? 0 : 0x80;
  const magnitude = (sample < 0 ? ~sample : sample) >> 3;
  const exponent = magnitude < 32 ? 0 : 27 - Math.clz32(magnitude);
  const mantissa = (magnitude >> Math.max(1, exponent)) & 0x0f;
  return (sign | (exponent << 4) | mantissa) ^ 0x55;
}

function decodeALaw(octet: number): number {
  const value = octet ^ 0x55;
  const exponent = (value >> 4) & 0x07;
  const mantissa = (value & 0x0f) << 4;
  const magnitude = exponent === 0 ? mantissa + 8 : (mantissa + 0x108) << (exponent - 1);
  return value & 0x80 ? magnitude : -magnitude;
}

function table(decode: (octet: number) => number): Int16Array {
  return Int16Array.from({ length: 256 }, (_, octet) => decode(octet));
}

/** Indexed by the sample's two's complement. */
function encoder(encode: (sample: number) => number): Uint8Array {
  return Uint8Array.from({ length: 0x1_0000 }, (_, bits) => encode((bits << 16) >> 16));
}
