import { createHash } from 'node:crypto';
import type { AuditEvent } from '../../audit/event.ts';
import type { WebhookDeliveryTable } from '../../db/schema/webhooks.ts';
import { encodeId } from '../../lib/ids.ts';
import type { Attempt, Target } from './attempt.ts';
import { nextAttemptAt } from './schedule.ts';

/** As its row. */
export type Delivery = WebhookDeliveryTable;

/** An attempt as it is kept. */
export interface AttemptRecord {
  /** ms. */
  at: number;
  status: number | null;
  duration_ms: number;
  error: string | null;
  excerpt: string | null;
}

const ATTEMPTS_KEPT = 10;

export function newDelivery(target: Target, logIndex: number, event: AuditEvent, now: number): Delivery {
  return {
    endpoint_id: target.id,
    log_index: logIndex,
    id: deliveryId(target.id, event.id),
    event_id: event.id,
    event_type: event.type,
    object_id: target.ordered ? (event.verificationId ?? event.messageId ?? null) : null,
    status: 'pending',
    attempts: 0,
    step: 0,
    history: '[]',
    asked: 0,
    next_at: null,
    created_at: now,
    updated_at: now,
  };
}

/** The same whoever makes it, and however often. */
function deliveryId(endpoint: string, event: string): string {
  return `dlv_${encodeId(createHash('sha256').update(`${endpoint} ${event}`).digest().subarray(0, 26))}`;
}

/** `random`: from 0 to 1. */
export function afterAttempt(delivery: Delivery, attempt: Attempt, now: number, random: number): Delivery {
  const { at, status, durationMs, error, excerpt, verdict, retryAfterMs } = attempt;
  const record: AttemptRecord = { at, status, duration_ms: durationMs, error, excerpt };
  const attempts = delivery.attempts + 1;
  const step = delivery.step + 1;
  const next = verdict === 'delivered' ? null : nextAttemptAt(step, now, retryAfterMs, random);
  return {
    ...delivery,
    attempts,
    step,
    status: verdict === 'delivered' ? 'delivered' : next === null ? 'exhausted' : 'pending',
    history: JSON.stringify([...readHistory(delivery), record].slice(-ATTEMPTS_KEPT)),
    next_at: next,
    updated_at: now,
  };
}

/** It cannot be sent any more: the event is deleted. */
export function givenUp(delivery: Delivery, now: number): Delivery {
  const record: AttemptRecord = { at: now, status: null, duration_ms: 0, error: 'event_deleted', excerpt: null };
  const history = JSON.stringify([...readHistory(delivery), record].slice(-ATTEMPTS_KEPT));
  return { ...delivery, status: 'exhausted', history, next_at: null, updated_at: now };
}

export function readHistory({ history }: Pick<Delivery, 'history'>): AttemptRecord[] {
  return history === '[]' ? [] : JSON.parse(history);
}
