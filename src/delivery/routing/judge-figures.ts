import type { Figures } from './health.ts';
import type { Counts } from './provider-stats.ts';

/** `of` messages, `hits` of which came to something. */
interface Ratio {
  hits: number;
  of: number;
}

const conversion = (counts: Counts): Ratio => ({ hits: counts.codes_approved, of: counts.codes_sent });
const delivery = (counts: Counts): Ratio => ({ hits: counts.delivered, of: counts.delivered + counts.undelivered });
const acceptance = (counts: Counts): Ratio => ({ hits: counts.accepted, of: counts.sent });

/** Fewer messages say nothing. */
export const ENOUGH = 24;
/** How many messages of average luck each provider is given in advance, so that few samples do not decide. */
const PRIOR = 20;
/** Fails when it surely reaches less than this share of what it, or another one, used to reach. */
const FAILING_SHARE = 0.25;
/** One-sided 95 %. */
const Z = 1.645;

/** What is expected of a message through it, from 0 to 1. Null: a provider without figures. */
export function scoreOf(own: Counts | null, all: readonly Figures[]): number {
  const measure = [conversion, delivery].find((one) => pool(all, one).of >= ENOUGH) ?? acceptance;
  const average = rateOf(pool(all, measure)) ?? 0.5;
  const { hits, of } = own ? measure(own) : { hits: 0, of: 0 };
  return (hits + average * PRIOR) / (of + PRIOR);
}

/**
 * Its newest codes are not approved, or its newest receipts say undelivered, although codes to this country usually
 * arrive: through it, until now, or through others. Where they do not arrive through anybody it is not the provider.
 */
export function isFailing(one: Figures, all: readonly Figures[]): boolean {
  return [conversion, delivery].some((measure) => {
    const recent = measure(one.recent);
    if (recent.of < ENOUGH) return false;
    const rates = all.map(({ long }) => measure(long)).filter(({ of }) => of >= ENOUGH);
    const expected = Math.max(0, ...rates.map((ratio) => rateOf(ratio) ?? 0));
    return upperBound(recent) < expected * FAILING_SHARE;
  });
}

function pool(all: readonly Figures[], measure: (counts: Counts) => Ratio): Ratio {
  const sum = { hits: 0, of: 0 };
  for (const { long } of all) {
    const { hits, of } = measure(long);
    sum.hits += hits;
    sum.of += of;
  }
  return sum;
}

export function rateOf({ hits, of }: Ratio): number | null {
  return of === 0 ? null : Math.min(1, hits / of);
}

/** Of the true rate, by Wilson's score interval (1927): holds for few samples and for rates near 0 too. */
export function upperBound({ hits, of }: Ratio): number {
  const rate = Math.min(1, hits / of);
  const z2 = Z * Z;
  const margin = Z * Math.sqrt((rate * (1 - rate)) / of + z2 / (4 * of * of));
  return (rate + z2 / (2 * of) + margin) / (1 + z2 / of);
}
