/** 3GPP TS 23.038 §6.2.1: the default alphabet in table order, so that the index is the septet. 0x1B escapes. */
const BASIC =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?' +
  '¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';

/** 3GPP TS 23.038 §6.2.1.1: sent as an escape and a second septet. */
const EXTENSION = '\f^{}\\[~]|€';

const ESCAPE = '\x1b';

/** Indexed by UTF-16 unit; 0 = not in the alphabet. */
const septets = new Uint8Array('€'.charCodeAt(0) + 1);
for (const character of BASIC) if (character !== ESCAPE) septets[character.charCodeAt(0)] = 1;
for (const character of EXTENSION) septets[character.charCodeAt(0)] = 2;

/** How many septets a UTF-16 unit takes in the GSM alphabet: 1, 2, or 0 when it is not in it. */
export function septetsOf(unit: number): number {
  return septets[unit] ?? 0;
}
