import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { ensureAuditKey, selectAuditKeys } from '../src/audit/log/audit-keys.ts';
import { createCheckpointer } from '../src/audit/log/checkpoints.ts';
import { createSealer } from '../src/audit/log/sealer.ts';
import { migrate } from '../src/db/migrate.ts';
import { openDatabase } from '../src/db/open.ts';
import { createKeyring } from '../src/lib/keyring.ts';
import { newFolder } from '../test/rig/run-folder.ts';
import { type Dialect, type EventsContext, newDatabase } from './events-database.ts';
import type { EventsRow } from './events-report.ts';
import { record } from './events-sealed.ts';
import { spreadOf } from './statistics.ts';

const CLI = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
const EVENTS_OF_A_CHECKPOINT = 50_000;
/** As `npm start` has it. */
const NODE_OPTIONS = ['--max-semi-space-size=8'];
const LOOK_MS = 50;
const MOST_RSS_MB = 200;
const MOST_VERIFY_SECONDS = 30;
/** What the aims are about. */
const ROWS = 1_000_000;

interface Run {
  seconds: number;
  peakRssMb: number;
}

/** A whole log, written out by `countersign audit export` and judged by `countersign audit verify`. */
export async function measureExported(context: EventsContext, dialect: Dialect): Promise<EventsRow[]> {
  const { rows, rounds } = context.options;
  const folder = newFolder(context.runFolder, 'export');
  const at = (name: string) => join(folder, name);
  const secret = randomBytes(32);
  const url = await newDatabase(context, dialect);
  const { notes, keys } = await fill(url, secret, rows);
  writeFileSync(at('notes'), notes.join('\n'));
  writeFileSync(at('keys'), keys.join('\n'));
  const env = { DATABASE_URL: url, COUNTERSIGN_SECRET: secret.toString('base64') };
  const exported: Run[] = [];
  const verified: Run[] = [];
  for (let round = 0; round < rounds; round += 1) {
    exported.push(await run(['export'], env, at('log')));
    const files = ['--export', at('log'), '--checkpoints', at('notes'), '--keys', at('keys')];
    verified.push(await run(['verify', ...files], {}, at('report')));
  }
  const [exporting, verifying] = [summarize(exported, rows), summarize(verified, rows)];
  const count = rows.toLocaleString('en');
  const met = exporting.peakRssMb.max < MOST_RSS_MB;
  return [
    { name: `${dialect}: ${count} events exported`, ...exporting, aim: { text: `< ${MOST_RSS_MB} MB`, met } },
    {
      name: `${dialect}: ${count} events verified`,
      ...verifying,
      ...(rows >= ROWS && {
        aim: { text: `< ${MOST_VERIFY_SECONDS} s`, met: verifying.seconds.max < MOST_VERIFY_SECONDS },
      }),
    },
  ];
}

async function fill(url: string, secret: Buffer, rows: number): Promise<{ notes: string[]; keys: string[] }> {
  const db = await openDatabase(url);
  await migrate(db, Date.now());
  const keyring = createKeyring([secret]);
  let now = Date.now();
  await ensureAuditKey(db, keyring, now, 'bench.example.com/audit');
  const sealer = createSealer(db);
  const checkpointer = createCheckpointer(db, keyring, 1);
  const notes: string[] = [];
  for (let left = rows; left > 0; left -= EVENTS_OF_A_CHECKPOINT) {
    await record(db, Math.min(left, EVENTS_OF_A_CHECKPOINT));
    await sealer.sealAll();
    now += 1_000;
    notes.push((await checkpointer.signIfDue(now))?.note ?? '');
  }
  const keys = (await selectAuditKeys(db.kysely)).map(({ verifier }) => verifier);
  await db.close();
  return { notes, keys };
}

async function run(args: string[], env: Record<string, string>, file: string): Promise<Run> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...NODE_OPTIONS, CLI, 'audit', ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let peakRssMb = 0;
  const looking = setInterval(() => {
    peakRssMb = Math.max(peakRssMb, peakRssOf(child.pid ?? 0));
  }, LOOK_MS);
  const ended = once(child, 'exit');
  await pipeline(child.stdout, createWriteStream(file));
  const [code] = await ended;
  clearInterval(looking);
  if (code !== 0) throw new Error(`countersign audit ${args[0]} ended with ${code}`);
  return { seconds: (performance.now() - startedAt) / 1_000, peakRssMb };
}

/** The most that it has held so far; 0 when it is gone. */
function peakRssOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024;
  } catch {
    return 0;
  }
}

function summarize(runs: readonly Run[], rows: number) {
  return {
    perSecond: spreadOf(runs.map(({ seconds }) => rows / seconds)),
    seconds: spreadOf(runs.map(({ seconds }) => seconds)),
    peakRssMb: spreadOf(runs.map(({ peakRssMb }) => peakRssMb)),
  };
}
