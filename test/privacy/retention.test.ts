import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SYSTEM } from '../../src/audit/admin-event.ts';
import { rotateAuditKey } from '../../src/audit/log/audit-keys.ts';
import { describeWith } from '../rig/stores.ts';
import { newNumber, openTestService, type Profile, type TestService } from '../service.ts';
import { expectLogHolds } from './expect-log-holds.ts';
import { verifyExport } from './verify-export.ts';

const DAY = 86_400_000;
const TABLES = ['verifications', 'messages', 'message_attempts', 'message_parts', 'receipts', 'inbound_messages'];

describe('retention, embedded', () => retention('embedded'));
await describeWith(['postgres'], 'retention, postgres', () => retention('postgres'));

function retention(profile: Profile): void {
  let service: TestService;
  let start: number;
  beforeAll(async () => {
    service = await openTestService(profile);
    start = service.clock.now;
    await live();
    service.clock.now += DAY;
    await run();
    service.clock.now = start + 50 * DAY;
    await live();
  });
  afterAll(() => service?.close());

  /** A day in the life of a project. */
  async function live(): Promise<void> {
    const to = newNumber();
    const client = { ip: '203.0.113.7', user_agent: 'a browser' };
    const { body } = await service.call('POST', '/v1/verifications', { to, client });
    const code = await service.codeOf(to);
    await service.call('POST', `/v1/verifications/${body.id}/check`, { code });
    await service.call('POST', '/v1/messages', { to, text: 'hello' });
    await service.sendMessages();
    const inbound = { providerId: `mo-${to}`, from: to, to: '36000', text: 'hi', channel: 'sms' };
    await service.services.delivery.takeInbound('sandbox', [inbound as never]);
    await service.services.auditLog.sealer.sealAll();
  }

  async function run(): Promise<void> {
    await service.services.privacy.worker.runDue();
    await service.services.auditLog.sealer.sealAll();
  }

  async function count(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const table of TABLES) {
      const { kysely } = service.services.db;
      const { rows } = await sql<{ count: number }>`select count(*) as count from ${sql.table(table)}`.execute(kysely);
      counts[table] = Number(rows[0]?.count);
    }
    return counts;
  }

  const events = async (filter: string) => (await service.call('GET', `/v1/events?limit=100&${filter}`)).body.data;

  it('keeps everything for its time', async () => {
    expect(await count()).toMatchObject({ verifications: 2, messages: 4, inbound_messages: 2 });
    expect(await events('type=retention.*')).toEqual([]);
  });

  it('messages and verifications go with all that belongs to them, receipts too; younger ones stay', async () => {
    const before = await count();
    expect(before.receipts).toBeGreaterThan(0);
    service.clock.now = start + 91 * DAY;
    await run();
    const after = await count();
    expect(after).toEqual(Object.fromEntries(Object.entries(before).map(([table, rows]) => [table, rows / 2])));
  });

  it('addresses and user agents go before their events, and say so', async () => {
    const told = await events('type=retention.*');
    const classes = told.map(({ data }: { data: { class: string } }) => data.class).sort();
    expect(classes).toEqual(['client', 'messages', 'verifications']);
    const all = await events('type=verification.*');
    const [young, old] = [all.slice(0, all.length / 2), all.slice(all.length / 2)];
    expect(old.every((event: object) => 'recipient' in event && !('client' in event))).toBe(true);
    expect(young.some((event: object) => 'client' in event)).toBe(true);
  });

  it('events go after theirs; what is left still proves what it is', async () => {
    const hashes = await expectLogHolds(service);
    const before = (await events('type=verification.*')).length;
    service.clock.now = start + 401 * DAY;
    await run();
    expect((await events('type=verification.*')).length).toBe(before / 2);
    expect((await expectLogHolds(service)).slice(0, hashes.length)).toEqual(hashes);
    const { rows, findings } = await verifyExport(service);
    expect(findings).toEqual([]);
    expect(rows).toMatchObject({ deleted: expect.any(Number) });
    expect(rows.deleted).toBeGreaterThan(before / 2 - 1);
  });

  it('what became of webhooks goes, but for what is still tried', async () => {
    const { kysely } = service.services.db;
    const url = 'https://hooks.example.com/';
    const { body } = await service.call('POST', '/v1/webhook-endpoints', { url, events: ['*'] });
    const at = service.clock.now;
    const delivery = (log_index: number, status: 'pending' | 'delivered' | 'exhausted', age: number) => ({
      ...{ endpoint_id: body.id, log_index, id: `dlv_${log_index}`, event_id: `evt_${log_index}`, status },
      ...{ event_type: 'key.created', object_id: null, attempts: 1, step: 1, history: '[]', next_at: null, asked: 0 },
      ...{ created_at: at - age, updated_at: at - age },
    });
    const rows = [
      delivery(1, 'delivered', 30 * DAY),
      delivery(2, 'pending', 30 * DAY),
      delivery(3, 'exhausted', 30 * DAY),
      delivery(4, 'delivered', 30 * DAY - 1),
    ];
    await kysely.insertInto('webhook_deliveries').values(rows).execute();
    await kysely.updateTable('retention_cursors').set({ value: 0 }).where('name', '=', 'run').execute();
    await run();
    const left = await kysely.selectFrom('webhook_deliveries').select('log_index').orderBy('log_index').execute();
    expect(left.map(({ log_index }) => log_index)).toEqual([2, 4]);
  });

  it('counters of guesses go when they have been idle; a run of failures in a row stays', async () => {
    const { kysely } = service.services.db;
    const at = service.clock.now;
    const budget = (key: string, updated_at: number, more: object = {}) => ({
      ...{ key, updated_at, failures: 1, started_at: 0, locked_until: 0, in_a_row: 0 },
      ...more,
    });
    const idle = Array.from({ length: 600 }, (_, i) => budget(`r:idle-${i}`, at));
    await kysely.deleteFrom('budgets').execute();
    await kysely.insertInto('budgets').values(idle).execute();
    await kysely
      .insertInto('budgets')
      .values([
        budget('r:in-a-row', at, { in_a_row: 3 }),
        budget('r:locked', at, { locked_until: at + 32 * DAY }),
        budget('r:young', at + DAY),
      ])
      .execute();
    service.clock.now = at + 30 * DAY;
    await run();
    const left = await kysely.selectFrom('budgets').select('key').orderBy('key').execute();
    expect(left.map(({ key }) => key)).toEqual(['r:in-a-row', 'r:locked', 'r:young']);
  });

  it('what explains gaps, and which keys signed, is never deleted', async () => {
    const { db, keyring } = service.services;
    const { verifier } = await rotateAuditKey(db, keyring, service.clock.now, { actor: SYSTEM, project: 'prj_one' });
    await service.services.auditLog.sealer.sealAll();
    service.clock.now = start + 2_000 * DAY;
    await run();
    expect(
      (await db.kysely.selectFrom('events').select('data').where('type', '=', 'audit_key.rotated').execute())[0]?.data,
    ).toContain(verifier);
    const told = await events('type=retention.*');
    expect(told.at(-1).data).toMatchObject({ count: expect.any(Number) });
    expect(await events('type=verification.*')).toEqual([]);
    expect((await verifyExport(service)).findings).toEqual([]);
  });

  it('a row deleted by hand is found', async () => {
    await live();
    const { kysely } = service.services.db;
    const newest = await kysely
      .selectFrom('events')
      .select('id')
      .orderBy('position', 'desc')
      .limit(1)
      .executeTakeFirstOrThrow();
    await kysely.deleteFrom('events').where('id', '=', newest.id).execute();
    expect((await verifyExport(service)).findings).not.toEqual([]);
  });
}
