import { type Alphabet, type EncodedText, encodeText, segmentUdh } from '../../lib/text/encode-text.ts';
import { encodeLatin1 } from '../../lib/text/latin1.ts';
import { MAX_PARTS } from '../../lib/text/udh.ts';
import type { DefaultAlphabet } from './decode-text.ts';
import { ESM_CLASS, TAG, type Tlv } from './protocol.ts';

/** How a carrier takes texts. */
export interface TextForm {
  defaultAlphabet: DefaultAlphabet;
  /** What a text in that alphabet is announced as. */
  defaultDataCoding: number;
  longMessages: 'udh16' | 'udh8' | 'sar' | 'payload';
  maxParts: number;
  nationalAlphabets: readonly Exclude<Alphabet, 'gsm7'>[];
}

/** What of a submit_sm depends on the text. */
export interface Part {
  esmClass: number;
  dataCoding: number;
  shortMessage: Uint8Array;
  tlvs: readonly Tlv[];
}

const UCS2 = 8;

/** `reference`: what the parts of this message share. Null when it takes more parts than the carrier gets. */
export function composeParts(text: string, smart: boolean, form: TextForm, reference: number): Part[] | null {
  const { longMessages } = form;
  const carrierSplits = longMessages === 'sar' || longMessages === 'payload';
  const options = { smart, reference: carrierSplits ? ('none' as const) : longMessages };
  const encoded = encodeText(text, { ...options, allow: ['gsm7', ...form.nationalAlphabets] });
  const written = writeSegments(encoded, form) ?? encodeText(text, { ...options, allow: [] });
  const { segments, encoding } = written;
  if (segments.length > Math.min(form.maxParts, MAX_PARTS)) return null;
  const dataCoding = encoding === 'ucs2' ? UCS2 : form.defaultDataCoding;
  const all = segments.map(({ octets }) => octets);
  if (longMessages === 'payload' && all.length > 1) {
    const payload = { tag: TAG.message_payload, value: Buffer.concat(all) };
    return [{ esmClass: 0, dataCoding, shortMessage: new Uint8Array(), tlvs: [payload] }];
  }
  return all.map((octets, index) => {
    if (carrierSplits) {
      return { esmClass: 0, dataCoding, shortMessage: octets, tlvs: sarTlvs(reference, all.length, index) };
    }
    const header = segmentUdh(written, index, reference);
    if (header.length === 0) return { esmClass: 0, dataCoding, shortMessage: octets, tlvs: [] };
    const shortMessage = Buffer.concat([header, octets]);
    return { esmClass: ESM_CLASS.user_data_header, dataCoding, shortMessage, tlvs: [] };
  });
}

/**
 * Where the default alphabet is Latin-1, the SMSC makes septets of it: cut as GSM-7, written as Latin-1. Null when a
 * character is in the one and not in the other.
 */
function writeSegments(encoded: EncodedText, { defaultAlphabet }: TextForm): EncodedText | null {
  if (encoded.encoding === 'ucs2' || defaultAlphabet === 'gsm7') return encoded;
  const segments = [];
  for (const segment of encoded.segments) {
    const octets = encodeLatin1(segment.text);
    if (!octets) return null;
    segments.push({ ...segment, octets });
  }
  return { ...encoded, segments };
}

function sarTlvs(reference: number, total: number, index: number): Tlv[] {
  if (total === 1) return [];
  return [
    { tag: TAG.sar_msg_ref_num, value: Uint8Array.of((reference >> 8) & 0xff, reference & 0xff) },
    { tag: TAG.sar_total_segments, value: Uint8Array.of(total) },
    { tag: TAG.sar_segment_seqnum, value: Uint8Array.of(index + 1) },
  ];
}
