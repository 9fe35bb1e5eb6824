import { expect, it } from 'vitest';
import { SYSTEM } from '../../../src/audit/admin-event.ts';
import { openSigner, rotateAuditKey, selectAuditKeys } from '../../../src/audit/log/audit-keys.ts';
import { makeNoteKey, signNote } from '../../../src/audit/log/note.ts';
import { parseNoteKey, parseNotes } from '../../../src/audit/verify/note.ts';
import { printReport } from '../../../src/audit/verify/report.ts';
import { databasesOf } from '../../db/on-each-dialect.ts';
import { type LogUnderTest, newLog } from './log-under-test.ts';

const databases = databasesOf('sqlite');
const open = async () => newLog(await databases.open());

async function rotate({ db, keyring, clock }: LogUnderTest, compromised = false): Promise<string> {
  const options = { actor: SYSTEM, project: 'prj_one', compromised };
  return (await rotateAuditKey(db, keyring, clock.now, options)).verifier;
}

/** A note of another text, signed by the key that is in use now. */
async function resign({
  db,
  keyring,
}: LogUnderTest): Promise<(note: string, change?: (text: string) => string) => string> {
  const [newest] = await selectAuditKeys(db.kysely);
  const signer = newest && openSigner(keyring, newest);
  if (!signer) throw new Error('no key');
  return (note, change = (text) => text) => signNote(change(note.slice(0, note.indexOf('\n\n') + 1)), [signer]);
}

it('without checkpoints nothing is proven', async () => {
  const log = await open();
  expect(await log.verify({ notes: [] })).toMatchObject({ verdict: 'unproven', proven: 0, found: 0 });
});

it('rows that no checkpoint has seen are not called verified', async () => {
  const log = await open();
  const seen = await log.verify({ notes: log.kept.notes.slice(0, 2) });
  expect(printReport(seen)).toMatch(/^VERIFIED IN PART: the log is as it was sealed in the first 40 of 60 rows\n/);
  expect(printReport(await log.verify())).toMatch(/^VERIFIED: the log is as it was sealed\n/);
});

it('checkpoints that are not there are counted by their numbers', async () => {
  const log = await open();
  await log.head();
  const [first = '', , , last = ''] = log.kept.notes;
  const report = await log.verify({ notes: [last, first, first] });
  expect(report).toMatchObject({ verdict: 'proven', checkpoints: { agree: 2, missing: 2 } });
  expect(printReport(report)).toContain('2 missing between them');
  expect((await log.verify()).checkpoints.missing).toBe(0);
  expect((await log.verify({ notes: [] })).checkpoints.missing).toBe(0);
});

it('who trusts the first key learns of the next ones from the log', async () => {
  const log = await open();
  for (let more = 0; more < 2; more += 1) {
    await rotate(log);
    await log.head();
    await log.add(5);
    await log.head();
  }
  expect(await selectAuditKeys(log.db.kysely)).toHaveLength(3);
  expect(await log.verify()).toMatchObject({ verdict: 'proven', proven: 72, checkpoints: { agree: 7 } });
});

it('who can only write to the database names no key, though the log seals what they wrote', async () => {
  const log = await open();
  const thief = makeNoteKey('otp.example.com/audit');
  const data = { key: thief.id.toString('hex'), verifier: thief.verifier, replaced: 'x', compromised: false };
  const own = signNote(`otp.example.com/audit\nnext key ${thief.verifier}\n`, [thief]);
  await log.add(1, { type: 'audit_key.rotated', actor: 'system', data: { ...data, handover: own } });
  const head = await log.head();
  const report = await log.verify({ notes: [...log.kept.notes.slice(0, -1), head] });
  expect(report).toMatchObject({ verdict: 'unproven', findings: [{ kind: 'checkpoint' }], found: 1 });
  // Nor by what was signed for another key.
  await rotate(log);
  const real = await log.db.kysely
    .selectFrom('events')
    .selectAll()
    .orderBy('position', 'desc')
    .executeTakeFirstOrThrow();
  const { handover } = JSON.parse(real.data) as { handover: string };
  await log.head();
  await log.add(1, { type: 'audit_key.rotated', actor: 'system', data: { ...data, handover } });
  const last = await log.head();
  const forged = signNote(last.slice(0, last.indexOf('\n\n') + 1).replace(/^time .*/m, 'time 2027'), [thief]);
  const { findings } = await log.verify({ notes: [...log.kept.notes, forged] });
  expect(findings.map(({ message }) => message)).toEqual([
    'row 60 names a next key, but no trusted key has signed it',
    'row 62 names a next key, but no trusted key has signed it',
    'no given key has signed the checkpoint of size 63, or it is not what was signed',
  ]);
});

it('a key in wrong hands names no successor', async () => {
  const log = await open();
  const verifier = await rotate(log, true);
  await log.head();
  expect(await log.verify()).toMatchObject({ verdict: 'unproven', proven: 60, findings: [{ kind: 'checkpoint' }] });
  expect(await log.verify({ keys: [...log.kept.keys, verifier] })).toMatchObject({ verdict: 'proven', proven: 61 });
});

it('not even where somebody signs with it what was signed with the new one', async () => {
  const log = await open();
  const sign = await resign(log);
  await rotate(log, true);
  const head = await log.head();
  await log.add(1);
  await log.head();
  const report = await log.verify({ notes: [...log.kept.notes, sign(head)] });
  expect(report).toMatchObject({ verdict: 'unproven', proven: 61, checkpoints: { agree: 4 } });
  expect(report.findings.map(({ kind }) => kind)).toEqual(['checkpoint', 'checkpoint']);
});

it('a signed checkpoint that does not follow the one before it is a fork', async () => {
  const log = await open();
  const sign = await resign(log);
  const [first = '', second = '', third = ''] = log.kept.notes;
  const other = (line: RegExp, by: string) => sign(third, (text) => text.replace(line, by));
  const digest = `previous ${'A'.repeat(43)}=`;
  const forks: [string[], string][] = [
    [[first, second, other(/^previous .*/m, digest)], 'checkpoint 3 does not follow the one before it'],
    [[first, second, other(/^previous .*\n/m, '')], 'checkpoint 3 does not follow the one before it'],
    [[second, third, sign(third, (text) => text.replace(/^time .*/m, 'time 2027'))], 'there are two checkpoints 3'],
  ];
  for (const [notes, message] of forks) {
    const { verdict, findings } = await log.verify({ notes });
    expect(verdict).toBe('changed');
    expect(findings).toContainEqual({ kind: 'fork', to: 59, message });
  }
  const rootOf = (note: string) => note.split('\n')[2] ?? '';
  const twin = sign(third, (text) => text.replace(rootOf(third), rootOf(first)).replace('number 3', 'number 9'));
  const { findings } = await log.verify({ notes: [third, twin] });
  expect(findings).toContainEqual({ kind: 'fork', to: 59, message: 'two checkpoints of size 60 have different roots' });
  const shrunk = sign(third, (text) => text.replace('\n60\n', '\n30\n'));
  expect((await log.verify({ notes: [first, second, shrunk] })).findings).toContainEqual({
    kind: 'fork',
    to: 29,
    message: 'checkpoint 3 is smaller than the one before it',
  });
});

it('a checkpoint that somebody else signed, or that was changed, vouches for nothing', async () => {
  const log = await open();
  const [first = '', ...others] = log.kept.notes;
  const text = first.slice(0, first.indexOf('\n\n') + 1);
  const forged = [
    signNote(text, [makeNoteKey('otp.example.com/audit')]),
    first.replace('\n20\n', '\n19\n'),
    first.replace(/— \S+ /, '— else.example.com '),
  ];
  for (const note of forged) {
    const report = await log.verify({ notes: [note, ...others] });
    expect(report).toMatchObject({
      verdict: 'unproven',
      findings: [{ kind: 'checkpoint' }],
      checkpoints: { agree: 2 },
    });
  }
  expect(await log.verify({ keys: [] })).toMatchObject({ verdict: 'unproven', found: 3, proven: 0 });
});

it('checkpoints that contradict each other show two logs, whatever the export says', async () => {
  const log = await open();
  const other = await newLog(await databases.open());
  const both = { notes: [...log.kept.notes, ...other.kept.notes], keys: [...log.kept.keys, ...other.kept.keys] };
  const report = await log.verify(both);
  expect(report.verdict).toBe('changed');
  expect(report.findings.filter(({ kind }) => kind === 'fork')).not.toEqual([]);
});

it('a checkpoint that was left out shows in the one that follows it only when both are there', async () => {
  const log = await open();
  const [first = '', , third = ''] = log.kept.notes;
  expect(await log.verify({ notes: [first, third] })).toMatchObject({ verdict: 'proven', checkpoints: { read: 2 } });
});

it('keys and notes in other forms are refused', () => {
  const { verifier } = makeNoteKey('log.example.com');
  expect(parseNoteKey(verifier)).not.toBeNull();
  expect(parseNoteKey(` ${verifier}\n`)).not.toBeNull();
  const [name = '', id = '', ...key] = verifier.split('+');
  const encoded = key.join('+');
  for (const bad of ['', name, `${name}+${id}`, `x${verifier}`, `${name}+00000000+${encoded}`, `${name}+${id}+AAAA`]) {
    expect(parseNoteKey(bad)).toBeNull();
  }
  const signed = signNote('log.example.com\n0\n', [makeNoteKey('log.example.com')]);
  expect(parseNotes(`${signed}\n\n${signed}${signed.replaceAll('\n', '\r\n')}`)).toMatchObject({
    notes: [{ text: 'log.example.com\n0\n' }, {}, {}],
    broken: 0,
  });
  expect(parseNotes(`something else\n\n${signed}`)).toMatchObject({
    notes: [{ text: 'log.example.com\n0\n' }],
    broken: 1,
  });
});
