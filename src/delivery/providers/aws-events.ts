import type { CallbackResult, InboundMessage, ProviderReceipt } from '../provider.ts';
import { awsEvents } from './aws-codes.ts';
import { readReference } from './support/address.ts';
import { lookUp } from './support/look-up.ts';
import { readMccMnc, readPrice } from './support/read-facts.ts';
import { parseJson, readId, readObject, readText } from './support/read-value.ts';
import { receiptOf } from './support/receipt.ts';

/** What a notification of SNS carries, its signature once judged. */
export function readNotification(message: string, kind: 'receipts' | 'inbound'): CallbackResult {
  if (kind === 'inbound') {
    const inbound = readInbound(parseJson(message));
    return inbound ? { kind: 'taken', inbound: [inbound] } : { kind: 'unreadable', why: 'not an inbound SMS' };
  }
  const receipt = readEvent(parseJson(message));
  return receipt ? { kind: 'taken', receipts: [receipt] } : { kind: 'unreadable', why: 'not an SMS event' };
}

/** docs.aws.amazon.com/sms-voice/latest/userguide/configuration-sets-event-format */
function readEvent(value: unknown): ProviderReceipt | null {
  const event = readObject(value);
  const providerId = readId(event.messageId);
  const type = readText(event.eventType);
  if (providerId === undefined || type === undefined) return null;
  const [status, reason] = lookUp(awsEvents, type) ?? ['unknown' as const];
  const facts = {
    providerId,
    reference: readReference(readObject(event.context).reference),
    at: typeof event.eventTimestamp === 'number' ? event.eventTimestamp : undefined,
    price: readPrice(sum(event.totalMessagePrice, event.totalCarrierFee), 'USD'),
    mccMnc: readMccMnc(event.mcc, event.mnc),
  };
  return receiptOf(status, facts, reason, type);
}

/** What it costs in all, without the dust of binary fractions. */
function sum(price: unknown, fee: unknown): number | undefined {
  if (typeof price !== 'number') return undefined;
  return Number((price + (typeof fee === 'number' ? fee : 0)).toFixed(6));
}

/** docs.aws.amazon.com/sms-voice/latest/userguide/two-way-sms-payload */
function readInbound(value: unknown): InboundMessage | null {
  const { inboundMessageId, originationNumber, destinationNumber, messageBody } = readObject(value);
  const [providerId, from, to] = [readId(inboundMessageId), readText(originationNumber), readText(destinationNumber)];
  if (providerId === undefined || from === undefined || to === undefined || typeof messageBody !== 'string')
    return null;
  return { providerId, channel: 'sms', from, to, text: messageBody };
}
