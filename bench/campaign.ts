import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { migrate } from '../src/db/migrate.ts';
import { openDatabase } from '../src/db/open.ts';
import { openRunFolder } from '../test/rig/run-folder.ts';
import { measureImport } from './campaign-import.ts';
import { measureRedirects } from './campaign-redirects.ts';
import { type CampaignFigures, measureCampaign, openAudience } from './campaign-run.ts';
import { startWorker } from './child-process.ts';
import { cpuMsOfFamily } from './cpu-meter.ts';
import { type Carrier, createDatabase, type Profile, type Service, startService } from './delivery-service.ts';
import { startCodes } from './delivery-slices.ts';
import { describeMachine, table } from './report.ts';
import { type Stores, startStores } from './stores.ts';

/** Campaigns from the start to the last message recorded, personalised, to stand-ins of carriers on the same machine. */
const USAGE = `npm run bench:campaign -- [options]
  --contacts=100000     in each campaign; 1000000 for the long one
  --only=<text>         only what contains it: postgres, embedded, smpp, receipts, http, import, redirects
  --no-codes            without codes meanwhile
  --cpu-prof=<folder>   write CPU profiles of the servers; slows them down
`;

interface Options {
  contacts: number;
  only: string;
  codes: boolean;
  cpuProf: string | undefined;
}

const PROFILES: readonly Profile[] = ['postgres', 'embedded'];
const SCOPES = [
  ...['contacts:read', 'contacts:write', 'templates:write', 'campaigns:read', 'campaigns:write'],
] as const;
/** As `npm start` has it. */
const NODE_OPTIONS = ['--max-semi-space-size=8'];
const WINDOW = 500;
/** What a process does once, such as compiling the schemas of a route, it has done in a campaign to these. */
const FIRST_CONTACTS = 2_000;
/** So many codes that a p99 is more than the two slowest. */
const CODES = { perSecond: 40, durationMs: 15_000 };
/** Until the log and the planner's statistics have caught up with an import. */
const SETTLE_MS = 6_000;
const AIMS: Record<string, number> = { 'postgres smpp': 10_000, 'postgres receipts': 5_000 };

async function main(options: Options): Promise<void> {
  const runFolder = openRunFolder();
  const rows: string[][] = [];
  try {
    console.log(`${describeMachine()}\n${options.contacts} contacts in each campaign\n`);
    await measureAll(runFolder.path, options, rows);
  } finally {
    console.log(table([COLUMNS, ...rows]));
    await runFolder.close();
  }
}

async function measureAll(runFolder: string, options: Options, rows: string[][]): Promise<void> {
  const isWanted = (name: string) => name.includes(options.only);
  const plain = startWorker(runFolder, 'bench/delivery-smsc.ts', []);
  const reporting = startWorker(runFolder, 'bench/delivery-smsc.ts', ['--receipts']);
  const gateway = startWorker(runFolder, 'bench/delivery-gateway.ts', []);
  const portOf = (sink: typeof plain) => sink.ask<number>({ kind: 'port' });
  const carriers: Carrier[] = [
    { name: 'smpp', area: '11', window: WINDOW, sink: plain, sinkPort: await portOf(plain) },
    { name: 'receipts', area: '21', window: WINDOW, sink: reporting, sinkPort: await portOf(reporting) },
    { name: 'http', area: '31', window: null, sink: gateway, sinkPort: await portOf(gateway) },
  ];
  const stores = await startStores(runFolder);
  for (const profile of PROFILES) {
    const wanted = carriers.filter(({ name }) => isWanted(`${profile} ${name}`));
    const redirects = `${profile} redirects`;
    if (wanted.length > 0 || isWanted(redirects)) {
      const profiling = options.cpuProf ? ['--cpu-prof', `--cpu-prof-dir=${options.cpuProf}`] : [];
      const service = await startService(runFolder, profile, stores, carriers, [...NODE_OPTIONS, ...profiling], SCOPES);
      for (const carrier of wanted) rows.push(await measureOne(service, carrier, options));
      if (isWanted(redirects)) rows.push([redirects, await measureRedirects(service)]);
      await service.stop();
    }
    if (isWanted(`${profile} import`)) rows.push(await importRow(profile, stores, options.contacts));
  }
  await Promise.all([plain.stop(), reporting.stop(), gateway.stop()]);
}

async function measureOne(service: Service, carrier: Carrier, { contacts, codes }: Options): Promise<string[]> {
  const name = `${service.profile} ${carrier.name}`;
  process.stderr.write(`${name}\n`);
  const withReceipts = carrier.name === 'receipts';
  const first = await openAudience(service, carrier, FIRST_CONTACTS, `${carrier.name} first`);
  await measureCampaign(service, carrier, first, withReceipts);
  const audience = await openAudience(service, carrier, contacts);
  await sleep(SETTLE_MS);
  const idle = codes ? await startCodes(service, carrier, CODES) : null;
  await sleep(1_000);
  const running = measureCampaign(service, carrier, audience, withReceipts);
  const busy = codes ? await startCodes(service, carrier, CODES) : null;
  const figures = await running;
  const aim = AIMS[name];
  return [
    name,
    String(Math.round(figures.perSecond)),
    ...costs(figures),
    idle ? idle.p99Ms.toFixed(1) : '',
    busy ? busy.p99Ms.toFixed(1) : '',
    aim === undefined ? '' : `≥ ${aim}/s: ${figures.perSecond >= aim ? 'met' : 'missed'}`,
  ];
}

const COLUMNS = [
  ...['measured', 'messages/s', 'CPU µs', 'Postgres', 'transactions for 1,000', 'peak RSS MB'],
  ...['codes p99 ms, idle', 'meanwhile', 'aim'],
];

function costs({ serverUs, postgresUs, transactions, peakRssMb }: CampaignFigures): string[] {
  return [
    String(Math.round(serverUs)),
    String(Math.round(postgresUs)),
    transactions === null ? '' : transactions.toFixed(1),
    String(Math.round(peakRssMb)),
  ];
}

async function importRow(profile: Profile, stores: Stores, rows: number): Promise<string[]> {
  const url = profile === 'postgres' ? await createDatabase(stores.databaseUrl, 'bench_import') : 'sqlite::memory:';
  const db = await openDatabase(url);
  await migrate(db, Date.now());
  const postgresBefore = cpuMsOfFamily(stores.postmasterPid);
  const { rowsPerSecond, cpuUs, rssGrowthBytes } = await measureImport(db, rows);
  const postgresUs = ((cpuMsOfFamily(stores.postmasterPid) - postgresBefore) * 1_000) / rows;
  await db.close();
  const aim = profile === 'postgres' ? `≥ 20000 rows/s: ${rowsPerSecond >= 20_000 ? 'met' : 'missed'}` : '';
  return [
    `${profile} import`,
    String(rowsPerSecond),
    cpuUs.toFixed(0),
    profile === 'postgres' ? postgresUs.toFixed(0) : '',
    '',
    `+${Math.round(rssGrowthBytes / 2 ** 20)}`,
    '',
    '',
    aim,
  ];
}

function readOptions(args: string[]): Options | null {
  const { values } = parseArgs({
    args,
    allowNegative: true,
    options: {
      help: { type: 'boolean', default: false },
      contacts: { type: 'string', default: '100000' },
      only: { type: 'string', default: '' },
      codes: { type: 'boolean', default: true },
      'cpu-prof': { type: 'string' },
    },
  });
  if (values.help) return null;
  const { contacts, only, codes } = values;
  return { contacts: Number(contacts), only, codes, cpuProf: values['cpu-prof'] };
}

const options = readOptions(process.argv.slice(2));
if (options) await main(options);
else console.log(USAGE);
