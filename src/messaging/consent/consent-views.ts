import { type Static, Type } from 'typebox';
import { pageQuery } from '../../http/pagination.ts';
import { closed, NullableTimestampSchema, TimestampSchema } from '../../http/schemas.ts';
import { CHANNELS } from '../../lib/channels.ts';
import { toTimestamp } from '../../lib/clock.ts';
import { CONSENT_PURPOSES, CONSENT_SOURCES, CONSENT_STATES, type ConsentRow, type EntryRow } from './consent.ts';

const nullable = (description: string) => Type.Union([Type.String(), Type.Null()], { description });
const text = (maxLength: number, description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength, description }));
const ChannelSchema = Type.Enum([...CHANNELS]);
const PurposeSchema = Type.Enum([...CONSENT_PURPOSES]);
const StateSchema = Type.Enum([...CONSENT_STATES]);
export const AddressSchema = Type.String({
  minLength: 3,
  maxLength: 254,
  description: 'Phone number or e-mail address.',
});

const ProofSchema = Type.Object(
  {
    ip: text(45, 'Of the person.'),
    user_agent: text(512, 'Of the person.'),
    url: text(2000, 'Where it was asked.'),
    text: text(2000, 'What the person wrote or said.'),
    reference: text(200, 'Form, contract or recording that shows it.'),
  },
  { ...closed, minProperties: 1 },
);

const said = {
  to: AddressSchema,
  channel: Type.Optional(Type.Enum([...CHANNELS], { default: 'sms' })),
  purpose: Type.Optional(Type.Enum([...CONSENT_PURPOSES], { default: 'marketing' })),
  source: Type.Enum([...CONSENT_SOURCES], { description: 'Where the person said it.' }),
  wording: text(4000, 'What the person was shown or told, word for word.'),
  proof: Type.Optional(ProofSchema),
};

const OneSaid = Type.Object(
  {
    ...said,
    state: Type.Optional(Type.Enum(['granted', 'revoked'], { default: 'granted' })),
    at: Type.Optional(Type.String({ format: 'date-time', description: 'When it was said; default: now.' })),
  },
  closed,
);
export type ConsentBodyType = Static<typeof OneSaid>;

export const ConsentBody = Type.Object(
  {
    ...OneSaid.properties,
    double_opt_in: Type.Optional(
      Type.Enum(['keyword', 'link'], {
        description: 'Asks the address to confirm, by a reply or a page of ours; until then the state is `pending`.',
      }),
    ),
    sender: Type.Optional(Type.String({ minLength: 1, maxLength: 254, description: 'Of the question.' })),
    locale: Type.Optional(
      Type.String({ maxLength: 35, pattern: '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$', description: 'Of the question.' }),
    ),
  },
  closed,
);
export type AskingBodyType = Static<typeof ConsentBody>;

/** Of one request. */
export const MAX_AT_ONCE = 1000;

export const ConsentBulkBody = Type.Object(
  { data: Type.Array(OneSaid, { minItems: 1, maxItems: MAX_AT_ONCE }) },
  closed,
);

export const BulkAnswerSchema = Type.Object(
  {
    recorded: Type.Integer(),
    errors: Type.Array(Type.Object({ index: Type.Integer(), pointer: Type.String(), message: Type.String() }, closed), {
      description: 'Those that were left out; all others are recorded.',
    }),
  },
  { ...closed, title: 'BulkAnswer' },
);

export const ConsentListQuery = Type.Object(
  {
    to: Type.Optional(AddressSchema),
    channel: Type.Optional(ChannelSchema),
    purpose: Type.Optional(PurposeSchema),
    state: Type.Optional(StateSchema),
    ...pageQuery,
  },
  closed,
);

export const HistoryQuery = Type.Object({ to: AddressSchema, ...pageQuery }, closed);

export const ConsentSchema = Type.Object(
  {
    to: Type.String(),
    channel: ChannelSchema,
    purpose: PurposeSchema,
    state: StateSchema,
    entry_id: Type.String({ description: 'The entry of the ledger that it rests on.' }),
    at: TimestampSchema,
    expires_at: Type.Union([TimestampSchema, Type.Null()], { description: 'Until when it may be confirmed.' }),
    updated_at: TimestampSchema,
  },
  { ...closed, title: 'Consent' },
);

export const EntrySchema = Type.Object(
  {
    id: Type.String(),
    channel: ChannelSchema,
    purpose: PurposeSchema,
    state: StateSchema,
    source: Type.String(),
    double_opt_in: Type.Boolean({ description: 'Asked for at, or confirmed from, the address itself.' }),
    wording: nullable('What the person was shown.'),
    proof: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]),
    actor: Type.String(),
    at: TimestampSchema,
    recorded_at: NullableTimestampSchema,
  },
  { ...closed, title: 'ConsentEntry' },
);

export function viewConsent(row: ConsentRow): Static<typeof ConsentSchema> {
  return {
    to: row.address,
    channel: row.channel as Static<typeof ChannelSchema>,
    purpose: row.purpose,
    state: row.state,
    entry_id: row.entry_id,
    at: toTimestamp(row.at),
    expires_at: row.expires_at === null ? null : toTimestamp(row.expires_at),
    updated_at: toTimestamp(row.updated_at),
  };
}

export function viewEntry(row: EntryRow): Static<typeof EntrySchema> {
  return {
    id: row.id,
    channel: row.channel as Static<typeof ChannelSchema>,
    purpose: row.purpose,
    state: row.state,
    source: row.source,
    double_opt_in: row.double_opt_in === 1,
    wording: row.wording,
    proof: row.proof === null ? null : JSON.parse(row.proof),
    actor: row.actor,
    at: toTimestamp(row.at),
    recorded_at: toTimestamp(row.recorded_at),
  };
}
