import { Type } from 'typebox';
import { pageQuery } from '../http/pagination.ts';
import { closed } from '../http/schemas.ts';
import { MAX_EMAIL_LENGTH } from '../lib/email.ts';
import { CHALLENGE_ID } from '../lib/ids.ts';
import { SendStatusSchema, StatusSchema } from './enums.ts';
import { ChannelSchema, PURPOSE_PATTERN, WorkflowSchema } from './policy.ts';

const Timestamp = Type.String({ format: 'date-time', description: 'RFC 3339, UTC.' });
const nullable = <T extends ReturnType<typeof Type.String>>(schema: T) => Type.Union([schema, Type.Null()]);

/** Printable text without control characters: it may reach a message, a header or a log. */
const text = (maxLength: number, options: object = {}) =>
  Type.String({ minLength: 1, maxLength, pattern: '^[^\\p{Cc}\\p{Cs}\\u2028\\u2029]+$', ...options });

export const ContextSchema = Type.Record(Type.String({ pattern: '^[a-z][a-z0-9_]{0,39}$' }), text(200), {
  ...closed,
  maxProperties: 10,
  minProperties: 1,
  description:
    'What the code is bound to, e.g. amount, currency and payee. The message shows it; the check must repeat it.',
});

export const IdParams = Type.Object({ id: Type.String({ pattern: CHALLENGE_ID.source }) }, closed);

const To = Type.String({
  minLength: 3,
  maxLength: 40,
  description: 'Phone number with country code, best as E.164.',
  examples: ['+33612345678'],
});

export const StartBody = Type.Object(
  {
    to: To,
    email: Type.Optional(
      Type.String({
        minLength: 3,
        maxLength: MAX_EMAIL_LENGTH,
        description:
          'Where codes by e-mail go; required where the workflow has that channel, and for a later resend by it. ASCII. ' +
          'Sealed with the code and erased with it: what is shown later is masked.',
        examples: ['ann@example.com'],
      }),
    ),
    channel: Type.Optional(ChannelSchema),
    workflow: Type.Optional(WorkflowSchema),
    locale: Type.Optional(Type.String({ maxLength: 35, pattern: '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$' })),
    purpose: Type.Optional(Type.String({ pattern: PURPOSE_PATTERN })),
    code_length: Type.Optional(Type.Integer({ minimum: 4, maximum: 10 })),
    ttl_seconds: Type.Optional(Type.Integer({ minimum: 30, maximum: 600 })),
    context: Type.Optional(ContextSchema),
    subject: Type.Optional(text(128)),
    client: Type.Optional(
      Type.Object(
        {
          ip: Type.Optional(Type.Union([Type.String({ format: 'ipv4' }), Type.String({ format: 'ipv6' })])),
          user_agent: Type.Optional(text(16_384, { description: 'Kept are the first 512 characters.' })),
          device_id: Type.Optional(text(128)),
        },
        closed,
      ),
    ),
    origin: Type.Optional(
      Type.String({
        maxLength: 253,
        pattern: '^[a-z0-9.-]+$',
        description: 'Host of the page that asks for the code (WebOTP).',
      }),
    ),
    android_app_hash: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9+/]{11}$' })),
    metadata: Type.Optional(
      Type.Record(Type.String({ pattern: '^[A-Za-z0-9_.-]{1,40}$' }), Type.String({ maxLength: 500 }), {
        ...closed,
        maxProperties: 20,
      }),
    ),
    limits: Type.Optional(
      Type.Array(
        Type.Object(
          {
            key: Type.String({ pattern: '^[A-Za-z0-9_.:-]{1,64}$' }),
            max: Type.Integer({ minimum: 0, maximum: 1_000_000 }),
            window_seconds: Type.Integer({ minimum: 1, maximum: 604_800 }),
          },
          closed,
        ),
        { maxItems: 5, description: 'Limits of your own, counted with this start: all or none.' },
      ),
    ),
  },
  closed,
);

export const VerificationSchema = Type.Object(
  {
    id: Type.String(),
    status: StatusSchema,
    to: Type.String(),
    email: Type.Optional(Type.String({ description: 'Masked.', examples: ['a***@example.com'] })),
    channel: ChannelSchema,
    purpose: Type.String(),
    locale: Type.String(),
    subject: Type.Optional(Type.String()),
    attempts_remaining: Type.Integer({ minimum: 0 }),
    sends: Type.Array(
      Type.Object(
        {
          channel: ChannelSchema,
          status: SendStatusSchema,
          at: Timestamp,
          provider: Type.Optional(Type.String()),
          reason: Type.Optional(Type.String()),
        },
        closed,
      ),
    ),
    created_at: Timestamp,
    expires_at: Timestamp,
    ended_at: nullable(Timestamp),
    next_send_at: nullable(Timestamp),
    resend_at: nullable(Timestamp),
    metadata: Type.Record(Type.String(), Type.String()),
  },
  { ...closed, title: 'Verification' },
);

export const CheckBody = Type.Object(
  {
    code: Type.String({
      description: 'Exactly as many ASCII digits as the code has.',
      minLength: 4,
      maxLength: 10,
      pattern: '^[0-9]+$',
    }),
    context: Type.Optional(ContextSchema),
    purpose: Type.Optional(Type.String({ pattern: PURPOSE_PATTERN })),
    to: Type.Optional(To),
  },
  closed,
);

export const CheckAnswer = Type.Object(
  {
    id: Type.String(),
    status: StatusSchema,
    valid: Type.Boolean(),
    token: Type.Optional(Type.String({ description: 'The signed proof (JWT), when valid.' })),
    attempts_remaining: Type.Optional(Type.Integer({ minimum: 0 })),
    reason: Type.Optional(
      Type.String({
        enum: [
          'wrong_code',
          'expired',
          'exhausted',
          'already_used',
          'canceled',
          'undeliverable',
          'context_mismatch',
          'locked',
          'not_accepted',
        ],
      }),
    ),
    locked_until: Type.Optional(nullable(Timestamp)),
  },
  { ...closed, title: 'CheckAnswer' },
);

export const ResendBody = Type.Object({ channel: Type.Optional(ChannelSchema) }, closed);

export const RebindBody = Type.Object(
  {
    to: Type.Optional(To),
    subject: Type.Optional(text(128)),
  },
  { ...closed, minProperties: 1, description: 'The recipient and/or subject that was bound anew.' },
);

export const ListQuery = Type.Object(
  { to: Type.Optional(To), status: Type.Optional(StatusSchema), ...pageQuery },
  closed,
);

export const ClientTokenAnswer = Type.Object(
  {
    client_token: Type.String({
      description: 'For a mobile or web client: it may check this verification, and nothing else.',
    }),
    expires_at: Timestamp,
  },
  closed,
);
