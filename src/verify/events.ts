import type { AuditEvent, ClientInfo, EventType } from '../audit/event.ts';
import { newOrderedId } from '../lib/ids.ts';
import type { Challenge, ChallengeFacts } from './challenge.ts';

/** Who acts: an API key id, `client:<verification id>` for a client token, or `system`. */
export type Actor = string;

/** An event about one challenge. The context stays out of it: amounts and payees are the app's to publish. */
export function challengeEvent(
  type: EventType,
  challenge: ChallengeFacts,
  actor: Actor,
  now: number,
  data: Record<string, unknown> = {},
  client: ClientInfo = challenge.client,
): AuditEvent {
  return {
    id: newOrderedId('evt', now),
    type,
    at: now,
    project: challenge.project,
    mode: challenge.mode,
    actor,
    verificationId: challenge.id,
    recipient: { masked: challenge.masked, hash: challenge.recipientHash },
    ...(Object.keys(client).length > 0 && { client }),
    data: { purpose: challenge.purpose, ...data },
  };
}

/** What an event says of one send. */
export function sendData({ sends, email }: Challenge, index: number): Record<string, unknown> {
  const channel = sends[index]?.channel;
  return { channel, send: index, ...(channel === 'email' && { email }) };
}

/** An event written before its challenge was read, completed from what the store knows. */
export function completeEvent(event: AuditEvent, challenge: ChallengeFacts): AuditEvent {
  return {
    ...event,
    recipient: { masked: challenge.masked, hash: challenge.recipientHash },
    ...(Object.keys(challenge.client).length > 0 && { client: challenge.client }),
    data: { purpose: challenge.purpose, ...event.data },
  };
}
