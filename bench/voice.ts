import { parseArgs } from 'node:util';
import { openRunFolder } from '../test/rig/run-folder.ts';
import { startWorker, type Worker } from './child-process.ts';
import { cpuMsOf, rssMbOf } from './cpu-meter.ts';
import { describeMachine } from './report.ts';
import { spreadOf } from './statistics.ts';
import type { Jitter } from './voice-ear.ts';

/**
 * `npm run bench:voice`: calls at once over SIP to phones on this machine, each a process of its own kind: one calls
 * (the product), one answers and speaks, one only listens and measures. Beside it, in turns, a yardstick: a process
 * that does nothing but send as many packets at the same pace. The machine's mood is in both.
 */
const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '1,50,200' },
    rounds: { type: 'string', default: '3' },
    'slice-ms': { type: 'string', default: '10000' },
    quick: { type: 'boolean', default: false },
  },
});
const counts = (values.quick ? '1,20' : values.calls).split(',').map(Number);
const rounds = values.quick ? 1 : Number(values.rounds);
const sliceMs = values.quick ? 2_000 : Number(values['slice-ms']);

interface Slice {
  jitter: Jitter;
  cpuPercent: number;
}

interface CallSlice extends Slice {
  setUpMs: number[];
  rssMb: number;
}

const runFolder = openRunFolder();
try {
  console.log(`${describeMachine()}\n${rounds} rounds of ${sliceMs} ms; median (min–max)\n`);
  console.log(
    "| calls | set-up p50 / max ms | jitter p99 ms | the yardstick's | jitter max ms | lost | CPU % of a core | per call | the yardstick's | RSS MB |",
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const count of counts) {
    const calls: CallSlice[] = [];
    const yardsticks: Slice[] = [];
    for (let round = 0; round < rounds; round++) {
      yardsticks.push(await measureYardstick(count));
      calls.push(await measureCalls(count));
    }
    report(count, calls, yardsticks);
  }
} finally {
  await runFolder.close();
}

async function measureCalls(count: number): Promise<CallSlice> {
  const [ear, phones, caller] = ['ear', 'phones', 'caller'].map((name) =>
    startWorker(runFolder.path, `bench/voice-${name}.ts`, []),
  ) as [Worker, Worker, Worker];
  try {
    const ports = await ear.ask<number[]>({ kind: 'listen', count });
    const port = await phones.ask<number>({ kind: 'answer', ports });
    const setUpMs = await caller.ask<number[]>({ kind: 'call', count, port });
    return { ...(await measure(ear, caller)), setUpMs, rssMb: rssMbOf(caller.pid) };
  } finally {
    for (const worker of [caller, phones, ear]) await worker.stop();
  }
}

async function measureYardstick(count: number): Promise<Slice> {
  const [ear, sender] = ['ear', 'yardstick'].map((name) =>
    startWorker(runFolder.path, `bench/voice-${name}.ts`, []),
  ) as [Worker, Worker];
  try {
    const ports = await ear.ask<number[]>({ kind: 'listen', count });
    await sender.ask({ kind: 'send', ports });
    return await measure(ear, sender);
  } finally {
    for (const worker of [sender, ear]) await worker.stop();
  }
}

async function measure(ear: Worker, sender: Worker): Promise<Slice> {
  await ear.ask({ kind: 'measure', ms: sliceMs / 5 });
  const before = cpuMsOf(sender.pid);
  const started = performance.now();
  const jitter = await ear.ask<Jitter>({ kind: 'measure', ms: sliceMs });
  return { jitter, cpuPercent: (100 * (cpuMsOf(sender.pid) - before)) / (performance.now() - started) };
}

function report(count: number, calls: readonly CallSlice[], yardsticks: readonly Slice[]): void {
  const show = <Item>(items: readonly Item[], pick: (item: Item) => number, digits = 1) => {
    const { median, min, max } = spreadOf(items.map(pick));
    return `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
  };
  const setUps = calls.flatMap(({ setUpMs }) => setUpMs);
  const { median, max } = spreadOf(setUps);
  const row = [
    String(count),
    `${median.toFixed(0)} / ${max.toFixed(0)}`,
    show(calls, ({ jitter }) => jitter.p99Ms, 2),
    show(yardsticks, ({ jitter }) => jitter.p99Ms, 2),
    show(calls, ({ jitter }) => jitter.maxMs),
    show(calls, ({ jitter }) => jitter.lost, 0),
    show(calls, ({ cpuPercent }) => cpuPercent),
    show(calls, ({ cpuPercent }) => cpuPercent / count, 2),
    show(yardsticks, ({ cpuPercent }) => cpuPercent / count, 2),
    show(calls, ({ rssMb }) => rssMb, 0),
  ];
  console.log(`| ${row.join(' | ')} |`);
}
