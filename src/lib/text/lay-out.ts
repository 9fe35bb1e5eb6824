import type { Charset } from './charset.ts';
import { type ReferenceSize, udhOctets } from './udh.ts';

/** The header of concatenated parts: ours with an 8-bit or 16-bit reference, or one that the carrier makes. */
export type PartReference = 'udh8' | 'udh16' | 'none';

/** A text cut to fit. */
export interface Layout {
  charset: Charset;
  text: string;
  parts: string[];
  units: number;
  /** Units that fit each part. */
  room: number;
  /** Null when no header of ours numbers the parts. */
  referenceSize: ReferenceSize | null;
}

const REFERENCE_SIZES = { udh8: 8, udh16: 16, none: null } as const satisfies Record<
  PartReference,
  ReferenceSize | null
>;

/** Null when the charset cannot write the text. */
export function layOut(text: string, charset: Charset, reference: PartReference): Layout | null {
  const units = charset.count(text);
  return units === null ? null : layOutUnits(text, charset, units, reference);
}

/** With the units already counted. */
export function layOutUnits(text: string, charset: Charset, units: number, reference: PartReference): Layout {
  const alone = roomOf(charset, null);
  if (units <= alone) return { charset, text, parts: [text], units, room: alone, referenceSize: null };
  const referenceSize = REFERENCE_SIZES[reference];
  // Carriers that make the header say nothing of its size; 8 bits is what they bill by.
  const room = roomOf(charset, referenceSize ?? 8);
  return { charset, text, parts: charset.split(text, room), units, room, referenceSize };
}

/** 3GPP TS 23.040 §9.2.3.24: header and text share 140 octets, and septets start on a septet boundary. */
function roomOf({ encoding, shift }: Charset, referenceSize: ReferenceSize | null): number {
  const octets = 140 - udhOctets(referenceSize, shift);
  return encoding === 'gsm7' ? Math.floor((octets * 8) / 7) : Math.floor(octets / 2);
}
