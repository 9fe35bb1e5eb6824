import { Type } from 'typebox';
import { pageQuery } from '../../http/pagination.ts';
import { closed, NullableTimestampSchema, TimestampSchema } from '../../http/schemas.ts';
import { CALL_RETRY_BOUNDS, CALL_RETRY_REASONS } from '../../lib/call-retry.ts';
import { CHANNELS } from '../../lib/channels.ts';
import { RECORDING_ID } from '../recordings/recordings.ts';
import { MESSAGE_ID, MESSAGE_STATUSES } from './message.ts';
import { RouteSchema } from './route-record.ts';

const nullable = <T extends ReturnType<typeof Type.String> | ReturnType<typeof Type.Integer>>(schema: T) =>
  Type.Union([schema, Type.Null()]);
const ChannelSchema = Type.Enum([...CHANNELS]);
const StatusSchema = Type.Enum([...MESSAGE_STATUSES]);
const MetadataSchema = Type.Record(
  Type.String({ pattern: '^[A-Za-z0-9_.-]{1,40}$' }),
  Type.String({ maxLength: 500 }),
  {
    ...closed,
    maxProperties: 20,
  },
);

/** Of a template; which types a value may have is the template's to say. */
export const ValuesSchema = Type.Record(
  Type.String({ pattern: '^[a-z][a-z0-9_]{0,39}$' }),
  Type.Union([
    Type.String({ maxLength: 1_000 }),
    Type.Number(),
    Type.Object({ amount: Type.String({ maxLength: 30 }), currency: Type.String({ maxLength: 3 }) }, closed),
  ]),
  { ...closed, maxProperties: 50, description: 'Of the template: all that it needs, and no others.' },
);

const key = (description: string) => Type.Optional(Type.String({ pattern: '^[0-9]$', description }));
const RetryReasonsSchema = Type.Array(Type.Enum([...CALL_RETRY_REASONS]), { uniqueItems: true });

/** Of calls only; none has a default. */
export const callMembers = {
  recording: Type.Optional(
    Type.String({ pattern: RECORDING_ID.source, description: 'Played in place of a text; see `POST /v1/recordings`.' }),
  ),
  repeats: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 5, description: 'How often it is said; default: a text 2, a recording 1.' }),
  ),
  press_key: key('Said only to who presses this key, which no mailbox does; default: to whoever answers.'),
  opt_out_key: key(
    'Offered at the end: who presses it gets no more messages by call from the project. Codes still go out.',
  ),
  retry: Type.Optional(
    Type.Object(
      {
        attempts: Type.Optional(Type.Integer({ ...CALL_RETRY_BOUNDS.attempts, description: 'Calls in all.' })),
        wait_seconds: Type.Optional(Type.Integer({ ...CALL_RETRY_BOUNDS.wait_seconds })),
        on: Type.Optional(RetryReasonsSchema),
      },
      { ...closed, description: 'Calls again when a call ended so; default: the policy’s `call_retry`.' },
    ),
  ),
};

export const IdParams = Type.Object({ id: Type.String({ pattern: MESSAGE_ID.source }) }, closed);

export const MessageBody = Type.Object(
  {
    to: Type.String({ minLength: 3, maxLength: 254, description: 'Phone number, or for e-mail an address.' }),
    text: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 10_000,
        description:
          'What the phone shows; for a call: what is spoken, at most 2,000 characters. At most ten segments as an SMS. ' +
          'Required unless a `template` or a `recording` is given.',
      }),
    ),
    template: Type.Optional(
      Type.String({
        pattern: '^tpl_[0-9a-hjkmnp-tv-z]{26}$',
        description:
          'Its words in place of `text` and `subject`, in the best of its locales; see `POST /v1/templates`.',
      }),
    ),
    template_version: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 10_000,
        description: 'Default: the newest that is approved, or as long as none is the newest.',
      }),
    ),
    variables: Type.Optional(ValuesSchema),
    subject: Type.Optional(
      Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\p{Cc}]+$', description: 'Of an e-mail.' }),
    ),
    channel: Type.Optional(Type.Enum([...CHANNELS], { default: 'sms' })),
    purpose: Type.Optional(Type.Enum(['transactional', 'marketing'], { default: 'transactional' })),
    sender: Type.Optional(
      Type.String({
        maxLength: 254,
        pattern: '^(?:\\+?[0-9]{3,15}|[A-Za-z0-9 .&_+-]{1,11}|[^\\s\\p{C}@<>"]{1,64}@[^\\s\\p{C}@<>"]+)$',
        description: 'Number, short code, name of at most eleven characters, or e-mail address; default: by the route.',
      }),
    ),
    locale: Type.Optional(
      Type.String({
        maxLength: 35,
        pattern: '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$',
        description: 'BCP 47; the language a call speaks.',
      }),
    ),
    smart_encoding: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          "Where characters outside the 7-bit alphabet would cost segments, like ones are sent instead: ’ as ', à as it is, ă as a.",
      }),
    ),
    shorten_links: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'Links in it become short ones of this recipient alone, whose clicks are counted; see `GET /v1/links`.',
      }),
    ),
    ...callMembers,
    send_at: Type.Optional(
      Type.String({ format: 'date-time', description: 'Not before this time; at most seven days ahead.' }),
    ),
    validity_seconds: Type.Optional(
      Type.Integer({
        minimum: 60,
        maximum: 259_200,
        default: 86_400,
        description: 'Not sent later than this after `send_at`; carriers are told too.',
      }),
    ),
    metadata: Type.Optional(MetadataSchema),
  },
  closed,
);

export const ListQuery = Type.Object(
  {
    to: Type.Optional(Type.String({ minLength: 3, maxLength: 254, description: 'Phone number or e-mail address.' })),
    status: Type.Optional(StatusSchema),
    verification_id: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' })),
    ...pageQuery,
  },
  closed,
);

const PriceSchema = Type.Union([
  Type.Object({ amount: Type.String({ examples: ['0.0075'] }), currency: Type.String() }, closed),
  Type.Null(),
]);

const message = {
  id: Type.String(),
  status: StatusSchema,
  channel: ChannelSchema,
  purpose: Type.Enum(['code', 'transactional', 'marketing']),
  to: Type.String(),
  text: nullable(Type.String({ description: 'Null for codes, which are not kept, and for recordings.' })),
  subject: Type.Optional(Type.String()),
  template: Type.Optional(
    Type.Object({ id: Type.String(), version: Type.Integer() }, { ...closed, description: 'Whose words they are.' }),
  ),
  sender: nullable(Type.String({ description: 'As asked for; an attempt names the one that was used.' })),
  segments: nullable(Type.Integer({ description: 'Short messages it takes; null for other channels.' })),
  call: Type.Optional(
    Type.Object(
      {
        recording: nullable(Type.String()),
        duration_seconds: Type.Union([Type.Number(), Type.Null()], {
          description: 'Of what is said, with its repeats; null where a voice says it.',
        }),
        repeats: Type.Integer(),
        press_key: nullable(Type.String()),
        opt_out_key: nullable(Type.String()),
        retry: Type.Object({ attempts: Type.Integer(), wait_seconds: Type.Integer(), on: RetryReasonsSchema }, closed),
      },
      { ...closed, description: 'How it is said.' },
    ),
  ),
  encoding: Type.Union([Type.Literal('gsm7'), Type.Literal('ucs2'), Type.Null()]),
  country: nullable(Type.String()),
  mcc_mnc: nullable(Type.String({ description: 'Network of the recipient, when a carrier told it.' })),
  provider: nullable(Type.String({ description: 'Of the newest attempt.' })),
  reason: nullable(Type.String({ description: 'Why it was not sent or not delivered.' })),
  carrier_code: nullable(Type.String({ description: 'The carrier’s own code for it.' })),
  cost: PriceSchema,
  verification_id: nullable(Type.String()),
  metadata: Type.Record(Type.String(), Type.String()),
  created_at: TimestampSchema,
  updated_at: TimestampSchema,
  send_at: NullableTimestampSchema,
  expires_at: NullableTimestampSchema,
};

export const MessageSchema = Type.Object(message, { ...closed, title: 'Message' });

const AttemptSchema = Type.Object(
  {
    number: Type.Integer(),
    provider: Type.String(),
    sender: nullable(Type.String()),
    status: Type.String({ description: '`rejected` and `failed`: certainly not sent; `unknown`: it may have been.' }),
    reason: nullable(Type.String()),
    carrier_code: nullable(Type.String()),
    cost: PriceSchema,
    started_at: TimestampSchema,
    ended_at: NullableTimestampSchema,
    parts: Type.Array(
      Type.Object(
        {
          provider_id: Type.String(),
          status: Type.String(),
          reason: nullable(Type.String()),
          carrier_code: nullable(Type.String()),
          at: TimestampSchema,
        },
        closed,
      ),
    ),
  },
  closed,
);

const ReceiptSchema = Type.Object(
  {
    attempt: nullable(Type.Integer()),
    provider: Type.String(),
    provider_id: nullable(Type.String()),
    status: Type.String({ description: 'As reported; one that comes late may have changed nothing.' }),
    reason: nullable(Type.String()),
    carrier_code: nullable(Type.String()),
    at: NullableTimestampSchema,
    received_at: TimestampSchema,
  },
  closed,
);

export const MessageStorySchema = Type.Object(
  {
    ...message,
    route: Type.Union([RouteSchema, Type.Null()], { description: 'Who could carry it and why, as decided last.' }),
    attempts: Type.Array(AttemptSchema),
    receipts: Type.Array(ReceiptSchema),
  },
  { ...closed, title: 'MessageStory' },
);
