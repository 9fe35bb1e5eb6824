import { parseArgs } from 'node:util';
import { freePorts } from '../test/rig/free-ports.ts';
import { openRunFolder } from '../test/rig/run-folder.ts';
import { startServer, startWorker, type Worker } from './child-process.ts';
import { describeMachine } from './report.ts';
import type { ClientKind, SmppOrder, SmppSlice } from './smpp-driver.ts';
import { type Spread, spreadOf } from './statistics.ts';

/**
 * One bind that submits as fast as its window lets: the npm package `smpp` as it comes, our link, and the whole carrier
 * (text, queue, verdict) over that link. Slices take turns, and ratios are of neighbours.
 */
const KINDS: readonly ClientKind[] = ['package', 'link', 'carrier'];
const WINDOWS = [10, 100];

async function main(rounds: number, durationMs: number): Promise<void> {
  const runFolder = openRunFolder();
  try {
    const [port = 0] = await freePorts(1);
    const smsc = await startServer({ runFolder: runFolder.path, path: 'bench/smpp-smsc.ts', port });
    const drivers = KINDS.map((kind) => startWorker(runFolder.path, 'bench/smpp-driver.ts', [kind]));
    console.log(`${describeMachine()}\n${rounds} rounds of ${durationMs} ms slices; median (min–max)\n`);
    console.log('| window | client | messages/s | × package | CPU µs per message | CPU ÷ package |');
    console.log('|---|---|---|---|---|---|');
    for (const window of WINDOWS) {
      const order: SmppOrder = { port, window, durationMs };
      await runRound(drivers, order); // until the code is compiled
      const measured: SmppSlice[][] = [];
      for (let round = 0; round < rounds; round++) measured.push(await runRound(drivers, order));
      for (const [index, kind] of KINDS.entries()) console.log(toRow(window, kind, index, measured));
    }
    for (const driver of drivers) await driver.stop();
    await smsc.stop();
  } finally {
    await runFolder.close();
  }
}

async function runRound(drivers: readonly Worker[], order: SmppOrder): Promise<SmppSlice[]> {
  const slices: SmppSlice[] = [];
  for (const driver of drivers) slices.push(await driver.ask<SmppSlice>(order));
  return slices;
}

function toRow(window: number, kind: ClientKind, index: number, rounds: readonly SmppSlice[][]): string {
  const spread = (of: (slice: SmppSlice, yardstick: SmppSlice) => number) =>
    spreadOf(rounds.flatMap((slices) => (slices[index] && slices[0] ? [of(slices[index], slices[0])] : [])));
  const rate = ({ messages, elapsedMs }: SmppSlice) => (messages * 1_000) / elapsedMs;
  const cpuUs = ({ messages, cpuMs }: SmppSlice) => (cpuMs * 1_000) / messages;
  return `| ${[
    window,
    kind,
    show(spread(rate), 0),
    show(
      spread((slice, other) => rate(slice) / rate(other)),
      2,
    ),
    show(spread(cpuUs), 1),
    show(
      spread((slice, other) => cpuUs(slice) / cpuUs(other)),
      2,
    ),
  ].join(' | ')} |`;
}

function show({ median, min, max }: Spread, digits: number): string {
  const write = (value: number) => value.toFixed(digits);
  return `${write(median)} (${write(min)}–${write(max)})`;
}

const { values } = parseArgs({ options: { rounds: { type: 'string' }, 'slice-ms': { type: 'string' } } });
await main(Number(values.rounds ?? 7), Number(values['slice-ms'] ?? 2_000));
