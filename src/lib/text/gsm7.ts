import { type NationalShift, septetTableOf } from './national-shift.ts';
import { countSeptets, decodeSeptets, encodeSeptets } from './septet-table.ts';

/** One octet per septet, as SMPP carries the default alphabet. Null when a character is outside the tables. */
export function encodeGsm7(text: string, shift: NationalShift = {}): Uint8Array | null {
  const table = septetTableOf(shift);
  const septets = countSeptets(table, text);
  return septets === null ? null : encodeSeptets(table, text, septets);
}

/** Of one octet per septet. Whatever comes in is decoded: what is no septet becomes U+FFFD. */
export function decodeGsm7(septets: Uint8Array, shift: NationalShift = {}): string {
  return decodeSeptets(septetTableOf(shift), septets);
}
