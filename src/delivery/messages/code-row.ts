import { hash } from 'node:crypto';
import type { MessageTable } from '../../db/schema.ts';
import { orderedIdOf } from '../../lib/ids.ts';
import type { CodeMessage } from '../deliver.ts';
import { UNSENT } from './unsent-message.ts';

/** One for each send of a verification, whoever writes of it: its row cannot be written twice. */
export function codeMessageId({
  verificationId,
  startedAt,
  sendIndex,
}: Pick<CodeMessage, 'verificationId' | 'startedAt' | 'sendIndex'>): string {
  return orderedIdOf('msg', startedAt, hash('sha256', `${verificationId} ${sendIndex}`, 'buffer'));
}

/** Before its first try. Neither the text nor the code is in it. */
export function toCodeRow(message: CodeMessage, expiresAt: number, now: number): MessageTable {
  const { verificationId, sendIndex, project, mode, channel, to, locale, country } = message;
  return {
    ...UNSENT,
    id: codeMessageId(message),
    project_id: project,
    mode,
    purpose: 'code',
    channel,
    recipient: to,
    recipient_hash: message.recipientHash,
    recipient_masked: message.masked,
    verification_id: verificationId,
    send_index: sendIndex,
    sender: null,
    locale,
    country,
    status: 'sending',
    actor: 'system',
    expires_at: expiresAt,
    created_at: now,
    updated_at: now,
    campaign_id: null,
    contact_id: null,
  };
}
