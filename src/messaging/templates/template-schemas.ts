import { type Static, type TProperties, Type } from 'typebox';
import { previewMembers } from '../../delivery/messages/preview-schemas.ts';
import { ValuesSchema } from '../../delivery/messages/schemas.ts';
import { pageQuery } from '../../http/pagination.ts';
import { closed, NullableTimestampSchema, TimestampSchema } from '../../http/schemas.ts';
import { CHANNELS } from '../../lib/channels.ts';
import { toTimestamp } from '../../lib/clock.ts';
import { HOST_NAME } from '../../lib/host-name.ts';
import { MAX_STRING, MAX_URL } from './format-value.ts';
import { TEMPLATE_ID, type TemplateContent, VERSION_STATUSES } from './template.ts';
import type { NewestRow, VersionRow } from './templates.ts';

const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);
const object = <P extends TProperties>(properties: P, description?: string) =>
  Type.Object(properties, { ...closed, ...(description !== undefined && { description }) });

const LOCALE = '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$';
const LocaleSchema = Type.String({
  maxLength: 35,
  pattern: LOCALE,
  examples: ['pt-BR'],
});
const NameSchema = Type.String({ minLength: 1, maxLength: 100, pattern: '^[^\\p{C}]+$' });
const MoneySchema = object({ amount: Type.String({ maxLength: 30 }), currency: Type.String({ maxLength: 3 }) });

const VariableSchema = Type.Union([
  object(
    {
      type: Type.Literal('string'),
      max_length: Type.Optional(
        Type.Integer({ minimum: 1, maximum: MAX_STRING, description: `Default: ${MAX_STRING}.` }),
      ),
      default: Type.Optional(Type.String({ maxLength: MAX_STRING })),
    },
    'One line of visible text without anything that a phone makes a link of.',
  ),
  object(
    {
      type: Type.Literal('number'),
      decimals: Type.Optional(Type.Integer({ minimum: 0, maximum: 6, description: 'Default: as many as it has.' })),
      default: Type.Optional(Type.Union([Type.Number(), Type.String({ maxLength: 30 })])),
    },
    'A number or decimal text, written as the locale writes it.',
  ),
  object(
    {
      type: Type.Literal('date'),
      format: Type.Optional(Type.Enum(['date', 'time', 'date_time'], { description: 'Default: date.' })),
      style: Type.Optional(Type.Enum(['short', 'medium', 'long', 'full'], { description: 'Default: long.' })),
      time_zone: Type.Optional(Type.String({ maxLength: 50, description: 'IANA name; default: UTC.' })),
      default: Type.Optional(Type.String({ maxLength: 40 })),
    },
    'A day (`2027-01-31`) or a time (RFC 3339).',
  ),
  object(
    { type: Type.Literal('money'), default: Type.Optional(MoneySchema) },
    'An amount and its currency (ISO 4217).',
  ),
  object(
    {
      type: Type.Literal('url'),
      hosts: Type.Optional(
        Type.Array(Type.String({ maxLength: 253, pattern: HOST_NAME.source }), {
          minItems: 1,
          maxItems: 20,
          description: 'It leads to one of these or below; default: anywhere.',
        }),
      ),
      default: Type.Optional(Type.String({ maxLength: MAX_URL })),
    },
    'Begins with https:// and names a host.',
  ),
]);

const text = (maxLength: number, description?: string) =>
  Type.String({ minLength: 1, maxLength, ...(description !== undefined && { description }) });

const VariantsSchema = object(
  {
    sms: Type.Optional(object({ text: text(1_600) })),
    voice: Type.Optional(object({ text: text(2_000, 'What is spoken.') })),
    email: Type.Optional(
      object({
        subject: text(200),
        text: text(10_000),
        html: Type.Optional(
          text(60_000, 'Values are escaped. In tags only variables of type url, in quotes; nothing that runs.'),
        ),
      }),
    ),
    whatsapp: Type.Optional(
      object({
        text: text(4_000, 'What carriers send that know no templates of the account.'),
        template: Type.Optional(
          object(
            {
              name: Type.String({ pattern: '^[a-z0-9_]{1,512}$' }),
              language: Type.String({ pattern: '^[a-z]{2,3}(_[A-Za-z]{2,4})?$' }),
              parameters: Type.Array(text(1_000), { maxItems: 20, description: 'Of the body, place by place.' }),
            },
            'One that Meta has approved for the account.',
          ),
        ),
      }),
    ),
    telegram: Type.Optional(object({ text: text(4_000) })),
  },
  'Texts with `{{variable}}` in them and nothing else that is interpreted.',
);

const contentMembers = {
  variables: Type.Record(Type.String({ pattern: '^[a-z][a-z0-9_]{0,39}$' }), VariableSchema, {
    ...closed,
    maxProperties: 50,
  }),
  default_locale: LocaleSchema,
  locales: Type.Record(Type.String({ pattern: LOCALE }), VariantsSchema, {
    ...closed,
    minProperties: 1,
    maxProperties: 100,
  }),
};

export const ContentBody = Type.Object(contentMembers, closed);
export const TemplateBody = Type.Object({ name: NameSchema, ...contentMembers }, closed);
export const RejectBody = Type.Object({ reason: text(500, 'For whoever wrote it.') }, closed);
export const IdParams = Type.Object({ id: Type.String({ pattern: TEMPLATE_ID.source }) }, closed);
export const VersionParams = Type.Object(
  { ...IdParams.properties, version: Type.Integer({ minimum: 1, maximum: 10_000 }) },
  closed,
);
export const ListQuery = Type.Object(pageQuery, closed);

export const PreviewBody = Type.Object(
  {
    version: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_000, description: 'Default: as `POST /v1/messages` takes it.' }),
    ),
    channel: Type.Enum([...CHANNELS]),
    locale: Type.Optional(LocaleSchema),
    variables: Type.Optional(ValuesSchema),
    to: Type.Optional(
      Type.String({ minLength: 3, maxLength: 254, description: 'For whom it is routed; without it there is no cost.' }),
    ),
    purpose: Type.Optional(Type.Enum(['transactional', 'marketing'], { default: 'transactional' })),
    smart_encoding: Type.Optional(Type.Boolean({ default: false })),
  },
  closed,
);

const versionMembers = {
  version: Type.Integer(),
  status: Type.Enum([...VERSION_STATUSES]),
  author: Type.String({ description: 'API key.' }),
  submitted_by: nullable(Type.String()),
  submitted_at: NullableTimestampSchema,
  reviewed_by: nullable(Type.String()),
  reviewed_at: NullableTimestampSchema,
  reason: nullable(Type.String({ description: 'Why it was rejected.' })),
  created_at: TimestampSchema,
  ...contentMembers,
};

export const VersionSchema = Type.Object(versionMembers, { ...closed, title: 'TemplateVersion' });

export const TemplateSchema = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    created_at: TimestampSchema,
    updated_at: TimestampSchema,
    newest: VersionSchema,
  },
  { ...closed, title: 'Template' },
);

export const TemplatePreviewSchema = Type.Object(
  {
    template: object({ id: Type.String(), version: Type.Integer(), status: Type.Enum([...VERSION_STATUSES]) }),
    locale: Type.String({ description: 'The one whose words they are.' }),
    ...previewMembers,
  },
  { ...closed, title: 'TemplatePreview' },
);

export function viewVersion(row: VersionRow): Static<typeof VersionSchema> {
  const content = JSON.parse(row.content) as TemplateContent;
  const { version, status, author, submitted_by, reviewed_by, reason } = row;
  return {
    ...{ version, status, author, submitted_by },
    submitted_at: timeOf(row.submitted_at),
    reviewed_by,
    reviewed_at: timeOf(row.reviewed_at),
    reason,
    created_at: toTimestamp(row.created_at),
    ...(content as Static<typeof ContentBody>),
  };
}

export function viewTemplate({ template, version }: NewestRow): Static<typeof TemplateSchema> {
  return {
    id: template.id,
    name: template.name,
    created_at: toTimestamp(template.created_at),
    updated_at: toTimestamp(template.updated_at),
    newest: viewVersion(version),
  };
}

function timeOf(ms: number | null): string | null {
  return ms === null ? null : toTimestamp(ms);
}
