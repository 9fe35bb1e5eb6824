import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { ensureAuditKey, selectAuditKeys } from '../../../src/audit/log/audit-keys.ts';
import { createCheckpointer } from '../../../src/audit/log/checkpoints.ts';
import { createSealer } from '../../../src/audit/log/sealer.ts';
import { type Database, openDatabase } from '../../../src/db/open.ts';
import { createKeyring } from '../../../src/lib/keyring.ts';
import { eventually } from '../../countersign-process.ts';
import { FROM_SOURCE } from '../../from-source.ts';
import { describeWith, freshDatabase } from '../../rig/stores.ts';
import { readCheckpoint } from './read-note.ts';
import { rootOf } from './reference-tree.ts';

const SCRIPT = fileURLToPath(new URL('log-process.ts', import.meta.url));
/** How processes end, one after the other. */
const ENDS = ['when asked', 'uncommitted', 'when asked', 'unanswered', 'when asked', 'uncommitted'] as const;
type End = (typeof ENDS)[number];
/** So many events more before the next one is killed. */
const STEP = 400;

interface Log {
  url: string;
  secret: Buffer;
  db: Database;
}

async function openLog(dialect: 'sqlite' | 'postgres'): Promise<Log> {
  const { url } = await freshDatabase(dialect);
  const db = await openDatabase(url);
  const secret = randomBytes(32);
  await ensureAuditKey(db, createKeyring([secret]), Date.now(), 'otp.example.com/audit');
  return { url, secret, db };
}

function startProcess({ url, secret }: Log, end: End) {
  const child = fork(SCRIPT, [url, secret.toString('base64'), end], { execArgv: FROM_SOURCE });
  return { child, exit: once(child, 'exit'), ready: once(child, 'message') };
}

const sizeOf = async ({ db }: Log) =>
  (await db.kysely.selectFrom('audit_state').select('size').executeTakeFirstOrThrow()).size;

/** What the killed have sent may yet be at work in the server, and hold the log. */
async function isQuiet({ db }: Log): Promise<boolean> {
  if (db.dialect === 'sqlite') return true;
  const { rows } = await sql`
    select from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'`.execute(db.kysely);
  return rows.length === 0;
}

/** One log, in which every event that is there is once, and of which every checkpoint ever signed is a beginning. */
async function expectOneLog(log: Log): Promise<void> {
  const { db, secret } = log;
  await eventually(() => isQuiet(log));
  await createSealer(db).sealAll();
  await createCheckpointer(db, createKeyring([secret]), 0).signIfDue(Date.now());
  const leaves = await db.kysely.selectFrom('audit_leaves').selectAll().orderBy('log_index').execute();
  expect(leaves.every(({ log_index }, index) => log_index === index)).toBe(true);
  expect(await sizeOf(log)).toBe(leaves.length);
  const events = await db.kysely.selectFrom('events').select('id').execute();
  expect(leaves.map(({ event_id }) => event_id).sort()).toEqual(events.map(({ id }) => id).sort());

  const hashes = leaves.map(({ hash }) => Buffer.from(hash, 'base64url'));
  const nodes = await db.kysely.selectFrom('audit_nodes').selectAll().orderBy('level').orderBy('number').execute();
  const expected = [256, 65_536].flatMap((width, above) =>
    Array.from({ length: Math.floor(hashes.length / width) }, (_, number) => ({
      level: above + 1,
      number,
      hash: rootOf(hashes.slice(number * width, (number + 1) * width)).toString('base64url'),
    })),
  );
  expect(nodes).toEqual(expected);
  const verifiers = (await selectAuditKeys(db.kysely)).map(({ verifier }) => verifier);
  const rows = await db.kysely.selectFrom('audit_checkpoints').selectAll().orderBy('number').execute();
  const checkpoints = rows.map(({ note }) => readCheckpoint(note, verifiers));
  expect(checkpoints.at(-1)?.size).toBe(leaves.length);
  for (const [index, { number, previous, signers, size, root }] of checkpoints.entries()) {
    expect({ number, previous }).toEqual({ number: index + 1, previous: checkpoints[index - 1]?.digest ?? null });
    expect(signers).toHaveLength(1);
    if (index % 10 === 0 || index === checkpoints.length - 1) expect(rootOf(hashes.slice(0, size))).toEqual(root);
  }
}

async function killAgainAndAgain(dialect: 'sqlite' | 'postgres'): Promise<void> {
  const log = await openLog(dialect);
  for (const end of ENDS) {
    const { child, exit, ready } = startProcess(log, end);
    const before = await sizeOf(log);
    await ready;
    if (end === 'when asked') {
      await eventually(async () => (await sizeOf(log)) > before + STEP * Math.random());
      child.kill('SIGKILL');
    }
    expect(await exit).toEqual([null, 'SIGKILL']);
    expect(end === 'uncommitted' ? await sizeOf(log) : before).toBe(before);
  }
  await expectOneLog(log);
  await log.db.close();
}

await describeWith([], 'a process that keeps the log and is killed, on SQLite', () => {
  it('leaves one log, without gap and fork', () => killAgainAndAgain('sqlite'), 60_000);
});

await describeWith(['postgres'], 'processes that keep the log, on PostgreSQL', () => {
  it('leave one log, without gap and fork, when they are killed', () => killAgainAndAgain('postgres'), 60_000);

  it('leave one log when many keep it at once', async () => {
    const log = await openLog('postgres');
    const processes = [1, 2, 3, 4].map(() => startProcess(log, 'when asked'));
    await Promise.all(processes.map(({ ready }) => ready));
    await eventually(async () => (await sizeOf(log)) > 8_000, 50);
    for (const { child } of processes) child.kill('SIGKILL');
    await Promise.all(processes.map(({ exit }) => exit));
    await expectOneLog(log);
    await log.db.close();
  }, 90_000);
});
