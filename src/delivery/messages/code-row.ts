import { hash } from 'node:crypto';
import type { MessageTable } from '../../db/schema.ts';
import { encodeId } from '../../lib/ids.ts';
import type { CodeMessage } from '../deliver.ts';

const ID_BYTES = 26;

/** One for each send of a verification, whoever writes of it: its row cannot be written twice. */
export function codeMessageId({
  verificationId,
  sendIndex,
}: Pick<CodeMessage, 'verificationId' | 'sendIndex'>): string {
  const digest = hash('sha256', `${verificationId} ${sendIndex}`, 'buffer');
  return `msg_${encodeId(digest.subarray(0, ID_BYTES))}`;
}

/** Before its first try. Neither the text nor the code is in it. */
export function toCodeRow(message: CodeMessage, expiresAt: number, now: number): MessageTable {
  const { verificationId, sendIndex, project, mode, channel, to, locale, country } = message;
  return {
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
    content: null,
    sender: null,
    locale,
    encoding: null,
    segments: null,
    country,
    mcc_mnc: null,
    status: 'sending',
    reason: null,
    carrier_code: null,
    provider: null,
    route: null,
    attempts: 0,
    cost_amount: null,
    cost_currency: null,
    metadata: null,
    actor: 'system',
    send_at: null,
    expires_at: expiresAt,
    due_at: null,
    created_at: now,
    updated_at: now,
    campaign_id: null,
    contact_id: null,
  };
}
