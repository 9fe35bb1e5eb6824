import { cpus, release } from 'node:os';
import type { CpuTimes, Sample } from './measure-slice.ts';
import type { StartUp } from './start-up.ts';
import { type Spread, spreadOf } from './statistics.ts';

/** One kind of request under one load. `yardstick` holds the slice of the same round. */
export interface Series {
  name: string;
  connections: number;
  samples: { sample: Sample; yardstick: Sample }[];
}

export interface Memory {
  name: string;
  rssMb: number;
}

const COLUMNS = [
  'measured',
  'conn.',
  'requests/s',
  '× yardstick',
  'p50 ms',
  'p99 ms',
  'drain ms',
  'CPU µs',
  'Redis',
  'Postgres',
  'driver',
  'CPU ×',
  'CPU × all',
];

export function reportLoad(series: readonly Series[]): string {
  return table([COLUMNS, ...series.map(toRow)]);
}

function toRow({ name, connections, samples }: Series): string[] {
  const spread = (pick: (pair: Series['samples'][number]) => number) => spreadOf(samples.map(pick));
  const cpu = (part: keyof CpuTimes) => whole(spread(({ sample }) => sample.cpuUs[part]).median);
  const ratio = (pick: (sample: Sample) => number) =>
    twoDigits(spread(({ sample, yardstick }) => pick(sample) / pick(yardstick)));
  return [
    name,
    String(connections),
    range(spread(({ sample }) => sample.perSecond)),
    ratio((sample) => sample.perSecond),
    range(spread(({ sample }) => sample.p50Ms)),
    range(spread(({ sample }) => sample.p99Ms)),
    whole(spread(({ sample }) => sample.drainMs).median),
    cpu('server'),
    cpu('redis'),
    cpu('postgres'),
    cpu('driver'),
    ratio(({ cpuUs }) => cpuUs.server + cpuUs.redis),
    ratio(({ cpuUs }) => cpuUs.server + cpuUs.redis + cpuUs.postgres),
  ];
}

export function reportStartUps(startUps: readonly StartUp[]): string {
  const rows = [...Map.groupBy(startUps, ({ name }) => name)].map(([name, group]) => [
    `embedded, ${name}`,
    range(spreadOf(group.map(({ readyMs }) => readyMs))),
    range(spreadOf(group.map(({ rssMb }) => rssMb))),
  ]);
  return table([['measured', 'ready ms', 'RSS MB'], ...rows]);
}

export function reportMemory(memory: readonly Memory[]): string {
  return table([['after the last slice', 'RSS MB'], ...memory.map(({ name, rssMb }) => [name, whole(rssMb)])]);
}

/** Answers that were not the ones asked for; there should be none. */
export function reportUnexpected(series: readonly Series[]): string {
  const lines = series.flatMap(({ name, connections, samples }) =>
    samples.flatMap(({ sample }) =>
      Object.entries(sample.unexpected).map(
        ([what, count]) => `UNEXPECTED ${name}, ${connections}: ${count} × ${what}`,
      ),
    ),
  );
  return lines.length === 0 ? 'Every answer was the expected one.' : lines.join('\n');
}

export function describeMachine(): string {
  const [cpu] = cpus();
  return `${cpus().length} × ${cpu?.model.trim()}, Linux ${release()}, Node ${process.version}`;
}

export function range({ median, min, max }: Spread): string {
  return `${whole(median)} (${whole(min)}–${whole(max)})`;
}

export function twoDigits({ median, min, max }: Spread): string {
  return `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;
}

export function whole(value: number): string {
  return Math.abs(value) < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en');
}

/** Markdown that is also aligned for the eye. */
export function table(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: string[]) =>
    `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`;
  const rule = `|${widths.map((width, i) => (i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  const [head = [], ...body] = rows;
  return [line(head), rule, ...body.map(line)].join('\n');
}
