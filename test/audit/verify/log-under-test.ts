import { randomBytes } from 'node:crypto';
import type { AuditEvent } from '../../../src/audit/event.ts';
import { exportEvents } from '../../../src/audit/export/export-events.ts';
import type { ExportRange } from '../../../src/audit/export/export-range.ts';
import { insertEvents } from '../../../src/audit/insert-events.ts';
import { ensureAuditKey, selectAuditKeys } from '../../../src/audit/log/audit-keys.ts';
import { createCheckpointer } from '../../../src/audit/log/checkpoints.ts';
import { createSealer } from '../../../src/audit/log/sealer.ts';
import { signStatements } from '../../../src/audit/log/statements.ts';
import { parseNoteKey } from '../../../src/audit/verify/note.ts';
import type { Report } from '../../../src/audit/verify/report.ts';
import { verifyLog } from '../../../src/audit/verify/verify-log.ts';
import type { Database } from '../../../src/db/open.ts';
import { writeTransaction } from '../../../src/db/transaction.ts';
import { newId } from '../../../src/lib/ids.ts';
import { createKeyring } from '../../../src/lib/keyring.ts';
import { insertSome } from '../log/insert-some-events.ts';

export const START = Date.parse('2027-01-15T08:00:00.000Z');

export type Statement = 'erasure.applied' | 'retention.applied';

export interface LogUnderTest {
  db: Database;
  keyring: ReturnType<typeof createKeyring>;
  clock: { now: number };
  /** What somebody outside has kept: the notes, and the keys of the first day. */
  kept: { notes: string[]; keys: string[] };
  add(count: number, event?: Partial<AuditEvent>): Promise<string[]>;
  /** Says what is missing, as the service does: signed. */
  state(type: Statement, data: Record<string, unknown>, who?: Partial<AuditEvent>): Promise<void>;
  /** Seals what waits and signs, half a minute later. */
  head(): Promise<string>;
  export(range?: Partial<ExportRange>): Promise<string>;
  verify(options?: { text?: string; notes?: string[]; keys?: string[]; partial?: boolean }): Promise<Report>;
}

/** A log with three checkpoints: of 20, 40 and 60 events. */
export async function newLog(db: Database): Promise<LogUnderTest> {
  const keyring = createKeyring([randomBytes(32)]);
  const clock = { now: START };
  await ensureAuditKey(db, keyring, START, 'otp.example.com/audit');
  const sealer = createSealer(db);
  const checkpointer = createCheckpointer(db, keyring, 30);
  const keys = (await selectAuditKeys(db.kysely)).map(({ verifier }) => verifier);
  const log: LogUnderTest = {
    db,
    keyring,
    clock,
    kept: { notes: [], keys },
    add: (count, event) => insertSome(db, count, { at: clock.now, ...event }),
    async state(type, data, who = {}) {
      const event: AuditEvent = {
        ...{ id: newId('evt'), type, at: clock.now, project: 'prj_one', mode: 'live', actor: 'system', data },
        ...who,
      };
      await writeTransaction(db, {}, async (trx) => insertEvents(trx, await signStatements(trx, keyring, [event])));
    },
    async head() {
      await sealer.sealAll();
      clock.now += 30_000;
      const made = await checkpointer.signIfDue(clock.now);
      if (!made) throw new Error('no checkpoint was due');
      log.kept.notes.push(made.note);
      return made.note;
    },
    export: (range) => exportText(db, range),
    async verify({ text, notes = log.kept.notes, keys = log.kept.keys, partial = false } = {}) {
      const bytes = Buffer.from(text ?? (await exportText(db)));
      return verifyLog({
        open: () => inChunks(bytes),
        checkpoints: [notes.join('\n')],
        keys: keys.map((key) => parseNoteKey(key)).filter((key) => key !== null),
        partial,
      });
    },
  };
  for (let more = 0; more < 3; more += 1) {
    await log.add(20);
    await log.head();
  }
  return log;
}

export async function exportText(db: Database, range: Partial<ExportRange> = {}): Promise<string> {
  const whole = { of: null, since: null, until: null, after: null, ...range };
  const pages: string[] = [];
  for await (const page of exportEvents(db.kysely, { format: 'ndjson', range: whole, proof: true })) pages.push(page);
  return pages.join('');
}

/** Lines are cut anywhere. */
async function* inChunks(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 1_000) yield bytes.subarray(at, at + 1_000);
}
