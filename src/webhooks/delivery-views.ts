import { type Static, Type } from 'typebox';
import { closed, NullableTimestampSchema, TimestampSchema } from '../http/schemas.ts';
import { toTimestamp } from '../lib/clock.ts';
import { type AttemptRecord, type Delivery, readHistory } from './delivery/delivery.ts';
import type { TestResult } from './open-webhooks.ts';

const StatusSchema = Type.Enum(['pending', 'delivered', 'exhausted']);

export const DeliveriesQuery = { status: Type.Optional(StatusSchema) };

const attemptMembers = {
  at: TimestampSchema,
  status: Type.Union([Type.Integer(), Type.Null()], { description: 'Of the answer; null: there was none.' }),
  duration_ms: Type.Integer(),
  error: Type.Union([Type.String(), Type.Null()], {
    description: 'Why there was none; `blocked`: the host is not, or is no longer, at a public address.',
  }),
  excerpt: Type.Union([Type.String(), Type.Null()], { description: 'The beginning of the answer.' }),
};

export const DeliverySchema = Type.Object(
  {
    id: Type.String(),
    event_id: Type.String({ description: 'What deliveries name `webhook-id`.' }),
    event_type: Type.String(),
    status: StatusSchema,
    attempts: Type.Integer(),
    next_attempt_at: NullableTimestampSchema,
    history: Type.Array(Type.Object(attemptMembers, closed), { description: 'The newest ten attempts, oldest first.' }),
    created_at: TimestampSchema,
    updated_at: TimestampSchema,
  },
  { ...closed, title: 'WebhookDelivery' },
);

export const TestResultSchema = Type.Object(
  { delivered: Type.Boolean(), ...attemptMembers },
  { ...closed, title: 'WebhookTest' },
);

export function viewDelivery(delivery: Delivery): Static<typeof DeliverySchema> {
  return {
    id: delivery.id,
    event_id: delivery.event_id,
    event_type: delivery.event_type,
    status: delivery.status,
    attempts: delivery.attempts,
    next_attempt_at: delivery.next_at === null ? null : toTimestamp(delivery.next_at),
    history: readHistory(delivery).map(viewAttempt),
    created_at: toTimestamp(delivery.created_at),
    updated_at: toTimestamp(delivery.updated_at),
  };
}

export function viewTestResult({ delivered, ...attempt }: TestResult): Static<typeof TestResultSchema> {
  return { delivered, ...viewAttempt(attempt) };
}

function viewAttempt({ at, status, duration_ms, error, excerpt }: AttemptRecord) {
  return { at: toTimestamp(at), status, duration_ms, error, excerpt };
}
