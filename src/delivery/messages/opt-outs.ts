import type { AuditEvent } from '../../audit/event.ts';
import type { Channel } from '../../lib/channels.ts';
import { newId } from '../../lib/ids.ts';
import { readContent } from './content.ts';
import type { Target } from './find-targets.ts';
import type { OptOut } from './gate.ts';
import type { AttemptRow, MessageRow } from './load.ts';

/** Who pressed the key for no more calls, and whom a carrier says that it keeps us from. */
export function findOptOuts(
  messages: readonly MessageRow[],
  attempts: readonly AttemptRow[],
  targets: readonly Target[],
): OptOut[] {
  const said = new Map(
    targets
      .filter(({ receipt }) => receipt.reason === 'opted_out')
      .map(({ messageId, attempt }) => [messageId, attempt] as const),
  );
  return messages.flatMap((message) => {
    const number = said.get(message.id);
    if (number === undefined) return [];
    const attempt = attempts.find((one) => one.message_id === message.id && one.number === number);
    const offered = readContent(message.content).call?.optOutKey !== undefined;
    if (offered) return [toOptOut(message, 'key', attempt?.sender ?? '')];
    // Of a call without the key it says nothing that we had asked.
    if (message.channel === 'voice' || !attempt?.sender) return [];
    return [toOptOut(message, 'carrier', attempt.sender)];
  });
}

function toOptOut(message: MessageRow, by: OptOut['by'], sender: string): OptOut {
  const { id: messageId, project_id: project, mode, recipient: address, recipient_hash: addressHash } = message;
  return { messageId, project, mode, channel: message.channel as Channel, address, addressHash, by, sender };
}

export function optOutEvent(message: MessageRow, { by }: OptOut, at: number): AuditEvent {
  return {
    id: newId('evt'),
    type: 'recipient.opted_out',
    at,
    project: message.project_id,
    mode: message.mode,
    actor: 'system',
    messageId: message.id,
    recipient: { masked: message.recipient_masked, hash: message.recipient_hash },
    data: { channel: message.channel, by, provider: message.provider },
  };
}
