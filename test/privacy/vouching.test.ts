import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { selectAuditKeys } from '../../src/audit/log/audit-keys.ts';
import { listCheckpoints } from '../../src/audit/log/checkpoints.ts';
import { parseNoteKey } from '../../src/audit/verify/note.ts';
import type { Report } from '../../src/audit/verify/report.ts';
import { verifyLog } from '../../src/audit/verify/verify-log.ts';
import { hashPhone } from '../../src/lib/phone.ts';
import { eventClasses } from '../../src/privacy/event-classes.ts';
import { passEvents } from '../../src/privacy/pass-events.ts';
import { newSecret } from '../projects/new-secret.ts';
import { describeWith } from '../rig/stores.ts';
import { newNumber, openTestService, type Profile, type TestService } from '../service.ts';
import { readText } from './read-lines.ts';

const DAY = 86_400_000;

describe('what the service signs of gaps in the log, embedded', () => vouching('embedded'));
await describeWith(['postgres'], 'what the service signs of gaps in the log, postgres', () => vouching('postgres'));

/** Somebody writes to the database, and the service itself is to give a good reason for what is missing. */
function vouching(profile: Profile): void {
  let service: TestService;
  beforeEach(async () => {
    service = await openTestService(profile, { key: newSecret('live') });
  });
  afterEach(() => service?.close());

  const kysely = () => service.services.db.kysely;

  async function head(): Promise<void> {
    await service.settled();
    await service.services.auditLog.sealer.sealAll();
    service.clock.now += 60_000;
    await service.services.auditLog.checkpointer.signIfDue(service.clock.now);
  }

  async function start(to = newNumber()): Promise<string> {
    const client = { ip: '203.0.113.7' };
    const { body } = await service.call('POST', '/v1/verifications', { to, client });
    await service.settled();
    return body.id;
  }

  async function retain(): Promise<void> {
    await kysely().updateTable('retention_cursors').set({ value: 0 }).execute();
    await service.services.privacy.worker.runDue();
    await head();
  }

  async function verify(): Promise<Report> {
    const text = await readText(service, '/v1/audit/export?proof=true');
    const notes = await listCheckpoints(kysely(), null, 1_000);
    const keys = await selectAuditKeys(kysely());
    return verifyLog({
      open: () => Readable.from([Buffer.from(text)]),
      checkpoints: notes.map(({ note }) => note),
      keys: keys.flatMap(({ verifier }) => parseNoteKey(verifier) ?? []),
      partial: true,
    });
  }

  const eventsOf = (verification: string) =>
    kysely().selectFrom('events').select(['id', 'position']).where('verification_id', '=', verification).execute();

  it('retention and erasures are proven by what they leave', async () => {
    const to = newNumber();
    await start();
    await start(to);
    await head();
    await service.call('POST', '/v1/privacy/erasures', { to });
    await retain();
    expect(await verify()).toMatchObject({ verdict: 'proven', rows: { deleted: 0, erased: expect.any(Number) } });
    service.clock.now += 401 * DAY;
    await retain();
    const { verdict, rows } = await verify();
    expect(verdict).toBe('proven');
    expect(rows.deleted).toBeGreaterThan(4);
  });

  it('what retention is only said to have counted is told of by nobody', async () => {
    const [first] = await eventsOf(await start());
    await head();
    await kysely()
      .deleteFrom('events')
      .where('id', '=', first?.id ?? '')
      .execute();
    const { project_id, mode } = await kysely().selectFrom('events').selectAll().limit(1).executeTakeFirstOrThrow();
    const sealed = JSON.stringify({ before: service.clock.now, count: 1, places: { first: 0, last: 100 } });
    await kysely().insertInto('retention_tallies').values({ class: 'events', project_id, mode, sealed }).execute();
    await retain();
    const { body } = await service.call('GET', '/v1/events?type=retention.*');
    expect(body.data).toEqual([]);
    expect(await verify()).toMatchObject({ verdict: 'changed', findings: [{ kind: 'deleted' }] });
  });

  it('what retention has told once it does not tell again', async () => {
    await start();
    await head();
    service.clock.now += 401 * DAY;
    const { db, keyring, config } = service.services;
    for (const one of eventClasses(config.file.retention, service.clock.now)) {
      await passEvents({ db, keyring }, one, service.clock.now);
    }
    const kept = await kysely().selectFrom('retention_tallies').selectAll().execute();
    expect(kept.map((tally) => tally.class)).toContain('events');
    await retain();
    const told = async () => (await service.call('GET', '/v1/events?type=retention.*&limit=100')).body.data.length;
    const before = await told();
    expect(before).toBeGreaterThan(0);
    await kysely().insertInto('retention_tallies').values(kept).execute();
    await retain();
    expect(await told()).toBe(before);
  });

  it('an event that somebody has made older goes, and is missed', async () => {
    const verification = await start();
    await head();
    const [first] = await eventsOf(verification);
    const old = service.clock.now - 500 * DAY;
    // Retention goes through them in order: those before it too.
    const early = kysely()
      .selectFrom('events')
      .select('id')
      .where('position', '<=', first?.position ?? 0);
    await kysely().updateTable('audit_leaves').set({ created_at: old }).where('event_id', 'in', early).execute();
    await kysely().updateTable('events').set({ created_at: old }).where('id', 'in', early).execute();
    await retain();
    expect((await eventsOf(verification)).map(({ id }) => id)).not.toContain(first?.id);
    const { verdict, findings } = await verify();
    expect(verdict).toBe('changed');
    expect(findings.some(({ kind }) => kind === 'deleted')).toBe(true);
  });

  it('an event of what somebody has added to an erasure is missed', async () => {
    const verification = await start();
    await head();
    const { body } = await service.call('POST', '/v1/privacy/erasures', { to: newNumber() });
    const claim = { erasure_id: body.id, object_id: verification, proof: `${service.services.keyring.current}.x` };
    await kysely().insertInto('erased_objects').values(claim).execute();
    await retain();
    const { verdict, findings } = await verify();
    expect(verdict).toBe('changed');
    expect(findings.map(({ kind }) => kind)).toContain('erased');
  });

  it('an erasure of which somebody has made more is not carried out', async () => {
    const verification = await start();
    const { body } = await service.call('POST', '/v1/privacy/erasures', { to: newNumber() });
    await kysely().updateTable('erasures').set({ everywhere: 1 }).where('id', '=', body.id).execute();
    await expect(service.services.privacy.worker.runDue()).rejects.toThrow('cannot be read');
    expect(await eventsOf(verification)).not.toEqual([]);
  });

  it('an event that somebody has filed under a person who is erased is missed', async () => {
    const to = newNumber();
    const verification = await start();
    await head();
    await kysely()
      .updateTable('events')
      .set({ recipient_hash: hashPhone(service.services.hashKey, to) })
      .where('verification_id', '=', verification)
      .execute();
    await service.call('POST', '/v1/privacy/erasures', { to });
    await retain();
    const { verdict, findings } = await verify();
    expect(verdict).toBe('changed');
    expect(findings.map(({ kind }) => kind)).toContain('erased');
  });
}
