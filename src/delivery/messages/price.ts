import { fromUnits, toUnits } from '../../lib/decimal.ts';
import type { Price } from '../provider.ts';

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
