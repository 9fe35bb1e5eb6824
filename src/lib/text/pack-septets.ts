/** 3GPP TS 23.038 §6.1.2.1: septets one after the other, least significant bit first, after `fillBits` zero bits. */
export function packSeptets(septets: Uint8Array, fillBits = 0): Uint8Array {
  const octets = new Uint8Array(Math.ceil((fillBits + septets.length * 7) / 8));
  for (let index = 0; index < septets.length; index++) {
    const bit = fillBits + index * 7;
    const at = bit >> 3;
    const shifted = (septets[index] ?? 0) << (bit & 7);
    octets[at] = (octets[at] ?? 0) | (shifted & 0xff);
    if (shifted > 0xff) octets[at + 1] = shifted >> 8;
  }
  return octets;
}

/** `count` tells the last septet from spare bits; fewer come back when the octets end before. */
export function unpackSeptets(octets: Uint8Array, count: number, fillBits = 0): Uint8Array {
  const septets = new Uint8Array(Math.min(count, Math.max(0, Math.floor((octets.length * 8 - fillBits) / 7))));
  for (let index = 0; index < septets.length; index++) {
    const bit = fillBits + index * 7;
    const at = bit >> 3;
    septets[index] = ((((octets[at + 1] ?? 0) << 8) | (octets[at] ?? 0)) >> (bit & 7)) & 0x7f;
  }
  return septets;
}

/** Zero bits between a header of so many octets and the septet boundary (3GPP TS 23.040 §9.2.3.24). */
export function fillBitsAfter(headerOctets: number): number {
  return (7 - ((headerOctets * 8) % 7)) % 7;
}
