/** Carriers that want E.164 numbers without the plus; anything else stays as it is. */
export const withoutPlus = (address: string) => (isNumber(address) ? address.replace('+', '') : address);

/** Phone numbers that a carrier writes without the plus. A short code has none and gets none. */
export const withPlus = (digits: string) => (/^[1-9]\d{6,14}$/.test(digits) ? `+${digits}` : digits);

/** A long number or a short code; false for an alphanumeric sender. */
export const isNumber = (sender: string) => /^\+?\d+$/.test(sender);

/** Our reference, as the carrier gives it back. */
export function readReference(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{1,40}$/.test(value) ? value : undefined;
}

/** The callback URL of one message. Only for carriers whose signature covers the query. */
export function withReference(url: string, reference: string): string {
  const referring = new URL(url);
  referring.searchParams.set('ref', reference);
  return referring.href;
}
