import type { AuditEvent, EventType } from '../../audit/event.ts';
import type { MessageTable } from '../../db/schema.ts';
import { newOrderedId } from '../../lib/ids.ts';
import type { MessageStatus } from './message.ts';

type Told = Exclude<MessageStatus, 'queued' | 'sending'>;

/** What an event says of a message: never its text. */
export type EventSubject = Pick<
  MessageTable,
  'id' | 'project_id' | 'mode' | 'purpose' | 'channel' | 'recipient_masked' | 'recipient_hash'
>;

/** Codes have the events of their verification. Waiting for a further try, and being handed over, are our own affair. */
export function messageEvents(
  message: EventSubject,
  status: MessageStatus,
  actor: string,
  at: number,
  data: Record<string, unknown> = {},
): AuditEvent[] {
  if (message.purpose === 'code' || !isTold(status)) return [];
  return [
    {
      id: newOrderedId('evt', at),
      type: `message.${status}` satisfies EventType,
      at,
      project: message.project_id,
      mode: message.mode,
      actor,
      messageId: message.id,
      recipient: { masked: message.recipient_masked, hash: message.recipient_hash },
      data: { channel: message.channel, purpose: message.purpose, ...data },
    },
  ];
}

function isTold(status: MessageStatus): status is Told {
  return status !== 'queued' && status !== 'sending';
}
