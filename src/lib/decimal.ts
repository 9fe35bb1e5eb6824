/** Digits after the point that are kept: prices have fewer. */
export const DECIMAL_DIGITS = 12;

/** Decimal text as a whole number of its smallest units, so that sums are exact. */
export function toUnits(amount: string): bigint {
  const [whole = '0', fraction = ''] = amount.split('.');
  return BigInt(whole + fraction.padEnd(DECIMAL_DIGITS, '0'));
}

export function fromUnits(units: bigint): string {
  const digits = units.toString().padStart(DECIMAL_DIGITS + 1, '0');
  const fraction = digits.slice(-DECIMAL_DIGITS).replace(/0+$/, '');
  const whole = digits.slice(0, -DECIMAL_DIGITS);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}
