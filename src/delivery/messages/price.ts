import type { Price } from '../provider.ts';

const DIGITS = 12;
const DECIMAL = /^\d{1,12}(?:\.\d{1,12})?$/;

/** What carriers told, added up without rounding; null when none did or they told different currencies. */
export function sumPrices(prices: readonly (Price | null | undefined)[]): Price | null {
  const told = prices.filter((price) => price != null);
  const [first] = told;
  if (!first || told.some(({ currency }) => currency !== first.currency)) return null;
  const total = told.reduce((sum, { amount }) => sum + toUnits(amount), 0n);
  return { amount: fromUnits(total), currency: first.currency };
}

/** A decimal number that fits a sum, or nothing. */
export function readPrice(price: Price | undefined): Price | null {
  return price && DECIMAL.test(price.amount) && /^[A-Z]{3}$/.test(price.currency) ? price : null;
}

function toUnits(amount: string): bigint {
  const [whole = '0', fraction = ''] = amount.split('.');
  return BigInt(whole + fraction.padEnd(DIGITS, '0'));
}

function fromUnits(units: bigint): string {
  const digits = units.toString().padStart(DIGITS + 1, '0');
  const fraction = digits.slice(-DIGITS).replace(/0+$/, '');
  const whole = digits.slice(0, -DIGITS);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}
