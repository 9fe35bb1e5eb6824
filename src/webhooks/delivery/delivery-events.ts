import { createHash } from 'node:crypto';
import type { AuditEvent } from '../../audit/event.ts';
import { encodeId, newId } from '../../lib/ids.ts';
import type { Target } from './attempt.ts';
import type { Delivery } from './delivery.ts';
import type { DisableReason, Health } from './health.ts';

/** What the log says of deliveries themselves. */

/** Told by two processes it is one event. */
export function exhaustedEvent(target: Target, delivery: Delivery, now: number): AuditEvent {
  const seed = createHash('sha256').update(`exhausted ${delivery.id} ${delivery.attempts}`).digest();
  return {
    ...eventOf(target, now),
    id: `evt_${encodeId(seed.subarray(0, 26))}`,
    type: 'webhook.exhausted',
    data: {
      endpoint_id: target.id,
      delivery_id: delivery.id,
      event_id: delivery.event_id,
      event_type: delivery.event_type,
      attempts: delivery.attempts,
    },
  };
}

/** `eventType`: of what it took as little as all before. */
export function failingEvent(
  target: Target,
  { failures, failingSince }: Health,
  eventType: string,
  now: number,
): AuditEvent {
  const failing_since = new Date(failingSince ?? now).toISOString();
  const data = { endpoint_id: target.id, failures, failing_since, event_type: eventType };
  return { ...eventOf(target, now), id: newId('evt'), type: 'webhook_endpoint.failing', data };
}

export function disabledEvent(target: Target, reason: DisableReason, now: number): AuditEvent {
  const data = { endpoint_id: target.id, reason };
  return { ...eventOf(target, now), id: newId('evt'), type: 'webhook_endpoint.disabled', data };
}

function eventOf({ project, mode }: Target, now: number) {
  return { at: now, project, mode, actor: 'system' };
}
