import { type Static, Type } from 'typebox';
import { callMembers } from '../../delivery/messages/schemas.ts';
import { pageQuery } from '../../http/pagination.ts';
import { closed, NullableTimestampSchema, TimestampSchema } from '../../http/schemas.ts';
import { CHANNELS } from '../../lib/channels.ts';
import { LIST_ID, NamePattern, SEGMENT_ID, TagSchema } from '../contacts/views.ts';
import { CAMPAIGN_ID, CAMPAIGN_STATUSES, RECIPIENT_STATES } from './campaign.ts';
import { CampaignScheduleSchema } from './schedule.ts';
import { createExperimentSchema } from './split-schemas.ts';

const nullable = <T extends ReturnType<typeof Type.String>>(schema: T) => Type.Union([schema, Type.Null()]);
const Money = Type.Object(
  {
    amount: Type.String({ pattern: '^\\d{1,9}(?:\\.\\d{1,6})?$', examples: ['250.00'] }),
    currency: Type.String({ pattern: '^[A-Z]{3}$' }),
  },
  closed,
);

const parts = {
  lists: Type.Optional(Type.Array(Type.String({ pattern: LIST_ID }), { maxItems: 50 })),
  segments: Type.Optional(Type.Array(Type.String({ pattern: SEGMENT_ID }), { maxItems: 50 })),
  tags: Type.Optional(Type.Array(TagSchema, { maxItems: 50 })),
};

const AudienceSchema = Type.Object(
  { ...parts, except: Type.Optional(Type.Object(parts, closed)) },
  { ...closed, description: 'The contacts of any of these, each once, without those of `except`.' },
);

const Variable = Type.Union([
  Type.String({ maxLength: 1_000 }),
  Type.Number(),
  Type.Object({ amount: Type.String({ maxLength: 32 }), currency: Type.String({ maxLength: 3 }) }, closed),
  Type.Object({ attribute: Type.String({ maxLength: 64 }) }, closed),
]);

/** What may be changed while it goes on. */
const limits = {
  per_second: Type.Optional(
    Type.Union([Type.Integer({ minimum: 1, maximum: 100_000 }), Type.Null()], {
      description: 'Its pace, all instances together; without it only the routes’ own rates count.',
    }),
  ),
  spend_cap: Type.Optional(
    Type.Union([Money, Type.Null()], {
      description:
        'By the prices of the routing table. When it is reached the campaign pauses. Its currency stays once it has started.',
    }),
  ),
};

const words = {
  template: Type.Optional(Type.String({ pattern: '^tpl_[0-9a-hjkmnp-tv-z]{26}$' })),
  template_version: Type.Optional(
    Type.Integer({ minimum: 1, description: 'Default: the newest approved one when it is started or scheduled.' }),
  ),
  variables: Type.Optional(
    Type.Record(Type.String({ pattern: '^[a-z][a-z0-9_]{0,63}$' }), Variable, {
      ...closed,
      maxProperties: 50,
      description: 'Values for all, or `{ "attribute": … }`. Without: the contact’s attribute of the same name.',
    }),
  ),
  text: Type.Optional(Type.String({ minLength: 1, maxLength: 1_600 })),
  subject: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'For e-mail.' })),
  locale: Type.Optional(
    Type.String({
      maxLength: 35,
      description: 'BCP 47; default: each contact’s. What calls say that is no template is spoken in it; default en.',
    }),
  ),
  smart_encoding: Type.Optional(Type.Boolean()),
  shorten_links: Type.Optional(Type.Boolean()),
  utm: Type.Optional(
    Type.Record(
      Type.String({ pattern: '^(?:source|medium|campaign|term|content)$' }),
      Type.String({ maxLength: 100 }),
      {
        ...closed,
        maxProperties: 5,
      },
    ),
  ),
  ...callMembers,
};

const { template, template_version, variables, text, subject } = words;
const ExperimentSchema = createExperimentSchema({ template, template_version, variables, text, subject });

/** When it goes to whom, and who is told what. */
const plan = {
  schedule: Type.Optional(Type.Union([CampaignScheduleSchema, Type.Null()])),
  experiment: Type.Optional(Type.Union([ExperimentSchema, Type.Null()])),
};

/** Without defaults: a change of one member must not put the others back. */
const settings = {
  channel: Type.Optional(Type.Enum([...CHANNELS], { description: 'Default sms.' })),
  purpose: Type.Optional(Type.Enum(['marketing', 'transactional'], { description: 'Default marketing.' })),
  sender: Type.Optional(Type.String({ minLength: 1, maxLength: 254 })),
  validity_seconds: Type.Optional(
    Type.Integer({
      minimum: 60,
      maximum: 2_592_000,
      description:
        'Who could not be sent it by then does not get it: from the start, or from when a turn was planned for. Default three days.',
    }),
  ),
};

export const CampaignBody = Type.Object(
  { name: Type.String(NamePattern), audience: AudienceSchema, ...settings, ...words, ...plan, ...limits },
  closed,
);
export type CampaignInput = Static<typeof CampaignBody>;

export const CampaignPatch = Type.Object(
  {
    name: Type.Optional(Type.String(NamePattern)),
    audience: Type.Optional(AudienceSchema),
    ...settings,
    ...words,
    ...plan,
    ...limits,
  },
  { ...closed, minProperties: 1, description: 'Once it has started only `per_second` and `spend_cap`.' },
);

export const ScheduleBody = Type.Object({ at: TimestampSchema }, closed);

export const CampaignListQuery = Type.Object(
  {
    ...pageQuery,
    status: Type.Optional(Type.Enum([...CAMPAIGN_STATUSES])),
    series_id: Type.Optional(Type.String({ pattern: CAMPAIGN_ID, description: 'The times of a repeated campaign.' })),
  },
  closed,
);

export const CampaignSchema = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    status: Type.Enum([...CAMPAIGN_STATUSES]),
    reason: nullable(Type.String()),
    channel: Type.String(),
    purpose: Type.String(),
    sender: nullable(Type.String()),
    audience: AudienceSchema,
    template: Type.Union([Type.String(), Type.Null()]),
    template_version: Type.Union([Type.Integer(), Type.Null()]),
    variables: Type.Unknown(),
    text: nullable(Type.String()),
    subject: nullable(Type.String()),
    locale: nullable(Type.String()),
    smart_encoding: Type.Boolean(),
    shorten_links: Type.Boolean(),
    utm: Type.Unknown(),
    ...callMembers,
    schedule: Type.Union([CampaignScheduleSchema, Type.Null()]),
    experiment: Type.Union([ExperimentSchema, Type.Null()]),
    validity_seconds: Type.Integer(),
    per_second: Type.Union([Type.Integer(), Type.Null()]),
    spend_cap: Type.Union([Money, Type.Null()]),
    spent: Type.Union([Money, Type.Null()], { description: 'Where there is a cap, or was one.' }),
    series_id: nullable(Type.String()),
    recipients: Type.Integer({ description: 'Contacts in the audience as it was found.' }),
    counts: Type.Optional(
      Type.Record(Type.String(), Type.Integer(), {
        description: 'How many recipients are in each state.',
      }),
    ),
    counted_at: Type.Optional({ ...TimestampSchema, description: 'Of more than 25,000: as of when `counts` are.' }),
    reasons: Type.Optional(
      Type.Array(
        Type.Object({ state: Type.String(), reason: nullable(Type.String()), count: Type.Integer() }, closed),
        { description: 'The same, by reason.' },
      ),
    ),
    starts_at: NullableTimestampSchema,
    started_at: NullableTimestampSchema,
    ended_at: NullableTimestampSchema,
    created_at: TimestampSchema,
    updated_at: TimestampSchema,
  },
  { ...closed, title: 'Campaign' },
);

export const RecipientQuery = Type.Object(
  {
    ...pageQuery,
    state: Type.Optional(Type.Enum([...RECIPIENT_STATES])),
    reason: Type.Optional(Type.String({ pattern: '^[a-z_]{1,40}$' })),
  },
  closed,
);

export const RecipientSchema = Type.Object(
  {
    contact_id: Type.String(),
    state: Type.Enum([...RECIPIENT_STATES]),
    reason: nullable(Type.String()),
    variant: nullable(Type.String()),
    tries: Type.Integer(),
    due_at: NullableTimestampSchema,
    message_id: nullable(Type.String()),
    cost: Type.Union([Type.Object({ amount: Type.String(), currency: Type.String() }, closed), Type.Null()]),
    updated_at: TimestampSchema,
  },
  { ...closed, title: 'CampaignRecipient' },
);
