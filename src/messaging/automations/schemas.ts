import { type TProperties, Type } from 'typebox';
import { EVENT_TYPES } from '../../audit/event.ts';
import { pageQuery } from '../../http/pagination.ts';
import { closed, NullableTimestampSchema, TimestampSchema } from '../../http/schemas.ts';
import { CHANNELS } from '../../lib/channels.ts';
import { ATTRIBUTE_NAME } from '../contacts/attributes.ts';
import { CONTACT_ID, LIST_ID, NamePattern, TagSchema } from '../contacts/views.ts';
import { NUMBER } from '../inbound/keyword.ts';
import { TEMPLATE_ID } from '../templates/template.ts';
import { WEEKDAYS } from '../windows/own-windows.ts';
import { AUTOMATION_ID, MAX_STEPS, RUN_ID, RUN_STATUSES, STOPS } from './automation.ts';
import { MEMBER } from './match-event.ts';

const object = <P extends TProperties>(properties: P, description?: string) =>
  Type.Object(properties, { ...closed, ...(description !== undefined && { description }) });
const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);
const optional = Type.Optional;

const STEP_NAME = '^[a-z][a-z0-9_]{0,39}$';
const TARGET = '^(?:[a-z][a-z0-9_]{0,39}|[1-9][0-9]?)$';
const YEAR_SECONDS = 31_536_000;

const ScalarSchema = Type.Union([Type.String({ maxLength: 500 }), Type.Number(), Type.Boolean()]);
const TimeSchema = Type.String({ pattern: '^(?:[01][0-9]|2[0-3]):[0-5][0-9]$', examples: ['09:00'] });
const ZoneSchema = Type.String({ maxLength: 64, description: 'IANA; of whom no zone is known. Default: UTC.' });
/** Checked by checkFilter. */
const FilterSchema = Type.Unknown({ description: 'As of segments.', examples: [{ tag: 'vip' }] });

const matchMembers = {
  event: Type.Enum([...EVENT_TYPES]),
  where: optional(
    Type.Record(
      Type.String({ pattern: MEMBER.source }),
      Type.Union([ScalarSchema, Type.Array(ScalarSchema, { minItems: 1, maxItems: 50 })]),
      {
        ...closed,
        maxProperties: 10,
        description: 'Members of the event and what they must be: `{ "data.channel": "sms" }`, or one of a list.',
      },
    ),
  ),
};

const TriggerSchema = Type.Union([
  object({ type: Type.Literal('event'), ...matchMembers }, 'An event about somebody who is a contact.'),
  object(
    {
      type: Type.Literal('date'),
      attribute: Type.String({ pattern: ATTRIBUTE_NAME.source, description: 'Of type date.' }),
      offset_days: optional(Type.Integer({ minimum: -366, maximum: 366, description: 'Default: 0. −3: before it.' })),
      at: optional(TimeSchema),
      repeat: optional(Type.Enum(['once', 'yearly'], { description: 'Default: once.' })),
      time_zone: optional(ZoneSchema),
    },
    'A date of a contact, at a time of its own clock (default: 09:00).',
  ),
  object(
    {
      type: Type.Literal('webhook'),
      create_contacts: optional(Type.Boolean({ description: 'Default: false: who is no contact is refused.' })),
    },
    'A signed request to the automation’s own URL.',
  ),
  object(
    {
      type: Type.Literal('keyword'),
      keywords: Type.Array(Type.String({ minLength: 1, maxLength: 60, pattern: '^[^\\p{Cc}]+$' }), {
        minItems: 1,
        maxItems: 20,
        description: 'Compared without case, accents and punctuation.',
      }),
      match: optional(
        Type.Enum(['exact', 'first'], {
          description: 'Default: exact. `first`: the message may go on after the word.',
        }),
      ),
      number: optional(Type.String({ ...NUMBER, description: 'Of yours; without it: all.' })),
    },
    'A message from a phone. Whoever sends it becomes a contact.',
  ),
  object({ type: Type.Literal('api') }, '`POST /v1/automations/{id}/runs`, which the others take too.'),
]);

const SourceSchema = Type.Union([
  Type.String({ maxLength: 1_000 }),
  Type.Number(),
  object({ amount: Type.String({ maxLength: 30 }), currency: Type.String({ maxLength: 3 }) }),
  object(
    { attribute: Type.String({ pattern: ATTRIBUTE_NAME.source }), default: optional(ScalarSchema) },
    'What the contact has there when the step is done.',
  ),
  object(
    {
      data: Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]{0,39}(?:\\.[A-Za-z_][A-Za-z0-9_]{0,39}){0,3}$' }),
      default: optional(ScalarSchema),
    },
    'What came with the trigger.',
  ),
]);

const named = {
  name: optional(Type.String({ pattern: STEP_NAME, description: 'Default: its place, from 1.' })),
  next: optional(
    Type.String({ pattern: TARGET, description: 'A step further down, or `end`; default: the one below.' }),
  ),
};
const onFailure = optional(
  Type.Enum(['stop', 'continue'], { description: 'Default: stop: the run ends as failed when it cannot be done.' }),
);

const StepSchema = Type.Union([
  object(
    {
      type: Type.Literal('send'),
      ...named,
      channel: Type.Enum([...CHANNELS]),
      template: optional(Type.String({ pattern: TEMPLATE_ID.source })),
      template_version: optional(
        Type.Integer({ minimum: 1, maximum: 10_000, description: 'Default: the one a message would take now.' }),
      ),
      variables: optional(
        Type.Record(Type.String({ pattern: '^[a-z][a-z0-9_]{0,39}$' }), SourceSchema, { ...closed, maxProperties: 50 }),
      ),
      text: optional(Type.String({ minLength: 1, maxLength: 10_000 })),
      subject: optional(Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\p{Cc}]+$' })),
      purpose: optional(Type.Enum(['transactional', 'marketing'], { description: 'Default: marketing.' })),
      sender: optional(
        Type.String({
          maxLength: 254,
          pattern: '^(?:\\+?[0-9]{3,15}|[A-Za-z0-9 .&_+-]{1,11}|[^\\s\\p{C}@<>"]{1,64}@[^\\s\\p{C}@<>"]+)$',
        }),
      ),
      validity_seconds: optional(Type.Integer({ minimum: 60, maximum: 259_200 })),
      shorten_links: optional(Type.Boolean()),
      on_failure: onFailure,
    },
    'A message, with a template or a text; not in quiet hours, and only with consent.',
  ),
  object({
    type: Type.Literal('wait'),
    ...named,
    seconds: Type.Integer({ minimum: 1, maximum: YEAR_SECONDS }),
  }),
  object({ type: Type.Literal('wait_until'), ...named, at: TimestampSchema }, 'Over at once when the time has passed.'),
  object(
    {
      type: Type.Literal('wait_for_time'),
      ...named,
      time: TimeSchema,
      days: optional(Type.Array(Type.Enum([...WEEKDAYS]), { minItems: 1, maxItems: 7, uniqueItems: true })),
      time_zone: optional(Type.String({ maxLength: 64, description: 'IANA; default: the contact’s, else UTC.' })),
    },
    'The next time the clock shows it.',
  ),
  object(
    {
      type: Type.Literal('condition'),
      ...named,
      filter: FilterSchema,
      if_true: optional(Type.String({ pattern: TARGET, description: 'Default: the step below.' })),
      if_false: optional(Type.String({ pattern: TARGET, description: 'Default: `end`.' })),
    },
    'Goes on at another step, further down, as the contact is or is not.',
  ),
  object({ type: Type.Enum(['add_tag', 'remove_tag']), ...named, tag: TagSchema }),
  object({
    type: Type.Enum(['add_to_list', 'remove_from_list']),
    ...named,
    list_id: Type.String({ pattern: LIST_ID }),
  }),
  object(
    { type: Type.Literal('webhook'), ...named, url: Type.String({ maxLength: 2_048 }), on_failure: onFailure },
    'Tells an app, signed with the automation’s secret; at least once, each time with the same `webhook-id`.',
  ),
]);

const definitionMembers = {
  trigger: TriggerSchema,
  filter: optional(FilterSchema),
  steps: Type.Array(StepSchema, { minItems: 1, maxItems: MAX_STEPS }),
  reentry: optional(
    Type.Enum(['never', 'after_end', 'always'], {
      description: 'Whether a contact may be let in again. Default: when it is not in it any more.',
    }),
  ),
  cooldown_seconds: optional(
    Type.Integer({ minimum: 0, maximum: YEAR_SECONDS, description: 'So long after it was let in it is not again.' }),
  ),
  stop_on: optional(
    Type.Array(Type.Enum([...STOPS]), {
      uniqueItems: true,
      maxItems: STOPS.length,
      description: 'What the person does that ends the run. Default: opt_out.',
    }),
  ),
  conversion: optional(object(matchMembers, 'What is meant by `conversion` in `stop_on`.')),
};

export const AutomationBody = object({ name: Type.String(NamePattern), ...definitionMembers });
export const AutomationPatch = Type.Object(
  {
    name: optional(Type.String(NamePattern)),
    definition: optional(object(definitionMembers, 'The whole of it: a new version.')),
  },
  { ...closed, minProperties: 1 },
);

export const AutomationSchema = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    status: Type.Enum(['draft', 'active', 'paused', 'stopped']),
    version: Type.Integer({ description: 'Who is in an older one goes on by that.' }),
    ...definitionMembers,
    hook_path: nullable(Type.String({ description: 'Where its webhook is called; null without that trigger.' })),
    created_at: TimestampSchema,
    updated_at: TimestampSchema,
  },
  { ...closed, title: 'Automation' },
);

export const AutomationDetailSchema = Type.Object(
  {
    ...AutomationSchema.properties,
    runs: Type.Object(
      {
        running: Type.Integer(),
        completed: Type.Integer(),
        stopped: Type.Integer(),
        failed: Type.Integer(),
      },
      closed,
    ),
    refused: Type.Record(Type.String(), Type.Integer(), {
      description: 'How often the trigger meant somebody who was not let in, by reason.',
    }),
  },
  { ...closed, title: 'AutomationDetail' },
);

export const SecretSchema = Type.Object(
  { secret: Type.String({ description: 'Shown now and not again.' }) },
  { ...closed, title: 'AutomationSecret' },
);

const WaitingSchema = Type.Object(
  {
    reason: Type.Enum(['time', 'quiet_hours', 'frequency_cap', 'retry', 'paused', 'turn']),
    until: NullableTimestampSchema,
  },
  { ...closed, description: 'Why nothing happens now. `turn`: it is about to.' },
);

const runMembers = {
  id: Type.String(),
  automation_id: Type.String(),
  version: Type.Integer(),
  contact_id: Type.String(),
  status: Type.Enum([...RUN_STATUSES]),
  reason: nullable(Type.String({ description: 'Why it ended.' })),
  cause: Type.String({ description: 'What let it in.' }),
  next_step: nullable(Type.String()),
  waiting_for: nullable(WaitingSchema),
  entered_at: TimestampSchema,
  ended_at: NullableTimestampSchema,
};

export const RunSchema = Type.Object(runMembers, { ...closed, title: 'AutomationRun' });

export const RunDetailSchema = Type.Object(
  {
    ...runMembers,
    history: Type.Array(
      Type.Object(
        {
          step: Type.String(),
          type: Type.String(),
          outcome: Type.String(),
          reason: nullable(Type.String()),
          message_id: nullable(Type.String()),
          at: TimestampSchema,
        },
        closed,
      ),
    ),
  },
  { ...closed, title: 'AutomationRunDetail' },
);

export const EnterBody = object({
  contact_id: Type.String({ pattern: CONTACT_ID }),
  data: optional(
    Type.Record(Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]{0,39}$' }), Type.Unknown(), {
      ...closed,
      maxProperties: 50,
      description: 'For variables of steps, at most 8,000 characters as JSON.',
    }),
  ),
});

export const EnteredSchema = Type.Object(
  { outcome: Type.Enum(['entered', 'known']), run_id: Type.String() },
  { ...closed, title: 'AutomationEntered' },
);

export const ListQuery = Type.Object(pageQuery, closed);
export const RunsQuery = Type.Object(
  {
    ...pageQuery,
    status: optional(Type.Enum([...RUN_STATUSES])),
    contact_id: optional(Type.String({ pattern: CONTACT_ID })),
  },
  closed,
);
export const IdParams = Type.Object({ id: Type.String({ pattern: AUTOMATION_ID }) }, closed);
export const RunParams = Type.Object(
  { id: Type.String({ pattern: AUTOMATION_ID }), run: Type.String({ pattern: RUN_ID }) },
  closed,
);
