/**
 * An SMSC may name one message in several ways: hex in the answer to a submit and decimal in the receipt or the other
 * way round, with leading zeros or without, in upper or lower case. Ids are stored in one normal form, and a receipt is
 * looked up by every form its id may have been stored in, the likeliest first.
 *
 * `auto` learns from the letters of hex which side writes it. Digits alone are read in the other base only once that is
 * known: of a carrier that counts its messages up, `1000` and `4096` are two messages. `exact` is for ids in which case
 * or zeros tell messages apart.
 */
export const MESSAGE_ID_BASES = ['auto', 'exact', 'decimal', 'hex', 'hex_then_decimal', 'decimal_then_hex'] as const;

export type MessageIdBase = (typeof MESSAGE_ID_BASES)[number];

/** Of one carrier. */
export interface MessageIds {
  /** The normal form of an id that a submit was answered with. */
  given(id: string): string;
  /** The forms in which the id of a receipt may have been stored. */
  reported(id: string): string[];
}

export function createMessageIds(base: MessageIdBase): MessageIds {
  const decimal = (id: string) => fromDecimal(id) ?? normalize(id);
  const hex = (id: string) => fromHex(id) ?? normalize(id);
  switch (base) {
    case 'auto':
      return createLearner();
    case 'exact':
      return { given: (id) => id, reported: (id) => [id] };
    case 'decimal':
      return { given: decimal, reported: (id) => [decimal(id)] };
    case 'hex':
      return { given: hex, reported: (id) => [hex(id)] };
    case 'hex_then_decimal':
      return { given: hex, reported: (id) => [decimal(id)] };
    case 'decimal_then_hex':
      return { given: decimal, reported: (id) => [hex(id)] };
  }
}

function createLearner(): MessageIds {
  let isGivenInHex = false;
  let isReportedInHex = false;

  /** A decimal id has no letters: one that has them cannot be mistaken for another message's. */
  function formsOf(id: string): (string | null)[] {
    const own = normalize(id);
    if (isGivenInHex && isReportedInHex) return [own];
    if (isSurelyHex(id)) return [own, fromHex(id)];
    if (isGivenInHex) return [decimalToHex(id), own];
    if (isReportedInHex) return [fromHex(id), own];
    const hex = decimalToHex(id) ?? '';
    return [own, isSurelyHex(hex) ? hex : null];
  }

  return {
    given(id) {
      isGivenInHex ||= isSurelyHex(id);
      return normalize(id);
    },
    reported(id) {
      isReportedInHex ||= isSurelyHex(id);
      return formsOf(id).filter((form) => form !== null);
    },
  };
}

const isSurelyHex = (id: string) => HEX.test(unpad(id)) && /[a-f]/i.test(id);

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
