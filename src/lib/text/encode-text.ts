import { type Charset, gsm7, ucs2 } from './charset.ts';
import type { NationalLanguage, NationalShift } from './national-shift.ts';
import { type Replacement, transliterate } from './transliterate.ts';
import { buildUdh, type ReferenceSize, udhOctets } from './udh.ts';

export type Alphabet = 'gsm7' | NationalLanguage;

export interface TextOptions {
  /** 7-bit alphabets the carrier takes, default gsm7 alone. UCS-2 needs no leave: no text is refused or thinned out. */
  allow?: readonly Alphabet[];
  /** Write like characters of a 7-bit alphabet ("smart encoding") where that saves segments. */
  smart?: boolean;
  /** Smart encoding may also write Greek and Cyrillic letters by Latin capitals that look the same. */
  lookalikes?: boolean;
  /**
   * The header of concatenated parts. `none`: the carrier makes it (SAR parameters, message_payload), of 8 bits as
   * far as anyone can know; there is then no header of ours that could announce a national table.
   */
  reference?: 'udh8' | 'udh16' | 'none';
}

export interface Segment {
  text: string;
  /** Septets (gsm7) or UTF-16 units (ucs2). */
  units: number;
  /** One octet per septet, or UTF-16BE; without the header. */
  octets: Uint8Array;
}

export interface EncodedText {
  encoding: 'gsm7' | 'ucs2';
  shift: NationalShift;
  /** What arrives: the text as given or as transliterated, lone surrogates as U+FFFD. */
  text: string;
  /** At least one, as an empty text still takes a message. */
  segments: Segment[];
  units: number;
  /** Room in each segment of this message. */
  unitsPerSegment: number;
  /** Room left in the last segment. */
  remaining: number;
  replaced: Replacement[];
  /** What kept smart encoding from a 7-bit alphabet. */
  unmapped: string[];
  /** Of the header that goes with each segment, null where there is none of ours. */
  referenceSize: ReferenceSize | null;
}

/** The same without what goes on the wire. */
export interface TextSize extends Omit<EncodedText, 'text' | 'segments' | 'referenceSize'> {
  segments: number;
}

const DEFAULT = gsm7();

/** The tables that can save segments. Turkish locking holds all of its single shift table: never both. */
const NATIONAL: Record<NationalLanguage, readonly Charset[]> = {
  turkish: [gsm7({ single: 'turkish' }), gsm7({ locking: 'turkish' })],
  spanish: [gsm7({ single: 'spanish' })],
  portuguese: [
    gsm7({ single: 'portuguese' }),
    gsm7({ locking: 'portuguese' }),
    gsm7({ locking: 'portuguese', single: 'portuguese' }),
  ],
};

/** Preview, billing and wire all read this one result. */
export function encodeText(text: string, options: TextOptions = {}): EncodedText {
  const { allow = ['gsm7'], smart = false, reference = 'udh8' } = options;
  const plain = allow.includes('gsm7') ? [DEFAULT] : [];
  const national = reference === 'none' ? [] : allow.flatMap((name) => (name === 'gsm7' ? [] : NATIONAL[name]));
  // In this order: among equals the earlier one is read by more handsets, or truer to the text.
  let best: Draft | null = null;
  for (const charset of [...plain, ucs2, ...national]) {
    best = better(best, draft(charset === ucs2 ? text.toWellFormed() : text, charset, reference));
    if (best?.parts.length === 1) return finish(best);
  }
  let unmapped: string[] = [];
  for (const charset of smart ? [...plain, ...national] : []) {
    const { lookalikes = false } = options;
    const written = transliterate(text, { has: charset.has, lookalikes });
    if (written.unmapped.length === 0) best = better(best, draft(written.text, charset, reference, written.replaced));
    else if (unmapped.length === 0) unmapped = written.unmapped;
  }
  if (best === null) throw new Error('UCS-2 takes every text');
  return finish(best, best.charset === ucs2 ? unmapped : []);
}

/** For preview and billing: the counts of what `encodeText` sends. */
export function measureText(text: string, options: TextOptions = {}): TextSize {
  const { encoding, shift, segments, units, unitsPerSegment, remaining, replaced, unmapped } = encodeText(
    text,
    options,
  );
  return { encoding, shift, segments: segments.length, units, unitsPerSegment, remaining, replaced, unmapped };
}

/** The user data header that goes before segment `index`; `reference` is the number that all of them share. */
export function segmentUdh(message: EncodedText, index: number, reference: number): Uint8Array {
  const { segments, referenceSize, shift } = message;
  if (referenceSize === null) return buildUdh({ shift });
  return buildUdh({ shift, concatenation: { reference, referenceSize, total: segments.length, part: index + 1 } });
}

interface Draft {
  charset: Charset;
  text: string;
  parts: string[];
  units: number;
  room: number;
  referenceSize: ReferenceSize | null;
  replaced: Replacement[];
}

const REFERENCE_SIZES = { udh8: 8, udh16: 16, none: null } as const;

/** Null when the charset cannot write the text. */
function draft(
  text: string,
  charset: Charset,
  reference: NonNullable<TextOptions['reference']>,
  replaced: Replacement[] = [],
): Draft | null {
  const units = charset.count(text);
  if (units === null) return null;
  const alone = roomOf(charset, null);
  if (units <= alone) return { charset, text, parts: [text], units, room: alone, referenceSize: null, replaced };
  const referenceSize = REFERENCE_SIZES[reference];
  const room = roomOf(charset, referenceSize ?? 8);
  return { charset, text, parts: charset.split(text, room), units, room, referenceSize, replaced };
}

/** 3GPP TS 23.040 §9.2.3.24: header and text share 140 octets, septets start on a septet boundary. */
function roomOf({ encoding, shift }: Charset, referenceSize: ReferenceSize | null): number {
  const octets = 140 - udhOctets(referenceSize, shift);
  return encoding === 'gsm7' ? Math.floor((octets * 8) / 7) : Math.floor(octets / 2);
}

function better(best: Draft | null, other: Draft | null): Draft | null {
  if (best === null || other === null) return best ?? other;
  const saved = best.parts.length - other.parts.length;
  return saved > 0 || (saved === 0 && losses(other) < losses(best)) ? other : best;
}

function losses({ replaced }: Draft): number {
  return replaced.reduce((sum, { count }) => sum + count, 0);
}

function finish(chosen: Draft, unmapped: string[] = []): EncodedText {
  const { charset, text, parts, units, room, referenceSize, replaced } = chosen;
  const { encoding, shift, encode } = charset;
  const segments: Segment[] = parts.map((part) => {
    const partUnits = parts.length === 1 ? units : (charset.count(part) ?? 0);
    return { text: part, units: partUnits, octets: encode(part, partUnits) };
  });
  const remaining = room - (segments.at(-1)?.units ?? 0);
  return {
    encoding,
    shift,
    text,
    segments,
    units,
    unitsPerSegment: room,
    remaining,
    replaced,
    unmapped,
    referenceSize,
  };
}
