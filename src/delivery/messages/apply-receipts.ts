import type { AuditEvent } from '../../audit/event.ts';
import { type Reason, reasons } from '../reasons.ts';
import { callAgainMs } from './call-again.ts';
import { messageEvents } from './events.ts';
import type { Target } from './find-targets.ts';
import type { AttemptRow, MessageRow, PartRow } from './load.ts';
import type { AttemptStatus, PartStatus } from './message.ts';
import { sumPrices } from './price.ts';
import { readDetails } from './receipt-row.ts';
import { readRoute } from './route-record.ts';
import { hasArrived, hasFailed, nextPartStatus, statusOfAttempts, statusOfParts } from './status.ts';

/** A message with all that is known of it. */
export interface MessageState {
  message: MessageRow;
  attempts: AttemptRow[];
  parts: PartRow[];
}

/** What an attempt came to; told to whoever waits for it. */
export interface AttemptReport {
  message: MessageRow;
  attempt: AttemptRow;
  status: 'delivered' | 'failed';
}

export interface Applied {
  state: MessageState;
  /** Parts that are to be written. */
  parts: PartRow[];
  attempts: AttemptRow[];
  events: AuditEvent[];
  reports: AttemptReport[];
  /** When its job begins anew: the next provider is tried, or a call is made again. */
  againAt: number | null;
  /** Its job ends: the phone has the message after all. */
  arrived: boolean;
}

export interface ApplyOptions {
  /** Carriers that number the parts and report the whole by one of them. */
  reportsOnce(provider: string): boolean;
  /** Whether another provider could carry it. */
  canFailOver(state: MessageState): boolean;
}

/** Works the receipts of one message into what is known of it. Pure; the order of receipts makes no difference. */
export function applyReceipts(
  before: MessageState,
  targets: readonly Target[],
  options: ApplyOptions,
  now: number,
): Applied {
  let { message } = before;
  const parts = new Map(before.parts.map((part) => [idOf(part), part]));
  const attempts = new Map(before.attempts.map((attempt) => [attempt.number, attempt]));
  const touched = new Set<string>();

  for (const target of targets) {
    const { mccMnc } = readDetails(target.receipt);
    if (mccMnc !== undefined) message = { ...message, mcc_mnc: mccMnc };
    for (const part of partsMeant(target, [...parts.values()], message.id, options)) {
      const next = withReceipt(part, target, now);
      parts.set(idOf(next), next);
      touched.add(idOf(next));
    }
  }

  const reports: AttemptReport[] = [];
  const changed: AttemptRow[] = [];
  for (const attempt of attempts.values()) {
    const own = [...parts.values()].filter((part) => part.attempt === attempt.number);
    if (!own.some((part) => touched.has(idOf(part)))) continue;
    const next = withParts(attempt, own);
    attempts.set(next.number, next);
    changed.push(next);
    const status = reportOf(attempt.status as AttemptStatus, next.status as AttemptStatus);
    if (status) reports.push({ message, attempt: next, status });
  }

  const state = { message, attempts: [...attempts.values()], parts: [...parts.values()] };
  const outcome = concludeMessage(state, reports, options, now);
  return {
    state: { ...state, message: outcome.message },
    parts: state.parts.filter((part) => touched.has(idOf(part))),
    attempts: changed,
    reports,
    ...outcome,
  };
}

const idOf = ({ provider, provider_id }: Pick<PartRow, 'provider' | 'provider_id'>) => `${provider} ${provider_id}`;

function partsMeant(
  { receipt, attempt, providerId }: Target,
  parts: readonly PartRow[],
  messageId: string,
  { reportsOnce }: ApplyOptions,
): PartRow[] {
  const { provider } = receipt;
  const own = parts.filter((part) => part.provider === provider && part.attempt === attempt);
  if (own.length > 0) {
    const whole = providerId === null || reportsOnce(provider);
    return whole ? own : own.filter((part) => part.provider_id === providerId);
  }
  // The call had no answer, so it has no ids yet.
  const id = receipt.provider_id ?? receipt.reference ?? receipt.key;
  return [
    {
      provider,
      provider_id: id,
      message_id: messageId,
      attempt,
      part: 1,
      status: 'sent',
      reason: null,
      carrier_code: null,
      cost_amount: null,
      cost_currency: null,
      status_at: receipt.received_at,
    },
  ];
}

function withReceipt(part: PartRow, { receipt }: Target, now: number): PartRow {
  const { price } = readDetails(receipt);
  const cost = price && { cost_amount: price.amount, cost_currency: price.currency };
  const status = nextPartStatus(part.status as PartStatus, receipt.status as never);
  if (status === part.status) return { ...part, ...cost };
  const { reason, carrier_code } = receipt;
  return { ...part, ...cost, status, reason, carrier_code, status_at: receipt.at ?? now };
}

function withParts(attempt: AttemptRow, parts: readonly PartRow[]): AttemptRow {
  const status = statusOfParts(parts.map((part) => part.status as PartStatus));
  const bad =
    hasArrived(status) && status !== 'partially_delivered' ? undefined : parts.findLast(({ reason }) => reason);
  const cost = sumPrices(parts.map(priceOf));
  return {
    ...attempt,
    status,
    reason: bad?.reason ?? null,
    carrier_code: bad?.carrier_code ?? null,
    ...(cost && { cost_amount: cost.amount, cost_currency: cost.currency }),
  };
}

function priceOf({ cost_amount, cost_currency }: Pick<PartRow, 'cost_amount' | 'cost_currency'>) {
  return cost_amount === null || cost_currency === null ? null : { amount: cost_amount, currency: cost_currency };
}

/** A text of which a part is missing is as good as none for who waits for a code. */
function reportOf(before: AttemptStatus, after: AttemptStatus): AttemptReport['status'] | null {
  if (before === after) return null;
  if (after === 'delivered' || after === 'read') return before === 'delivered' ? null : 'delivered';
  return after === 'partially_delivered' || hasFailed(after) ? 'failed' : null;
}

type Outcome = Pick<Applied, 'events' | 'againAt' | 'arrived'> & { message: MessageRow };

function concludeMessage(
  state: MessageState,
  reports: readonly AttemptReport[],
  { canFailOver }: ApplyOptions,
  now: number,
): Outcome {
  const { message, attempts } = state;
  const cost = sumPrices(attempts.map(priceOf));
  const priced = { ...message, ...(cost && { cost_amount: cost.amount, cost_currency: cost.currency }) };
  const status = statusOfAttempts(attempts.map((attempt) => attempt.status as AttemptStatus));
  const stays = { message: priced, events: [], againAt: null, arrived: false };
  if (status === message.status) return stays;
  // Only good news ends what waits, is under way or was called off.
  if (!hasArrived(status) && !['sent', 'unknown', 'undelivered', 'expired', 'failed'].includes(message.status)) {
    return stays;
  }
  const route = readRoute(message.route);
  const failed = reports.some((report) => report.status === 'failed' && mayBeMended(report.attempt.reason));
  if (hasFailed(status as AttemptStatus) && failed && route?.failover_on_receipt && canFailOver(state)) {
    return { ...stays, message: { ...priced, status: 'queued', due_at: null, updated_at: now }, againAt: now };
  }
  const waitMs = hasFailed(status as AttemptStatus) ? callAgainMs(message, attempts) : null;
  if (waitMs !== null && now + waitMs < (message.expires_at ?? Infinity)) {
    return { ...stays, message: { ...priced, status: 'queued', due_at: null, updated_at: now }, againAt: now + waitMs };
  }
  const { provider, reason, carrier_code } = attempts.findLast((attempt) => attempt.status === status) ?? message;
  const timeout = (route?.receipt_timeout_seconds ?? 0) * 1000;
  const next: MessageRow = {
    ...priced,
    status,
    reason,
    carrier_code,
    due_at: status === 'sent' ? (message.due_at ?? now + timeout) : null,
    updated_at: now,
  };
  const data = { provider, ...(reason !== null && { reason }) };
  return {
    ...stays,
    message: next,
    events: messageEvents(message, status, 'system', now, data),
    arrived: hasArrived(status),
  };
}

function mayBeMended(reason: string | null): boolean {
  return reason === null || !(reason in reasons) || reasons[reason as Reason].mendable;
}
