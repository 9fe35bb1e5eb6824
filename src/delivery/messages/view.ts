import type { Static } from 'typebox';
import { toTimestamp } from '../../lib/clock.ts';
import { type CallContent, readContent } from './content.ts';
import type { AttemptRow, MessageRow, PartRow, ReceiptRow } from './load.ts';
import type { MessageStory } from './read-messages.ts';
import { readRoute } from './route-record.ts';
import type { MessageSchema, MessageStorySchema } from './schemas.ts';

type View = Static<typeof MessageSchema>;
type StoryView = Static<typeof MessageStorySchema>;

/** What the public sees of a message: never a code. */
export function viewMessage(row: MessageRow): View {
  const content = row.content === null ? null : readContent(row.content);
  return {
    id: row.id,
    status: row.status as View['status'],
    channel: row.channel as View['channel'],
    purpose: row.purpose,
    to: row.recipient,
    // Of a recording there is none.
    text: content?.text || null,
    ...(content?.subject !== undefined && { subject: content.subject }),
    ...(content?.template && { template: content.template }),
    sender: row.sender,
    ...(content?.call && { call: viewCall(content.call) }),
    segments: row.segments,
    encoding: row.encoding as View['encoding'],
    country: row.country,
    mcc_mnc: row.mcc_mnc,
    provider: row.provider,
    reason: row.reason,
    carrier_code: row.carrier_code,
    cost: costOf(row),
    verification_id: row.verification_id,
    metadata: row.metadata === null ? {} : JSON.parse(row.metadata),
    created_at: toTimestamp(row.created_at),
    updated_at: toTimestamp(row.updated_at),
    send_at: timeOf(row.send_at),
    expires_at: timeOf(row.expires_at),
  };
}

function viewCall({ recording, repeats, pressKey, optOutKey, retry }: CallContent): NonNullable<View['call']> {
  return {
    recording: recording?.id ?? null,
    duration_seconds: recording ? Math.round(recording.seconds * repeats * 1_000) / 1_000 : null,
    repeats,
    press_key: pressKey ?? null,
    opt_out_key: optOutKey ?? null,
    retry: { ...retry, on: [...retry.on] },
  };
}

export function viewStory({ message, attempts, parts, receipts }: MessageStory): StoryView {
  return {
    ...viewMessage(message),
    route: readRoute(message.route),
    attempts: attempts.map((attempt) =>
      viewAttempt(
        attempt,
        parts.filter((part) => part.attempt === attempt.number),
      ),
    ),
    receipts: receipts.map(viewReceipt),
  };
}

function viewAttempt(attempt: AttemptRow, parts: readonly PartRow[]): StoryView['attempts'][number] {
  return {
    number: attempt.number,
    provider: attempt.provider,
    sender: attempt.sender,
    status: attempt.status,
    reason: attempt.reason,
    carrier_code: attempt.carrier_code,
    cost: costOf(attempt),
    started_at: toTimestamp(attempt.started_at),
    ended_at: timeOf(attempt.ended_at),
    parts: parts.map(({ provider_id, status, reason, carrier_code, status_at }) => ({
      ...{ provider_id, status, reason, carrier_code },
      at: toTimestamp(status_at),
    })),
  };
}

function viewReceipt(receipt: ReceiptRow): StoryView['receipts'][number] {
  const { attempt, provider, provider_id, status, reason, carrier_code } = receipt;
  return {
    ...{ attempt, provider, provider_id, status, reason, carrier_code },
    at: timeOf(receipt.at),
    received_at: toTimestamp(receipt.received_at),
  };
}

function costOf({ cost_amount, cost_currency }: Pick<MessageRow, 'cost_amount' | 'cost_currency'>): View['cost'] {
  return cost_amount === null || cost_currency === null ? null : { amount: cost_amount, currency: cost_currency };
}

function timeOf(ms: number | null): string | null {
  return ms === null ? null : toTimestamp(ms);
}
