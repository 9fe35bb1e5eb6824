import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { fromEventRow } from '../../../src/audit/events-table.ts';
import { makeLeaf } from '../../../src/audit/log/leaf.ts';
import { onEachDialect } from '../../db/on-each-dialect.ts';
import { type LogUnderTest, newLog } from './log-under-test.ts';

await onEachDialect('an auditor with an export and the checkpoints', (databases) => {
  const open = async () => newLog(await databases.open());

  const eventAt = async ({ db }: LogUnderTest, index: number) => {
    const leaf = await db.kysely
      .selectFrom('audit_leaves')
      .select('event_id')
      .where('log_index', '=', index)
      .executeTakeFirstOrThrow();
    return leaf.event_id;
  };

  const update = ({ db }: LogUnderTest, id: string, change: Record<string, string | number>) =>
    db.kysely.updateTable('events').set(change).where('id', '=', id).execute();

  /** As somebody would who knows how leaves are made. */
  async function resealAt(log: LogUnderTest, index: number): Promise<void> {
    const { kysely } = log.db;
    const id = await eventAt(log, index);
    const row = await kysely.selectFrom('events').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
    const leaf = makeLeaf(fromEventRow(row));
    await kysely
      .updateTable('audit_leaves')
      .set({
        salt: leaf.salt?.toString('base64url') ?? null,
        commitment: leaf.commitment?.toString('base64url') ?? null,
        hash: leaf.hash.toString('base64url'),
      })
      .where('log_index', '=', index)
      .execute();
  }

  it('finds nothing in a log that nobody touched', async () => {
    const log = await open();
    await log.add(3);
    await log.head();
    await log.add(2);
    const text = await log.export();
    expect(text.split('\n')).toHaveLength(64);
    expect(await log.verify({ text })).toMatchObject({
      verdict: 'proven',
      firstBad: null,
      size: 63,
      proven: 63,
      rows: { events: 63, erased: 0, unproven: 0, deleted: 0, hidden: 0 },
      checkpoints: { read: 4, agree: 4, unchecked: 0 },
      found: 0,
    });
  });

  it.each<[string, Record<string, string | number>]>([
    ['what happened', { type: 'verification.approved' }],
    ['when', { created_at: 1 }],
    ['who did it', { actor: 'key_two' }],
    ['to whom', { recipient_masked: '+44*******99' }],
    ['from where', { client: '{"ip":"198.51.100.1","user_agent":"a browser"}' }],
    ['one character of its data', { data: '{"purpose":"logim","channel":"sms"}' }],
    ['what is nobody’s data', { data: '{"purpose":"login","channel":"sms","more":0}' }],
    ['what is somebody’s data', { data: '{"purpose":"login","channel":"sms","text":"x"}' }],
  ])('names the event in which somebody changed %s', async (_, change) => {
    const log = await open();
    await update(log, await eventAt(log, 33), change);
    const report = await log.verify();
    expect(report).toMatchObject({ verdict: 'changed', firstBad: { from: 33, to: 33 }, found: 1 });
    // The hashes are as they were: everything else is proven.
    expect(report.checkpoints).toMatchObject({ agree: 3 });
  });

  it('finds an event that was changed with its leaf, between the checkpoints that saw it', async () => {
    const log = await open();
    await update(log, await eventAt(log, 33), { type: 'verification.approved' });
    await resealAt(log, 33);
    expect(await log.verify()).toMatchObject({ verdict: 'changed', firstBad: { from: 20, to: 39 }, proven: 20 });
  });

  it('names the event that was deleted', async () => {
    const log = await open();
    await log.db.kysely
      .deleteFrom('events')
      .where('id', '=', await eventAt(log, 33))
      .execute();
    expect(await log.verify()).toMatchObject({
      verdict: 'changed',
      firstBad: { from: 33, to: 33 },
      findings: [{ kind: 'deleted' }],
    });
  });

  it('names the place that lacks event and leaf', async () => {
    const log = await open();
    await log.db.kysely
      .deleteFrom('events')
      .where('id', '=', await eventAt(log, 33))
      .execute();
    await log.db.kysely.deleteFrom('audit_leaves').where('log_index', '=', 33).execute();
    const report = await log.verify();
    expect(report).toMatchObject({ verdict: 'changed', firstBad: { from: 33, to: 33 }, proven: 20 });
    expect(report.findings[0]).toMatchObject({ kind: 'missing' });
  });

  it('finds an event that was deleted without leaving a gap', async () => {
    const log = await open();
    await log.db.kysely
      .deleteFrom('events')
      .where('id', '=', await eventAt(log, 33))
      .execute();
    await log.db.kysely.deleteFrom('audit_leaves').where('log_index', '=', 33).execute();
    for (let index = 34; index < 60; index += 1) {
      await sql`update audit_leaves set log_index = ${index - 1} where log_index = ${index}`.execute(log.db.kysely);
    }
    await log.db.kysely.updateTable('audit_state').set({ size: 59 }).execute();
    const report = await log.verify();
    expect(report).toMatchObject({ verdict: 'changed', firstBad: { from: 20, to: 39 } });
    expect(report.findings.map(({ kind }) => kind)).toEqual(['root', 'truncated']);
  });

  it('finds two events that changed places', async () => {
    const log = await open();
    const swap = async (from: number, to: number) => {
      await sql`update audit_leaves set log_index = ${to} where log_index = ${from}`.execute(log.db.kysely);
    };
    await swap(33, 1_000);
    await swap(35, 33);
    await swap(1_000, 35);
    expect(await log.verify()).toMatchObject({ verdict: 'changed', firstBad: { from: 20, to: 39 }, proven: 20 });
  });

  it('finds an event that was put in later', async () => {
    const log = await open();
    const [added = ''] = await log.add(1);
    await sql`update audit_leaves set event_id = ${added} where log_index = 33`.execute(log.db.kysely);
    await resealAt(log, 33);
    expect(await log.verify()).toMatchObject({ verdict: 'changed', firstBad: { from: 20, to: 39 } });
  });

  it('finds that the newest events are gone', async () => {
    const log = await open();
    await log.db.kysely.deleteFrom('audit_leaves').where('log_index', '>=', 50).execute();
    await log.db.kysely.updateTable('audit_state').set({ size: 50 }).execute();
    expect(await log.verify()).toMatchObject({
      verdict: 'changed',
      firstBad: { from: 50, to: 50 },
      proven: 40,
      findings: [{ kind: 'truncated' }],
    });
  });

  it('finds a backup that was put in the place of the log, also when it has grown since', async () => {
    const log = await open();
    const { kysely } = log.db;
    const notes = [...log.kept.notes];
    await kysely.deleteFrom('audit_leaves').where('log_index', '>=', 30).execute();
    await kysely.deleteFrom('audit_nodes').execute();
    await kysely.deleteFrom('audit_checkpoints').where('size', '>', 30).execute();
    await kysely.updateTable('audit_state').set({ size: 30 }).execute();
    expect(await log.verify({ notes })).toMatchObject({ verdict: 'changed', firstBad: { from: 30, to: 30 } });

    await log.add(45);
    await log.head();
    const report = await log.verify({ notes });
    expect(report).toMatchObject({ verdict: 'changed', firstBad: { from: 20, to: 39 }, proven: 20 });
    // With the new head beside the old ones, the heads alone show it.
    const all = await log.verify({ notes: log.kept.notes });
    expect(new Set(all.findings.map(({ kind }) => kind))).toEqual(new Set(['root', 'fork']));
  });

  it('is not satisfied when the database shows its own checkpoints instead of those that were kept', async () => {
    const log = await open();
    const notes = [...log.kept.notes];
    await update(log, await eventAt(log, 33), { type: 'verification.approved' });
    await resealAt(log, 33);
    await log.db.kysely.deleteFrom('audit_checkpoints').where('size', '>', 20).execute();
    log.clock.now += 60_000;
    const forged = await log.head();
    const own = await log.db.kysely.selectFrom('audit_checkpoints').select('note').execute();
    expect(await log.verify({ notes: own.map(({ note }) => note) })).toMatchObject({ verdict: 'proven' });
    expect(await log.verify({ notes })).toMatchObject({ verdict: 'changed', firstBad: { from: 20, to: 39 } });
    const both = await log.verify({ notes: [...notes, forged] });
    expect(new Set(both.findings.map(({ kind }) => kind))).toEqual(new Set(['root', 'fork']));
  });
});
