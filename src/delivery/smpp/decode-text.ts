import { decodeGsm7 } from '../../lib/text/gsm7.ts';
import { decodeLatin1 } from '../../lib/text/latin1.ts';
import type { NationalShift } from '../../lib/text/national-shift.ts';
import { decodeUcs2 } from '../../lib/text/ucs2.ts';

/** What data_coding 0 means: each SMSC has a default alphabet of its own. */
export type DefaultAlphabet = 'gsm7' | 'latin1';

/** All parts of a message joined, without their headers. Never fails: what cannot be read becomes U+FFFD. */
export function decodeText(
  octets: Uint8Array,
  dataCoding: number,
  defaultAlphabet: DefaultAlphabet,
  shift: NationalShift = {},
): string {
  switch (alphabetOf(dataCoding)) {
    case 'default':
      return defaultAlphabet === 'gsm7' ? decodeGsm7(octets, shift) : decodeLatin1(octets);
    case 'ucs2':
      // An odd octet at the end is half a character.
      return decodeUcs2(octets);
    case 'iso-8859-5':
      return new TextDecoder('iso-8859-5').decode(octets);
    case 'iso-8859-8':
      return new TextDecoder('iso-8859-8').decode(octets);
    case 'latin1':
      return decodeLatin1(octets);
  }
}

/** SMPP 3.4 §5.2.19; from 0x10 on the coding groups of 3GPP TS 23.038 §4. Binary is shown octet by octet. */
function alphabetOf(dataCoding: number): 'default' | 'latin1' | 'ucs2' | 'iso-8859-5' | 'iso-8859-8' {
  if (dataCoding === 0) return 'default';
  if (dataCoding === 6) return 'iso-8859-5';
  if (dataCoding === 7) return 'iso-8859-8';
  if (dataCoding === 8) return 'ucs2';
  if (dataCoding < 0x10) return 'latin1';
  // Message waiting, the last of its groups in UCS-2.
  if (dataCoding >= 0xe0 && dataCoding < 0xf0) return 'ucs2';
  if (dataCoding >= 0xc0 && dataCoding < 0xe0) return 'default';
  const bits = dataCoding >= 0xf0 ? dataCoding & 0x04 : dataCoding & 0x0c;
  return bits === 0 ? 'default' : bits === 0x08 ? 'ucs2' : 'latin1';
}
