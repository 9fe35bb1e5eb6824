import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openRunFolder } from '../test/rig/run-folder.ts';
import { startWorker } from './child-process.ts';
import type { Backlog } from './delivery-backlog.ts';
import { type Links, openLinks } from './delivery-links.ts';
import { type Row, reportRows } from './delivery-report.ts';
import { type Carrier, type Profile, type Service, startService } from './delivery-service.ts';
import { type CodeSlice, type SentSlice, sendMessages, startCodes } from './delivery-slices.ts';
import { describeMachine } from './report.ts';
import { spreadOf } from './statistics.ts';
import { startStores } from './stores.ts';

/**
 * Messages from the API to a carrier's stand-in, codes that must not wait behind a backlog of them, and the SMPP link
 * beside the npm package `smpp`, all in one run.
 */
const USAGE = `npm run bench:delivery -- [options]
  --quick               short slices and a small backlog: shows that it works, not how fast
  --only=<text>         only what contains it: link, embedded, postgres, scaled, messages, codes
  --rounds=3            counted rounds of messages
  --slice-ms=1500
  --backlog=100000
  --connections=64
  --cpu-prof=<folder>   write CPU profiles of the servers; slows them down
`;

interface Options {
  only: string;
  rounds: number;
  sliceMs: number;
  backlog: number;
  connections: number;
  codesMs: number;
  cpuProf: string | undefined;
}

const PROFILES: readonly Profile[] = ['postgres', 'scaled', 'embedded'];
const WINDOWS = [10, 100];
const LINK_ROUNDS = 5;
/** Through which carriers messages are sent. */
const SENT: Record<Profile, readonly string[]> = {
  postgres: ['window-10', 'window-100', 'http'],
  scaled: ['window-10', 'window-100', 'http'],
  embedded: ['window-100'],
};
/** Through which carriers codes are timed. */
const TIMED: Record<Profile, readonly string[]> = {
  postgres: ['window-100', 'http'],
  scaled: ['window-100'],
  embedded: ['window-100'],
};
/** As `npm start` has it. */
const NODE_OPTIONS = ['--max-semi-space-size=8'];
const CODES_PER_SECOND = 40;
const YARDSTICK_MS = 500;
const LOOK_MS = 100;
const PATIENCE_MS = 60_000;
/** Recorded first, due at once: warms the sending, and tells how long the backlog will take to record. */
const SAMPLE = 5_000;

async function main(options: Options): Promise<void> {
  const runFolder = openRunFolder();
  try {
    const startedAt = performance.now();
    console.log(`${describeMachine()}\n${options.rounds} rounds of ${options.sliceMs} ms slices; median (min–max)\n`);
    const rows: Row[] = [];
    try {
      await measureAll(runFolder.path, options, rows);
    } finally {
      // What was measured before something went wrong is worth showing.
      console.log(`${reportRows(rows)}\n\n${Math.round((performance.now() - startedAt) / 1_000)} s`);
    }
  } finally {
    await runFolder.close();
  }
}

async function measureAll(runFolder: string, options: Options, rows: Row[]): Promise<void> {
  const isWanted = (name: string) => name.includes(options.only);
  const smsc = startWorker(runFolder, 'bench/delivery-smsc.ts', []);
  const gateway = startWorker(runFolder, 'bench/delivery-gateway.ts', []);
  const smscPort = await smsc.ask<number>({ kind: 'port' });
  const gatewayPort = await gateway.ask<number>({ kind: 'port' });
  const links = openLinks(runFolder, smscPort);
  const carriers: Carrier[] = [
    { name: 'window-10', area: '11', window: 10, sink: smsc, sinkPort: smscPort },
    { name: 'window-100', area: '21', window: 100, sink: smsc, sinkPort: smscPort },
    { name: 'http', area: '31', window: null, sink: gateway, sinkPort: gatewayPort },
  ];
  for (const window of WINDOWS) {
    if (isWanted('link')) rows.push(...(await links.measure(window, LINK_ROUNDS, options.sliceMs / 2)));
  }
  const sending = (profile: Profile) =>
    carriers.filter(
      (carrier) => SENT[profile].includes(carrier.name) && isWanted(nameOf(profile, 'messages', carrier)),
    );
  const timed = (profile: Profile) =>
    carriers.filter((carrier) => TIMED[profile].includes(carrier.name) && isWanted(nameOf(profile, 'codes', carrier)));
  const wanted = PROFILES.filter((profile) => sending(profile).length + timed(profile).length > 0);
  const stores = wanted.length > 0 ? await startStores(runFolder) : null;
  for (const profile of stores ? wanted : []) {
    const profiling = options.cpuProf ? ['--cpu-prof', `--cpu-prof-dir=${options.cpuProf}`] : [];
    const execArgv = [...NODE_OPTIONS, ...profiling];
    const service = await startService(runFolder, profile, stores as NonNullable<typeof stores>, carriers, execArgv);
    for (const carrier of sending(profile)) rows.push(...(await measureMessages(service, carrier, links, options)));
    for (const carrier of timed(profile)) rows.push(...(await measureCodes(service, carrier, options)));
    await service.stop();
  }
  await links.stop();
  await Promise.all([smsc.stop(), gateway.stop()]);
}

function nameOf(profile: Profile, what: 'messages' | 'codes', { window }: Carrier): string {
  return `${profile} ${what}, ${window === null ? 'http' : `window ${window}`}`;
}

/** The package runs beside it with the same window; beside HTTP with the wider one. */
async function measureMessages(service: Service, carrier: Carrier, links: Links, options: Options): Promise<Row[]> {
  const name = nameOf(service.profile, 'messages', carrier);
  process.stderr.write(`${name}\n`);
  const load = { connections: options.connections, durationMs: options.sliceMs };
  await sendMessages(service, carrier, load); // until the code is compiled
  const measured: { slice: SentSlice; packageRate: number }[] = [];
  for (let round = 0; round < options.rounds; round += 1) {
    const packageRate = await links.packageRate(carrier.window ?? 100, YARDSTICK_MS);
    const slice = await sendMessages(service, carrier, load);
    for (const [what, count] of Object.entries(slice.unexpected)) console.log(`UNEXPECTED ${count} × ${what}`);
    measured.push({ slice, packageRate });
  }
  const spread = (of: (slice: SentSlice, packageRate: number) => number) =>
    spreadOf(measured.map(({ slice, packageRate }) => of(slice, packageRate)));
  const accepted = spread(({ acceptedPerSecond }) => acceptedPerSecond);
  const isAimed = service.profile !== 'embedded' && carrier.window === 100;
  return [
    {
      name: `${name}: accepted, ${options.connections} connections`,
      perSecond: accepted,
      p50Ms: spread(({ p50Ms }) => p50Ms),
      p99Ms: spread(({ p99Ms }) => p99Ms),
      ...(isAimed && { aim: { text: '≥ 4,000/s', met: accepted.median >= 4_000 } }),
    },
    {
      name: `${name}: submitted`,
      perSecond: spread(({ submittedPerSecond }) => submittedPerSecond),
      timesPackage: spread(({ submittedPerSecond }, packageRate) => submittedPerSecond / packageRate),
      serverUs: spread(({ cpuUs }) => cpuUs.server),
      redisUs: spread(({ cpuUs }) => cpuUs.redis),
      postgresUs: spread(({ cpuUs }) => cpuUs.postgres),
    },
  ];
}

/** First while the backlog is recorded but not due, then while it is being sent: the tables are equally full. */
async function measureCodes(service: Service, carrier: Carrier, options: Options): Promise<Row[]> {
  const name = nameOf(service.profile, 'codes', carrier);
  process.stderr.write(`${name}\n`);
  const load = { perSecond: CODES_PER_SECOND, durationMs: options.codesMs };
  const backlog = await service.backlog(carrier);
  const sampledAt = performance.now();
  await backlog.fill(Math.min(SAMPLE, options.backlog), Date.now());
  const fillMs = ((performance.now() - sampledAt) * options.backlog) / Math.min(SAMPLE, options.backlog);
  await untilSent(backlog);
  const dueAtMs = Date.now() + fillMs * 1.3 + load.durationMs + 1_000;
  await backlog.fill(options.backlog, dueAtMs);
  const without = await startCodes(service, carrier, load);
  const tooLate = Date.now() > dueAtMs;
  await sleep(Math.max(0, dueAtMs - Date.now()));
  const beside = await startCodes(service, carrier, load);
  const left = await backlog.waiting();
  await backlog.clear();
  await backlog.close();
  // Recording it took longer than the sample promised: part of it was being sent already.
  if (tooLate) return [{ name: `${name}: not measured, the machine is too busy` }];
  const aim = { text: `p99 ≤ 2 × without (${(beside.p99Ms / without.p99Ms).toFixed(1)} ×)` };
  return [
    ...rowsOfCodes(`${name}: nothing waits`, without),
    ...rowsOfCodes(
      `${name}: ${options.backlog.toLocaleString('en')} wait, at the end ${left.toLocaleString('en')}`,
      beside,
      {
        ...aim,
        met: beside.p99Ms <= 2 * without.p99Ms,
      },
    ),
  ];
}

async function untilSent(backlog: Backlog): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; (await backlog.waiting()) > 0; await sleep(LOOK_MS)) {
    if (Date.now() > end) throw new Error(`messages still wait after ${PATIENCE_MS} ms`);
  }
}

function rowsOfCodes(title: string, slice: CodeSlice, aim?: Row['aim']): Row[] {
  const name = slice.missing === 0 ? title : `${title}, ${slice.missing} CODES DID NOT COME`;
  const one = (value: number) => spreadOf([value]);
  return [
    {
      name,
      perSecond: one(slice.carriedPerSecond),
      p50Ms: one(slice.p50Ms),
      p99Ms: one(slice.p99Ms),
      ...(aim && { aim }),
    },
    { name: `${name}, from the request on`, p50Ms: one(slice.requestedP50Ms), p99Ms: one(slice.requestedP99Ms) },
  ];
}

function readOptions(args: string[]): Options | null {
  const { values } = parseArgs({
    args,
    options: {
      help: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      rounds: { type: 'string' },
      'slice-ms': { type: 'string' },
      backlog: { type: 'string' },
      connections: { type: 'string', default: '64' },
      'cpu-prof': { type: 'string' },
    },
  });
  if (values.help) return null;
  const { quick } = values;
  return {
    only: values.only,
    rounds: Number(values.rounds ?? (quick ? 1 : 3)),
    sliceMs: Number(values['slice-ms'] ?? (quick ? 500 : 1_500)),
    backlog: Number(values.backlog ?? (quick ? 10_000 : 100_000)),
    connections: Number(values.connections),
    codesMs: quick ? 1_500 : 8_000,
    cpuProf: values['cpu-prof'],
  };
}

const options = readOptions(process.argv.slice(2));
if (options) await main(options);
else console.log(USAGE);
