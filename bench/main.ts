import { mkdirSync, writeFileSync } from 'node:fs';
import { freePorts } from '../test/rig/free-ports.ts';
import { openRunFolder } from '../test/rig/run-folder.ts';
import { fromRoot, startServer, startWorker, type Worker } from './child-process.ts';
import { type Countersign, startCountersign } from './countersign.ts';
import { cpuMsOf, cpuMsOfFamily, rssMbOf } from './cpu-meter.ts';
import type { DriverSettings } from './driver.ts';
import { measureSlice, type Sample } from './measure-slice.ts';
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
  { name: 'postgres', variants: [{ name: 'fast', policy: { hash_preset: 'fast' } }] },
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
const WARM_UP_SLICES = 3;

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
    const server = await startCountersign(runFolder, storesOf(profile.name, stores), profiling);
    const targets: Target[] = [];
    for (const { name, policy } of profile.variants) {
      const { key } = await server.createKey(policy);
      targets.push({ name: `${profile.name} ${name}`, server, key });
    }
    const driver = startDriver(runFolder, server, options.receipts);
    for (const connections of options.connections) {
      series.push(...(await measureTargets(targets, { driver, yardstick, stores }, connections, options)));
    }
    await driver.stop();
    memory.push({ name: `Countersign, ${profile.name}`, rssMb: rssMbOf(server.pid) });
    await server.stop();
  }
  memory.push({ name: 'yardstick', rssMb: rssMbOf(yardstick.pid) }, { name: 'Redis', rssMb: rssMbOf(stores.redisPid) });
  await yardstick.stop();
  return { series, memory };
}

function storesOf(profile: (typeof PROFILES)[number]['name'], { databaseUrl, redisUrl }: Stores) {
  if (profile === 'embedded') return null;
  return profile === 'scaled' ? { databaseUrl, redisUrl } : { databaseUrl };
}

interface Rig {
  driver: Worker;
  yardstick: Yardstick;
  stores: Stores;
}

/** Rounds over all targets, each beside a slice of the yardstick. */
async function measureTargets(
  targets: readonly Target[],
  { driver, yardstick, stores }: Rig,
  connections: number,
  { rounds, sliceMs }: Options,
): Promise<Series[]> {
  const series = targets.flatMap(({ name }) =>
    (['yardstick', ...KINDS] as const).map((kind): Series => ({ name: `${name}: ${kind}`, connections, samples: [] })),
  );
  const meterOf = (pid: number) => () => ({
    server: cpuMsOf(pid),
    redis: cpuMsOf(stores.redisPid),
    postgres: cpuMsOfFamily(stores.postmasterPid),
    driver: cpuMsOf(driver.pid),
  });

  async function measureTarget({ server, key }: Target, durationMs: number): Promise<Sample[]> {
    const load = { connections, durationMs };
    const order = { port: server.port, key, ...load };
    const samples = [
      await measureSlice(driver, { kind: 'yardstick', ...yardstick, ...load }, meterOf(yardstick.pid)),
      await measureSlice(driver, { kind: 'start', ...order }, meterOf(server.pid)),
    ];
    await driver.ask({ kind: 'open-codes', ...order });
    samples.push(await measureSlice(driver, { kind: 'check-wrong', ...order }, meterOf(server.pid)));
    samples.push(await measureSlice(driver, { kind: 'check-right', ...order }, meterOf(server.pid)));
    await driver.ask({ kind: 'finish', ...order });
    return samples;
  }

  // Until the code is compiled and the pools are filled.
  for (const target of targets) await measureTarget(target, WARM_UP_SLICES * sliceMs);
  for (let round = 1; round <= rounds; round += 1) {
    const measured: Sample[] = [];
    for (const target of targets) measured.push(...(await measureTarget(target, sliceMs)));
    for (const [at, sample] of measured.entries()) {
      const yard = measured[at - (at % (KINDS.length + 1))];
      if (yard) series[at]?.samples.push({ sample, yardstick: yard });
    }
    process.stderr.write(`\r${connections} connections: round ${round} of ${rounds} `);
  }
  process.stderr.write('\n');
  return series;
}

type Yardstick = Awaited<ReturnType<typeof startYardstick>>;

async function startYardstick(runFolder: string, redisUrl: string) {
  const key = `cs_live_${'y'.repeat(40)}`;
  const [port = 0] = await freePorts(1);
  const args = [String(port), redisUrl, key];
  return { ...(await startServer({ runFolder, path: 'bench/yardstick-server.ts', args, port })), key };
}

function startDriver(runFolder: string, { secret, databaseUrl, redisUrl }: Countersign, receipts: boolean): Worker {
  const settings: DriverSettings = { installation: { secret, databaseUrl, redisUrl }, receipts };
  return startWorker(runFolder, 'bench/driver.ts', [JSON.stringify(settings)]);
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
