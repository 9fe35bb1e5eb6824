/**
 * An SMSC may name one message in several ways: hex in the answer to a submit and decimal in the receipt or the other
 * way round, with leading zeros or without, in upper or lower case. Ids are stored in one normal form, and a receipt is
 * looked up by every form its id may have been stored in, the likeliest first.
 *
 * `auto` takes both bases into account and may, with a carrier that counts its messages up in differing bases, find
 * another message: there the configuration has to say which base is which. `exact` is for ids in which case or zeros
 * tell messages apart.
 */
export const MESSAGE_ID_BASES = ['auto', 'exact', 'decimal', 'hex', 'hex_then_decimal', 'decimal_then_hex'] as const;

export type MessageIdBase = (typeof MESSAGE_ID_BASES)[number];

/** The normal form of an id that a submit was answered with. */
export function toProviderId(id: string, base: MessageIdBase): string {
  switch (base) {
    case 'auto':
      return normalize(id);
    case 'exact':
      return id;
    case 'decimal':
    case 'decimal_then_hex':
      return fromDecimal(id) ?? normalize(id);
    case 'hex':
    case 'hex_then_decimal':
      return fromHex(id) ?? normalize(id);
  }
}

/** The forms in which the id of a receipt may have been stored. */
export function toStoredForms(id: string, base: MessageIdBase): string[] {
  switch (base) {
    case 'auto': {
      const swapped = [decimalToHex(id), fromHex(id)].filter((form) => form !== null);
      return [...new Set([normalize(id), ...swapped])];
    }
    case 'exact':
      return [id];
    case 'decimal':
    case 'hex_then_decimal':
      return [fromDecimal(id) ?? normalize(id)];
    case 'hex':
    case 'decimal_then_hex':
      return [fromHex(id) ?? normalize(id)];
  }
}

/** Hex digits and UUIDs mean the same in either case; in other ids a letter may differ from its capital. */
function normalize(id: string): string {
  const text = id.trim();
  const folded = /^[\da-f-]+$/i.test(text) ? text.toLowerCase() : text;
  return folded.replace(/^0+(?=.)/, '');
}

/** Ids that are numbers have 64 bits at most; longer ones are names. */
const DECIMAL = /^\d{1,20}$/;
const HEX = /^[\da-f]{1,16}$/i;

const fromDecimal = (id: string) => (DECIMAL.test(unpad(id)) ? BigInt(unpad(id)).toString() : null);
const fromHex = (id: string) => (HEX.test(unpad(id)) ? BigInt(`0x${unpad(id)}`).toString() : null);
const decimalToHex = (id: string) => (DECIMAL.test(unpad(id)) ? BigInt(unpad(id)).toString(16) : null);
const unpad = (id: string) => id.trim().replace(/^0+(?=.)/, '');
