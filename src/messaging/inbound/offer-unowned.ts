import type { Transaction } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import { parsePhone } from '../../lib/phone.ts';
import { readReply } from '../consent/keywords/read-reply.ts';
import { senderKey } from '../consent/sender-key.ts';
import type { Owner } from '../consent/subject.ts';

/** Why nothing was done about a message to a number that nobody has. */
export const UNOWNED = 'unowned';

const OFFERED_MS = 7 * 86_400_000;
const MAX_OFFERED = 1_000;

/**
 * What was written to a number before a project claimed it becomes the project's, and is looked at once more. STOP is
 * acted upon, as it can never be too late; nothing else is answered. Resolves with how many.
 */
export async function offerUnowned(
  trx: Transaction<Schema>,
  number: string,
  { project, mode }: Owner,
  now: number,
): Promise<number> {
  const spellings = await trx
    .selectFrom('inbound_messages')
    .select('recipient')
    .distinct()
    .where('project_id', 'is', null)
    .where('received_at', '>', now - OFFERED_MS)
    .execute();
  const key = senderKey(number);
  const recipients = spellings.map(({ recipient }) => recipient).filter((recipient) => senderKey(recipient) === key);
  if (recipients.length === 0) return 0;
  const messages = await trx
    .selectFrom('inbound_messages')
    .select(['id', 'sender', 'text'])
    .where('project_id', 'is', null)
    .where('received_at', '>', now - OFFERED_MS)
    .where('recipient', 'in', recipients)
    .where('reason', '=', UNOWNED)
    .orderBy('received_at', 'desc')
    .limit(MAX_OFFERED)
    .execute();
  const isStop = ({ sender, text }: { sender: string; text: string }) =>
    readReply(text, parsePhone(sender)?.country ?? null)?.kind === 'stop';
  const { stops = [], others = [] } = Object.groupBy(messages, (message) => (isStop(message) ? 'stops' : 'others'));
  const offered = { project_id: project, mode, due_at: now, tries: 0 };
  const offer = (ids: readonly string[], change: { consent_at?: null }) =>
    trx
      .updateTable('inbound_messages')
      .set({ ...offered, ...change })
      .where('id', 'in', ids)
      .execute();
  const idsOf = (rows: readonly { id: string }[]) => rows.map(({ id }) => id);
  if (stops.length > 0) await offer(idsOf(stops), { consent_at: null });
  if (others.length > 0) await offer(idsOf(others), {});
  return messages.length;
}
