import type { MessageAttemptTable, MessagePartTable, MessageTable } from '../../db/schema.ts';
import type { AttemptBegun, AttemptEnded, SendEntry } from './send-log.ts';

/** A code that nothing is written of yet, as it is by now. */
export interface FreshCode {
  message: MessageTable;
  attempts: MessageAttemptTable[];
  parts: MessagePartTable[];
  entries: SendEntry[];
}

/** Of codes whose first entry is among these one row says what several entries would; `rest` is of other messages. */
export function foldFreshCodes(entries: readonly SendEntry[]): { codes: FreshCode[]; rest: SendEntry[] } {
  const codes = new Map<string, FreshCode>();
  const rest: SendEntry[] = [];
  for (const entry of entries) {
    const { messageId } = entry;
    const first = entry.kind === 'ended' ? undefined : entry.message;
    const code = codes.get(messageId) ?? (first && { message: { ...first }, attempts: [], parts: [], entries: [] });
    if (!code) {
      rest.push(entry);
      continue;
    }
    codes.set(messageId, code);
    code.entries.push(entry);
    if (entry.kind === 'begun') begin(code, entry);
    if (entry.kind === 'ended') end(code, entry);
  }
  return { codes: [...codes.values()], rest };
}

function begin({ message, attempts }: FreshCode, { attempt, provider, sender, route, at, dueAt }: AttemptBegun): void {
  Object.assign(message, { status: 'sending', attempts: attempt, provider, route, due_at: dueAt, updated_at: at });
  attempts.push({
    message_id: message.id,
    number: attempt,
    provider,
    sender,
    status: 'sending',
    reason: null,
    carrier_code: null,
    cost_amount: null,
    cost_currency: null,
    started_at: at,
    ended_at: null,
  });
}

function end({ message, attempts, parts }: FreshCode, entry: AttemptEnded): void {
  const { after } = entry;
  const outcome = outcomeOf(entry);
  const attempt = attempts.find(({ number }) => number === entry.attempt);
  if (attempt) Object.assign(attempt, { ...outcome, status: entry.status, ended_at: entry.at });
  if (after) {
    const { status, dueAt } = after;
    Object.assign(message, outcome, { status, due_at: dueAt, updated_at: entry.at, mcc_mnc: entry.mccMnc });
  }
  parts.push(...toPartRows(entry));
}

/** What an attempt and its message say alike. */
export function outcomeOf({ reason, carrierCode, price }: AttemptEnded) {
  return {
    reason,
    carrier_code: carrierCode,
    cost_amount: price?.amount ?? null,
    cost_currency: price?.currency ?? null,
  };
}

export function toPartRows({ messageId, attempt, provider, partIds, at }: AttemptEnded): MessagePartTable[] {
  return partIds.map((id, index) => ({
    provider,
    provider_id: id,
    message_id: messageId,
    attempt,
    part: index + 1,
    status: 'sent',
    reason: null,
    carrier_code: null,
    cost_amount: null,
    cost_currency: null,
    status_at: at,
  }));
}
