import { type EncodedText, encodeText, segmentUdh } from '../../lib/text/encode-text.ts';
import type { PartReference } from '../../lib/text/lay-out.ts';
import type { NationalLanguage } from '../../lib/text/national-shift.ts';
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
  nationalAlphabets: readonly NationalLanguage[];
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
  const written = carrierSplits ? writeText(text, smart, form, 'none') : withOurHeader(text, smart, form, longMessages);
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

/** The larger reference takes room: where it would take one part more than was counted, the smaller one is used. */
function withOurHeader(text: string, smart: boolean, form: TextForm, header: 'udh16' | 'udh8'): EncodedText {
  const written = writeText(text, smart, form, header);
  if (header === 'udh8' || written.segments.length === 1) return written;
  const smaller = writeText(text, smart, form, 'udh8');
  return smaller.segments.length < written.segments.length ? smaller : written;
}

function writeText(text: string, smart: boolean, form: TextForm, reference: PartReference): EncodedText {
  const allow =
    form.defaultAlphabet === 'latin1' ? (['latin1'] as const) : ['gsm7' as const, ...form.nationalAlphabets];
  return encodeText(text, { smart, reference, allow });
}

function sarTlvs(reference: number, total: number, index: number): Tlv[] {
  if (total === 1) return [];
  return [
    { tag: TAG.sar_msg_ref_num, value: Uint8Array.of((reference >> 8) & 0xff, reference & 0xff) },
    { tag: TAG.sar_total_segments, value: Uint8Array.of(total) },
    { tag: TAG.sar_segment_seqnum, value: Uint8Array.of(index + 1) },
  ];
}
