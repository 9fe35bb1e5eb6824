import { LANGUAGE_IDS, type NationalLanguage, type NationalShift } from './national-shift.ts';

/** Size of the number that parts of one message share: 8 bits (IE 0x00) or 16 (IE 0x08). */
export type ReferenceSize = 8 | 16;

export interface Concatenation {
  reference: number;
  referenceSize: ReferenceSize;
  total: number;
  /** From 1. */
  part: number;
}

/** 3GPP TS 23.040 §9.2.3.24: what a user data header says of the text behind it. */
export interface UserDataHeader {
  concatenation?: Concatenation;
  shift?: NationalShift;
}

const CONCATENATED_8 = 0x00;
const CONCATENATED_16 = 0x08;
const SINGLE_SHIFT = 0x24;
const LOCKING_SHIFT = 0x25;

/** The most parts that can be numbered. */
export const MAX_PARTS = 255;

/** Octets with the length octet, none when the header says nothing. */
export function buildUdh({ concatenation, shift = {} }: UserDataHeader): Uint8Array {
  const elements: number[] = [];
  if (concatenation) elements.push(...concatenationElement(concatenation));
  if (shift.single) elements.push(SINGLE_SHIFT, 1, LANGUAGE_IDS[shift.single]);
  if (shift.locking) elements.push(LOCKING_SHIFT, 1, LANGUAGE_IDS[shift.locking]);
  return elements.length === 0 ? new Uint8Array() : Uint8Array.of(elements.length, ...elements);
}

function concatenationElement({ reference, referenceSize, total, part }: Concatenation): number[] {
  if (!(part >= 1 && part <= total && total <= MAX_PARTS)) throw new RangeError(`part ${part} of ${total}`);
  return referenceSize === 8
    ? [CONCATENATED_8, 3, reference & 0xff, total, part]
    : [CONCATENATED_16, 4, (reference >> 8) & 0xff, reference & 0xff, total, part];
}

/** The length of what `buildUdh` builds. */
export function udhOctets(referenceSize: ReferenceSize | null, { locking, single }: NationalShift): number {
  const concatenation = referenceSize === null ? 0 : referenceSize === 8 ? 5 : 6;
  const elements = concatenation + (locking ? 3 : 0) + (single ? 3 : 0);
  return elements === 0 ? 0 : elements + 1;
}

/**
 * The header at the start of user data, and how many octets it takes. Null when it is longer than the data. Elements
 * that are unknown or malformed are passed over, of repeated ones the last one counts (§9.2.3.24).
 */
export function parseUdh(userData: Uint8Array): { header: UserDataHeader; octets: number } | null {
  const [length, ...rest] = userData;
  if (length === undefined || length > rest.length) return null;
  const header: UserDataHeader = {};
  const elements = userData.subarray(1, 1 + length);
  for (let at = 0; at + 1 < elements.length; ) {
    const size = elements[at + 1] ?? 0;
    const data = elements.subarray(at + 2, at + 2 + size);
    if (data.length === size) readElement(header, elements[at] ?? 0, data);
    at += 2 + size;
  }
  return { header, octets: 1 + length };
}

function readElement(header: UserDataHeader, id: number, data: Uint8Array): void {
  if ((id === CONCATENATED_8 && data.length === 3) || (id === CONCATENATED_16 && data.length === 4)) {
    const [total = 0, part = 0] = data.subarray(-2);
    // §9.2.3.24.1: with other numbers the whole element is ignored.
    if (part < 1 || part > total) return;
    const reference = data.subarray(0, -2).reduce((sum, octet) => sum * 256 + octet, 0);
    header.concatenation = { reference, referenceSize: id === CONCATENATED_8 ? 8 : 16, total, part };
  }
  const language = data.length === 1 ? languageOf(data[0]) : undefined;
  if (language === undefined) return;
  if (id === SINGLE_SHIFT) header.shift = { ...header.shift, single: language };
  if (id === LOCKING_SHIFT && language !== 'spanish') header.shift = { ...header.shift, locking: language };
}

function languageOf(id: number | undefined): NationalLanguage | undefined {
  return (Object.keys(LANGUAGE_IDS) as NationalLanguage[]).find((language) => LANGUAGE_IDS[language] === id);
}
