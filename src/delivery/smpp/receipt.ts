import type { ProviderReceipt, ReceiptStatus } from '../provider.ts';
import { readCarrierCode } from '../providers/support/carrier-code.ts';
import type { Reason } from '../reasons.ts';
import { type DefaultAlphabet, decodeText } from './decode-text.ts';
import type { MessageIds } from './message-id.ts';
import { ESM_CLASS, TAG } from './protocol.ts';
import type { DeliverSm } from './read-pdu.ts';
import { parseReceiptDate, parseReceiptText, type ReceiptText } from './receipt-text.ts';

export interface ReceiptForm {
  messageIds: MessageIds;
  defaultAlphabet: DefaultAlphabet;
  /** Of the carrier's clock; without it the time of a receipt is not known. */
  utcOffsetMinutes: number | null;
}

/**
 * By bits, as carriers set others beside them. A phone can write the text of a receipt but can set neither these bits
 * nor the TLVs, hence its text alone is never taken for one.
 */
export function isReceipt({ esmClass, tlvs }: DeliverSm): boolean {
  return (esmClass & ESM_CLASS.receipts) !== 0 || (tlvs.has(TAG.receipted_message_id) && tlvs.has(TAG.message_state));
}

/** Null when it does not say which message it is about. */
export function readReceipt(message: DeliverSm, form: ReceiptForm): ProviderReceipt | null {
  const { tlvs } = message;
  const text = parseReceiptText(textOf(message, form.defaultAlphabet));
  const named = readTlvText(tlvs.get(TAG.receipted_message_id));
  // A carrier may name it in differing bases in the two places.
  const ids = [named, text.id].filter((id) => id !== undefined && id !== '') as string[];
  if (ids.length === 0) return null;
  const providerId = [...new Set(ids.flatMap(form.messageIds.reported))];
  const state = tlvs.get(TAG.message_state)?.[0];
  const status = STATES[state ?? -1] ?? statusOf(text.state);
  const at =
    form.utcOffsetMinutes === null || !text.doneDate ? null : parseReceiptDate(text.doneDate, form.utcOffsetMinutes);
  return {
    providerId,
    status,
    ...readError(tlvs.get(TAG.network_error_code), text, status),
    ...(at !== null && { at }),
  };
}

/** data_coding 8 may stand over plain ASCII: what reads as a receipt octet by octet is one. */
function textOf({ dataCoding, shortMessage, tlvs }: DeliverSm, defaultAlphabet: DefaultAlphabet): string {
  const octets = shortMessage.length > 0 ? shortMessage : (tlvs.get(TAG.message_payload) ?? shortMessage);
  const plain = octets.toString('latin1');
  return /\b(?:id|stat):/i.test(plain) ? plain : decodeText(octets, dataCoding, defaultAlphabet);
}

/** A C-octet string whose NUL some carriers leave out. */
function readTlvText(value: Buffer | undefined): string | undefined {
  return value?.toString('latin1').split('\0', 1)[0]?.trim();
}

/** SMPP 3.4 §5.2.28; 0 and 9 are of 5.0. ACCEPTED is by the book a person's reading it, in fact the carrier's taking it. */
const STATES: Readonly<Record<number, ReceiptStatus>> = {
  0: 'buffered',
  1: 'sent',
  2: 'delivered',
  3: 'expired',
  4: 'undelivered',
  5: 'undelivered',
  6: 'sent',
  7: 'unknown',
  8: 'rejected',
  9: 'undelivered',
};

/** Beside those of appendix B the ones that carriers are seen to send. */
const WORDS: Readonly<Record<string, ReceiptStatus>> = {
  SCHEDLD: 'buffered',
  BUFFRED: 'buffered',
  BUFFERD: 'buffered',
  ACKED: 'buffered',
  ENROUTE: 'sent',
  ACCEPTD: 'sent',
  ACCEPTED: 'sent',
  DELIVRD: 'delivered',
  DELIVERED: 'delivered',
  EXPIRED: 'expired',
  DELETED: 'undelivered',
  UNDELIV: 'undelivered',
  UNDELIVERED: 'undelivered',
  UNDELIVERABLE: 'undelivered',
  FAILED: 'undelivered',
  SKIPPED: 'undelivered',
  UNKNOWN: 'unknown',
  REJECTD: 'rejected',
  REJECTED: 'rejected',
};

function statusOf(word = ''): ReceiptStatus {
  const upper = word.toUpperCase();
  return (Object.hasOwn(WORDS, upper) && WORDS[upper]) || 'unknown';
}

const GSM_NETWORK = 3;

/** MAP errors, 3GPP TS 29.002 §17.6.6, those that say something of the recipient. */
const MAP_ERRORS: Readonly<Record<number, Reason>> = {
  1: 'invalid_recipient',
  5: 'invalid_recipient',
  6: 'unreachable_recipient',
  9: 'blocked_recipient',
  11: 'blocked_recipient',
  12: 'blocked_recipient',
  13: 'blocked_recipient',
  21: 'unsupported',
  27: 'unreachable_recipient',
  31: 'busy',
  32: 'unreachable_recipient',
  34: 'network_error',
};

function readError(
  networkError: Buffer | undefined,
  text: ReceiptText,
  status: ReceiptStatus,
): { reason?: Reason; carrierCode?: string } {
  if (status === 'delivered' || status === 'sent' || status === 'buffered') return {};
  const expired = status === 'expired' ? ({ reason: 'expired' } as const) : {};
  if (networkError?.length === 3) {
    const network = networkError.readUInt8(0);
    const error = networkError.readUInt16BE(1);
    const reason = network === GSM_NETWORK ? MAP_ERRORS[error] : undefined;
    return { carrierCode: `net:${network}:${error}`, ...(reason && { reason }), ...expired };
  }
  const carrierCode = readCarrierCode(text.error);
  return { ...(carrierCode !== undefined && { carrierCode }), ...expired };
}
