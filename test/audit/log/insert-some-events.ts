import type { AuditEvent } from '../../../src/audit/event.ts';
import { insertEvents } from '../../../src/audit/insert-events.ts';
import type { Database } from '../../../src/db/open.ts';
import { writeTransaction } from '../../../src/db/transaction.ts';
import { newId } from '../../../src/lib/ids.ts';

export function someEvent(event: Partial<AuditEvent> = {}): AuditEvent {
  return {
    id: newId('evt'),
    type: 'verification.created',
    at: Date.UTC(2027, 0, 15),
    project: 'prj_one',
    mode: 'live',
    actor: 'key_one',
    verificationId: 'ver_one',
    recipient: { masked: '+33*******78', hash: 'hash-of-number' },
    client: { ip: '203.0.113.7', user_agent: 'a browser' },
    data: { purpose: 'login', channel: 'sms' },
    ...event,
  };
}

/** Their ids, in order. */
export async function insertSome(db: Database, count: number, event: Partial<AuditEvent> = {}): Promise<string[]> {
  const events = Array.from({ length: count }, () => someEvent(event));
  const ids = events.map(({ id }) => id);
  // Postgres takes at most 65,535 parameters a statement.
  while (events.length > 0) {
    const some = events.splice(0, 1_000);
    await writeTransaction(db, {}, (trx) => insertEvents(trx, some));
  }
  return ids;
}
