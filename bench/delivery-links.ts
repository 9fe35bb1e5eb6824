import { startWorker, type Worker } from './child-process.ts';
import type { Row } from './delivery-report.ts';
import type { ClientKind, SmppOrder, SmppSlice } from './smpp-driver.ts';
import { spreadOf } from './statistics.ts';

/**
 * One bind that submits as fast as its window lets: the npm package `smpp` as it comes, our link, and the whole carrier
 * (text, queue, verdict) over that link. Slices take turns, and ratios are of neighbours.
 */
const KINDS: readonly ClientKind[] = ['package', 'link', 'carrier'];

export interface Links {
  measure(window: number, rounds: number, durationMs: number): Promise<Row[]>;
  /** Messages per second of the package, as a yardstick beside something else. */
  packageRate(window: number, durationMs: number): Promise<number>;
  stop(): Promise<void>;
}

export function openLinks(runFolder: string, smscPort: number): Links {
  const drivers = new Map(KINDS.map((kind) => [kind, startWorker(runFolder, 'bench/smpp-driver.ts', [kind])]));
  const ask = (driver: Worker | undefined, window: number, durationMs: number) => {
    if (!driver) throw new Error('no such client');
    return driver.ask<SmppSlice>({ port: smscPort, window, durationMs } satisfies SmppOrder);
  };

  async function runRound(window: number, durationMs: number): Promise<SmppSlice[]> {
    const slices: SmppSlice[] = [];
    for (const driver of drivers.values()) slices.push(await ask(driver, window, durationMs));
    return slices;
  }

  return {
    async measure(window, rounds, durationMs) {
      await runRound(window, durationMs); // until the code is compiled
      const measured: SmppSlice[][] = [];
      for (let round = 0; round < rounds; round += 1) measured.push(await runRound(window, durationMs));
      return KINDS.map((kind, index) => toRow(window, kind, index, measured));
    },
    packageRate: async (window, durationMs) => rateOf(await ask(drivers.get('package'), window, durationMs)),
    async stop() {
      for (const driver of drivers.values()) await driver.stop();
    },
  };
}

function rateOf({ messages, elapsedMs }: SmppSlice): number {
  return (messages * 1_000) / elapsedMs;
}

function toRow(window: number, kind: ClientKind, index: number, rounds: readonly SmppSlice[][]): Row {
  const spread = (of: (slice: SmppSlice, yardstick: SmppSlice) => number) =>
    spreadOf(rounds.flatMap((slices) => (slices[index] && slices[0] ? [of(slices[index], slices[0])] : [])));
  const timesPackage = spread((slice, yardstick) => rateOf(slice) / rateOf(yardstick));
  return {
    name: `window ${window}: ${kind === 'package' ? 'the package smpp' : kind}`,
    perSecond: spread(rateOf),
    timesPackage,
    serverUs: spread(({ messages, cpuMs }) => (cpuMs * 1_000) / messages),
    ...(kind === 'link' && window === 100 && { aim: { text: '≥ 3 × package', met: timesPackage.median >= 3 } }),
  };
}
