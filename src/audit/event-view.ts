import { type Static, Type } from 'typebox';
import { closed, TimestampSchema } from '../http/schemas.ts';
import { toTimestamp } from '../lib/clock.ts';
import type { AuditEvent } from './event.ts';

/** An event as callers see it. */
export const EventSchema = Type.Object(
  {
    id: Type.String(),
    type: Type.String({ examples: ['verification.approved'] }),
    created_at: TimestampSchema,
    project: Type.String(),
    mode: Type.Union([Type.Literal('live'), Type.Literal('test')]),
    actor: Type.String({
      description:
        'The API key that caused it, `client:<verification id>` for a client token, `system`, or `unknown` for who had no ' +
        'valid key.',
    }),
    verification_id: Type.Optional(Type.String()),
    message_id: Type.Optional(Type.String()),
    sequence: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Place among the events of its verification, without gaps.' }),
    ),
    recipient: Type.Optional(
      Type.Object({ masked: Type.String({ examples: ['+33*******78'] }), hash: Type.String() }, closed),
    ),
    client: Type.Optional(
      Type.Object(
        {
          ip: Type.Optional(Type.String()),
          user_agent: Type.Optional(Type.String()),
          user_agent_truncated: Type.Optional(Type.Literal(true)),
          device_id: Type.Optional(Type.String()),
        },
        closed,
      ),
    ),
    data: Type.Record(Type.String(), Type.Unknown()),
  },
  { ...closed, title: 'Event' },
);

/** Outside the event itself, which is in the log without it. */
export const ListedEventSchema = Type.Object(
  {
    ...EventSchema.properties,
    log_index: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Place in the audit log, from the moment it is sealed.' }),
    ),
  },
  { ...closed, title: 'ListedEvent' },
);

export function viewListedEvent(event: AuditEvent, logIndex: number | undefined): Static<typeof ListedEventSchema> {
  return { ...viewEvent(event), ...(logIndex !== undefined && { log_index: logIndex }) };
}

export function viewEvent(event: AuditEvent): Static<typeof EventSchema> {
  return {
    id: event.id,
    type: event.type,
    created_at: toTimestamp(event.at),
    project: event.project,
    mode: event.mode,
    actor: event.actor,
    ...(event.verificationId !== undefined && { verification_id: event.verificationId }),
    ...(event.messageId !== undefined && { message_id: event.messageId }),
    ...(event.sequence !== undefined && { sequence: event.sequence }),
    ...(event.recipient && { recipient: event.recipient }),
    ...(event.client && { client: event.client }),
    data: event.data,
  };
}
