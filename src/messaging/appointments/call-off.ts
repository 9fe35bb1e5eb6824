import type { Database } from '../../db/open.ts';
import { cancelMessage } from '../../delivery/messages/cancel.ts';
import { WAITING } from '../../delivery/messages/message.ts';
import type { JobQueue } from '../../jobs/queue.ts';
import { OPEN, ownerOfRow } from './appointment.ts';
import type { Appointment } from './appointments-table.ts';

/** Reminders of a time that no longer holds, as far as nobody has handed them over yet. */
export function createCallOff(db: Database, outgoing: JobQueue) {
  return async ({ row, reminders }: Appointment, now: number): Promise<void> => {
    const isOpen = OPEN.includes(row.status);
    const ids = reminders.flatMap(({ plan, status, message_id }) =>
      status === 'sent' && message_id !== null && (!isOpen || plan < row.plan) ? [message_id] : [],
    );
    if (ids.length === 0) return;
    const waiting = await db.kysely
      .selectFrom('messages')
      .select('id')
      .where('id', 'in', ids)
      .where('status', 'in', [...WAITING])
      .execute();
    for (const { id } of waiting) {
      await cancelMessage(db, outgoing, { ...ownerOfRow(row), actor: 'system' }, id, now);
    }
  };
}
