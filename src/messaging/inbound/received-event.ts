import type { AuditEvent } from '../../audit/event.ts';
import type { InboundRow } from '../../delivery/messages/keep-inbound.ts';
import type { Addressee, Owner } from '../consent/subject.ts';

/** Its id derives from the message's: there is one for each. */
export function receivedEvent(
  { id, channel, recipient, text }: InboundRow,
  { project, mode }: Owner,
  who: Addressee | null,
  data: Readonly<Record<string, string | null>>,
  at: number,
): AuditEvent {
  return {
    id: id.replace('msg_', 'evt_'),
    type: 'message.received',
    at,
    ...{ project, mode },
    actor: 'system',
    messageId: id,
    ...(who && { recipient: { masked: who.masked, hash: who.hash } }),
    data: { channel, to: recipient, text, ...data },
  };
}
