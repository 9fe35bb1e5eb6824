import { isOfCode } from './delivery-numbers.ts';

/** What a carrier's stand-in was handed. */
export interface Arrivals {
  messages: number;
  /** Of the last one, epoch ms. */
  lastAtMs: number;
  /** Since the last question: number in digits, and when it came. */
  codes: [digits: string, atMs: number][];
}

/** For all processes of this machine: the wall clock, with fractions of a millisecond. */
export function wallClockMs(): number {
  return performance.timeOrigin + performance.now();
}

/** Notes arrivals and answers the process that started this one: with its port, how many arrived, or what. */
export function createArrivals(listening: Promise<number>) {
  let arrived: Arrivals = { messages: 0, lastAtMs: 0, codes: [] };
  process.on('message', async ({ kind }: { kind: 'port' | 'count' | 'arrivals' }) => {
    if (kind === 'port') {
      process.send?.(await listening);
      return;
    }
    if (kind === 'count') {
      process.send?.(arrived.messages);
      return;
    }
    process.send?.(arrived);
    arrived = { ...arrived, codes: [] };
  });
  return (digits: string) => {
    arrived.messages += 1;
    arrived.lastAtMs = wallClockMs();
    if (isOfCode(digits)) arrived.codes.push([digits, arrived.lastAtMs]);
  };
}
