import { type Charset, gsm7, latin1, ucs2 } from './charset.ts';
import { type Layout, layOut, layOutUnits, type PartReference } from './lay-out.ts';
import type { NationalLanguage, NationalShift } from './national-shift.ts';
import { type Replacement, transliterate } from './transliterate.ts';
import { buildUdh, type ReferenceSize } from './udh.ts';

/** `latin1`: the default alphabet as far as Latin-1 has it, for carriers whose own alphabet that is. It stands alone. */
export type Alphabet = 'gsm7' | 'latin1' | NationalLanguage;

export interface TextOptions {
  /** 7-bit alphabets the carrier takes, default gsm7 alone. UCS-2 needs no leave: no text is refused or thinned out. */
  allow?: readonly Alphabet[];
  /** Write like characters of a 7-bit alphabet ("smart encoding") where that saves segments. */
  smart?: boolean;
  /** Smart encoding may also write Greek and Cyrillic letters by Latin ones that look the same. */
  lookalikes?: boolean;
  /**
   * Default udh8. `none`: the carrier makes the header (SAR parameters, message_payload), so that no national table
   * can be announced in it.
   */
  reference?: PartReference;
}

export interface Segment {
  text: string;
  /** Septets (gsm7) or UTF-16 units (ucs2). */
  units: number;
  /** One octet per septet, or per character where latin1 was allowed, or UTF-16BE; without the header. */
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
  /** What smart encoding wrote by other characters. */
  replaced: Replacement[];
  /** What kept it from a 7-bit alphabet: the first such graphemes. */
  unmapped: string[];
  /** Of the header that numbers the segments; null where there is none of ours. */
  referenceSize: ReferenceSize | null;
}

/** The same without what goes on the wire. */
export interface TextSize extends Omit<EncodedText, 'text' | 'segments' | 'referenceSize'> {
  segments: number;
}

interface Candidate {
  layout: Layout;
  replaced: Replacement[];
}

const DEFAULT = gsm7();
const LATIN1 = latin1();

/** The tables that can save segments. Turkish locking holds all of its single shift table: never both. */
const NATIONAL: readonly (readonly [NationalLanguage, Charset])[] = [
  ['turkish', gsm7({ single: 'turkish' })],
  ['turkish', gsm7({ locking: 'turkish' })],
  ['spanish', gsm7({ single: 'spanish' })],
  ['portuguese', gsm7({ single: 'portuguese' })],
  ['portuguese', gsm7({ locking: 'portuguese' })],
  ['portuguese', gsm7({ locking: 'portuguese', single: 'portuguese' })],
];

/**
 * Preview, billing and wire all read this one result: the fewest segments, then the fewest replaced characters, then
 * what the most handsets can read.
 */
export function encodeText(text: string, options: TextOptions = {}): EncodedText {
  const { allow = ['gsm7'], smart = false, lookalikes = false, reference = 'udh8' } = options;
  const { plain, national } = charsetsOf(allow, reference);
  const laid = plain && layOut(text, plain, reference);
  // Never UCS-2 as well: even of extension characters alone, more fit a segment than UTF-16 units do.
  let best: Candidate = { layout: laid ?? layOutUcs2(text, reference), replaced: [] };
  if (best.layout.parts.length === 1) return finish(best, []);
  for (const charset of national) best = better(best, layOut(text, charset, reference), []);
  const unmapped: string[] = [];
  if (smart && laid === null && best.layout.parts.length > 1) {
    for (const charset of plain ? [plain, ...national] : national) {
      const written = transliterate(text, { has: charset.has, lookalikes });
      if (written.kind === 'ok') best = better(best, layOut(written.text, charset, reference), written.replaced);
      else if (unmapped.length === 0) unmapped.push(...written.graphemes);
    }
  }
  return finish(best, best.layout.charset === ucs2 ? unmapped : []);
}

/** For preview and billing: the counts of what `encodeText` sends. */
export function measureText(text: string, options: TextOptions = {}): TextSize {
  const { text: _text, segments, referenceSize: _size, ...size } = encodeText(text, options);
  return { ...size, segments: segments.length };
}

/** The user data header that goes before segment `index`; `reference` is the number that all of them share. */
export function segmentUdh(message: EncodedText, index: number, reference: number): Uint8Array {
  const { segments, referenceSize, shift } = message;
  if (referenceSize === null) return buildUdh({ shift });
  return buildUdh({ shift, concatenation: { reference, referenceSize, total: segments.length, part: index + 1 } });
}

function charsetsOf(
  allow: readonly Alphabet[],
  reference: PartReference,
): { plain: Charset | null; national: readonly Charset[] } {
  if (allow.includes('latin1')) return { plain: LATIN1, national: [] };
  const plain = allow.includes('gsm7') ? DEFAULT : null;
  const announced = reference === 'none' ? [] : NATIONAL.filter(([language]) => allow.includes(language));
  return { plain, national: announced.map(([, charset]) => charset) };
}

function layOutUcs2(text: string, reference: PartReference): Layout {
  const wellFormed = text.toWellFormed();
  return layOutUnits(wellFormed, ucs2, wellFormed.length, reference);
}

function better(best: Candidate, layout: Layout | null, replaced: Replacement[]): Candidate {
  if (layout === null) return best;
  const saved = best.layout.parts.length - layout.parts.length;
  return saved > 0 || (saved === 0 && losses(replaced) < losses(best.replaced)) ? { layout, replaced } : best;
}

function losses(replaced: Replacement[]): number {
  return replaced.reduce((sum, { count }) => sum + count, 0);
}

function finish({ layout, replaced }: Candidate, unmapped: string[]): EncodedText {
  const { charset, text, parts, units, room, referenceSize } = layout;
  const segments = parts.map((part): Segment => {
    const partUnits = parts.length === 1 ? units : (charset.count(part) ?? 0);
    return { text: part, units: partUnits, octets: charset.encode(part, partUnits) };
  });
  return {
    encoding: charset.encoding,
    shift: charset.shift,
    text,
    segments,
    units,
    unitsPerSegment: room,
    remaining: room - (segments.at(-1)?.units ?? 0),
    replaced,
    unmapped,
    referenceSize,
  };
}
