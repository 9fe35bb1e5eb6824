import { expect, it } from 'vitest';
import type { AuditEvent } from '../../src/audit/event.ts';
import { fromEventRow, toEventRow } from '../../src/audit/events-table.ts';
import { newId } from '../../src/lib/ids.ts';
import { onEachDialect } from '../db/on-each-dialect.ts';

const plain = (): AuditEvent => ({
  id: newId('evt'),
  type: 'key.created',
  at: Date.UTC(2026, 0, 1),
  project: 'prj_one',
  mode: 'live',
  actor: 'system',
  data: {},
});

await onEachDialect('events', ({ open }) => {
  it('come back as they went in, in order', async () => {
    const db = await open();
    const full: AuditEvent = {
      ...plain(),
      type: 'verification.created',
      verificationId: 'ver_1',
      messageId: 'msg_1',
      recipient: { masked: '+33*******78', hash: 'abc' },
      client: { ip: '203.0.113.7', user_agent: 'ünïcode 🙂 "quoted"' },
      data: { nested: { list: [1, null, 'x'] } },
      sequence: 1,
    };
    const events = [plain(), full, plain()];
    await db.kysely.insertInto('events').values(events.map(toEventRow)).execute();
    const rows = await db.kysely.selectFrom('events').selectAll().orderBy('position').execute();
    expect(rows.map(fromEventRow)).toEqual(events);
  });
});
