import { mkdirSync, writeFileSync } from 'node:fs';
import { freePorts } from '../test/rig/free-ports.ts';
import { openRunFolder } from '../test/rig/run-folder.ts';
import { fromRoot, startServer, startWorker } from './child-process.ts';
import { type Countersign, startCountersign } from './countersign.ts';
import { cpuMsOf, cpuMsOfFamily, rssMbOf } from './cpu-meter.ts';
import type { Order } from './driver.ts';
import { measureSlice } from './measure-slice.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import {
  describeMachine,
  type Memory,
  reportLoad,
  reportMemory,
  reportStartUps,
  reportUnexpected,
  type Series,
} from './report.ts';
import { measureStartUps } from './start-up.ts';
import { type Stores, startStores } from './stores.ts';

/**
 * Start and check beside the least that the stack needs for it (yardstick-server.ts), in one run, in short slices that
 * take turns: the machine's mood is in every number, and only ratios of neighbours are free of it.
 */
const PROFILES = [
  {
    name: 'scaled',
    variants: [
      { name: 'fast', policy: { hash_preset: 'fast' } },
      { name: 'fast, no ledger', policy: { hash_preset: 'fast', acceptance_ledger: 'none' } },
      { name: 'standard', policy: { hash_preset: 'standard' } },
      { name: 'hardened', policy: { hash_preset: 'hardened' } },
    ],
  },
  {
    name: 'embedded',
    variants: [
      { name: 'fast', policy: { hash_preset: 'fast' } },
      { name: 'standard', policy: { hash_preset: 'standard' } },
      { name: 'hardened', policy: { hash_preset: 'hardened' } },
    ],
  },
] as const;

const KINDS = ['start', 'check-wrong', 'check-right'] as const;

async function main(options: Options): Promise<void> {
  const runFolder = openRunFolder();
  const lines: string[] = [];
  const say = (text: string) => {
    console.log(text);
    lines.push(text);
  };
  try {
    say(`${describeMachine()}\n${options.rounds} rounds of ${options.sliceMs} ms slices; median (min–max)\n`);
    if (isWanted(options, 'start-up'))
      say(`${reportStartUps(await measureStartUps(runFolder.path, options.startUps))}\n`);
    const { series, memory } = await measureLoad(runFolder.path, options);
    if (series.length > 0) say([reportLoad(series), reportMemory(memory), reportUnexpected(series)].join('\n\n'));
    if (options.write) write(lines.join('\n'));
  } finally {
    await runFolder.close();
  }
}

interface Target {
  name: string;
  server: Countersign;
  key: string;
}

async function measureLoad(runFolder: string, options: Options): Promise<{ series: Series[]; memory: Memory[] }> {
  const wanted = PROFILES.map(({ name, variants }) => ({
    name,
    variants: variants.filter((variant) => isWanted(options, `${name} ${variant.name}`)),
  })).filter(({ variants }) => variants.length > 0);
  if (wanted.length === 0) return { series: [], memory: [] };

  const stores = await startStores(runFolder);
  const yardstick = await startYardstick(runFolder, stores.otherRedisUrl);
  const profiling = options.cpuProf ? ['--cpu-prof', `--cpu-prof-dir=${options.cpuProf}`] : [];
  const memory: Memory[] = [];
  const series: Series[] = [];
  for (const profile of wanted) {
    const server = await startCountersign(runFolder, profile.name === 'scaled' ? stores : null, profiling);
    const targets: Target[] = [];
    for (const { name, policy } of profile.variants) {
      targets.push({ name: `${profile.name} ${name}`, server, key: await server.createKey(policy) });
    }
    for (const connections of options.connections) {
      series.push(...(await measureTargets(runFolder, targets, yardstick, stores, connections, options)));
    }
    memory.push({ name: `Countersign, ${profile.name}`, rssMb: rssMbOf(server.pid) });
    await server.stop();
  }
  memory.push({ name: 'yardstick', rssMb: rssMbOf(yardstick.pid) }, { name: 'Redis', rssMb: rssMbOf(stores.redisPid) });
  await yardstick.stop();
  return { series, memory };
}

/** Rounds over all targets, each beside a slice of the yardstick; the first round warms up and is not counted. */
async function measureTargets(
  runFolder: string,
  targets: readonly Target[],
  yardstick: Yardstick,
  stores: Stores,
  connections: number,
  options: Options,
): Promise<Series[]> {
  const series = targets.flatMap(({ name }) => [
    { name: `${name}: yardstick`, connections, samples: [] },
    ...KINDS.map((kind): Series => ({ name: `${name}: ${kind}`, connections, samples: [] })),
  ]);
  const drivers = new Map(targets.map(({ server }) => [server, startDriver(runFolder, server)]));

  for (let round = 0; round <= options.rounds; round += 1) {
    for (const [index, { server, key }] of targets.entries()) {
      const driver = drivers.get(server);
      if (!driver) continue;
      const load = { connections, durationMs: options.sliceMs };
      const meter = (pid: number) => () => ({
        server: cpuMsOf(pid),
        redis: cpuMsOf(stores.redisPid),
        postgres: cpuMsOfFamily(stores.postmasterPid),
        driver: cpuMsOf(driver.pid),
      });
      const yard = await measureSlice(driver, { kind: 'yardstick', ...yardstick, ...load }, meter(yardstick.pid));
      const measured = [yard];
      for (const kind of KINDS) {
        const order: Order = { kind, port: server.port, key, ...load };
        measured.push(await measureSlice(driver, order, meter(server.pid)));
        if (kind === 'start') await driver.ask({ ...order, kind: 'open-codes' });
      }
      await driver.ask({ kind: 'finish', port: server.port, key, ...load });
      if (round === 0) continue;
      for (const [at, sample] of measured.entries()) {
        series[index * measured.length + at]?.samples.push({ sample, yardstick: yard });
      }
    }
    process.stderr.write(`\r${connections} connections: round ${round} of ${options.rounds} `);
  }
  process.stderr.write('\n');
  for (const driver of drivers.values()) await driver.stop();
  return series;
}

type Yardstick = Awaited<ReturnType<typeof startYardstick>>;

async function startYardstick(runFolder: string, redisUrl: string) {
  const key = `cs_live_${'y'.repeat(40)}`;
  const [port = 0] = await freePorts(1);
  const args = [String(port), redisUrl, key];
  return { ...(await startServer({ runFolder, path: 'bench/yardstick-server.ts', args, port })), key };
}

function startDriver(runFolder: string, { secret, databaseUrl, redisUrl }: Countersign) {
  return startWorker(runFolder, 'bench/driver.ts', [JSON.stringify({ secret, databaseUrl, redisUrl })]);
}

function isWanted({ only }: Options, name: string): boolean {
  return name.includes(only);
}

function write(text: string): void {
  mkdirSync(fromRoot('bench/results'), { recursive: true });
  writeFileSync(fromRoot('bench/results/latest.md'), `${text}\n`);
}

const options = readOptions(process.argv.slice(2));
if (options) await main(options);
else console.log(USAGE);
