import { hash } from 'node:crypto';
import { storable, storableTime } from '../call-provider.ts';
import type { Price, ProviderReceipt } from '../provider.ts';
import type { ReceiptRow } from './load.ts';
import { readPrice } from './price.ts';

/** What is kept of a receipt beside its columns. */
interface Details {
  /** All forms of the carrier's id, when there are several. */
  ids?: string[];
  price?: Price;
  mccMnc?: string;
}

/** How soon a receipt whose message is not there is looked at again: a carrier may be faster than our own database. */
export const FIRST_LOOK_MS = 2_000;

/** Nothing of it says who the recipient is: a late receipt must not bring back a person who was erased. */
export function toReceiptRow(provider: string, receipt: ProviderReceipt, now: number): ReceiptRow {
  const { status, reason = null, mccMnc } = receipt;
  const at = storableTime(receipt.at);
  const given = typeof receipt.providerId === 'string' ? [receipt.providerId] : (receipt.providerId ?? []);
  const ids = [...new Set(given.map((id) => storable(id)))];
  const reference = receipt.reference === undefined ? null : storable(receipt.reference, 40);
  const carrierCode = receipt.carrierCode === undefined ? null : storable(receipt.carrierCode, 40);
  const price = readPrice(receipt.price);
  const details: Details = {
    ...(ids.length > 1 && { ids }),
    ...(price && { price }),
    ...(mccMnc !== undefined && /^\d{4,6}$/.test(mccMnc) && { mccMnc }),
  };
  const [id = null] = ids;
  return {
    key: hash('sha256', JSON.stringify([provider, id ?? reference, status, reason, carrierCode, at]), 'base64url'),
    provider,
    provider_id: id,
    reference,
    message_id: null,
    attempt: null,
    status,
    reason,
    carrier_code: carrierCode,
    details: Object.keys(details).length > 0 ? JSON.stringify(details) : null,
    at,
    received_at: now,
    due_at: now + FIRST_LOOK_MS,
  };
}

export function readDetails({ details }: Pick<ReceiptRow, 'details'>): Details {
  return details === null ? {} : (JSON.parse(details) as Details);
}

/** Every form the carrier's id may have been stored in. */
export function idsOf(receipt: Pick<ReceiptRow, 'details' | 'provider_id'>): string[] {
  const { ids } = readDetails(receipt);
  if (ids) return ids;
  return receipt.provider_id === null ? [] : [receipt.provider_id];
}
