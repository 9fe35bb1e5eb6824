import type { Address } from './protocol.ts';

export interface SenderNumbering {
  shortCodeTon: number;
  shortCodeNpi: number;
}

const INTERNATIONAL = { ton: 1, npi: 1 } as const;
const ALPHANUMERIC = { ton: 5, npi: 0 } as const;

/** Longer ones are national or international numbers. */
const SHORT_CODE = /^\d{2,8}$/;
const LONG_NUMBER = /^\+?\d{9,15}$/;
/** 3GPP TS 23.040 §9.1.2.5: eleven septets. */
const NAME = /^[\x20-\x7e]{1,11}$/;

/** Null for a sender that cannot be written so. */
export function senderAddress(from: string, { shortCodeTon, shortCodeNpi }: SenderNumbering): Address | null {
  if (SHORT_CODE.test(from)) return { ton: shortCodeTon, npi: shortCodeNpi, address: from };
  if (LONG_NUMBER.test(from)) return { ...INTERNATIONAL, address: from.replace('+', '') };
  if (!NAME.test(from) || /^[+\d]+$/.test(from)) return null;
  return { ...ALPHANUMERIC, address: from };
}

/** Null when it is not E.164. */
export function recipientAddress(to: string): Address | null {
  return /^\+\d{7,15}$/.test(to) ? { ...INTERNATIONAL, address: to.slice(1) } : null;
}

/** As the rest of the product writes it. Many SMSCs leave the TON of an international number at "unknown". */
export function readAddress({ ton, address }: Address): string {
  const isInternational = ton === INTERNATIONAL.ton || (ton === 0 && /^[1-9]\d{9,14}$/.test(address));
  return isInternational && /^\d+$/.test(address) ? `+${address}` : address;
}
