import { type Static, type TStringOptions, Type } from 'typebox';
import { pageQuery } from '../../http/pagination.ts';
import { closed, TimestampSchema } from '../../http/schemas.ts';
import { toTimestamp } from '../../lib/clock.ts';
import { ATTRIBUTE_NAME, ATTRIBUTE_TYPES, type Attributes, MAX_ATTRIBUTES, MAX_STRING } from './attributes.ts';
import { ADDRESS_KINDS, type AttributeValue, type Contact, MAX_TAGS, TAG_PATTERN } from './contact.ts';

/** Those of imports are longer: newOrderedId. */
export const CONTACT_ID = '^con_[0-9a-hjkmnp-tv-z]{26,34}$';
export const LIST_ID = '^lst_[0-9a-hjkmnp-tv-z]{26}$';
export const SEGMENT_ID = '^seg_[0-9a-hjkmnp-tv-z]{26}$';
export const IMPORT_ID = '^imp_[0-9a-hjkmnp-tv-z]{26}$';

export const idParams = (pattern: string) => Type.Object({ id: Type.String({ pattern }) }, closed);

export const NamePattern = { minLength: 1, maxLength: 80, pattern: '^[^\\p{Cc}]+$' } as const;
export const TagSchema = Type.String({
  pattern: TAG_PATTERN,
  description: 'At most 64 characters, no comma or semicolon.',
});

const text = (maxLength: number) => ({ minLength: 1, maxLength, pattern: '^[^\\p{Cc}]+$' }) as const;
const orNull = (options: TStringOptions) => Type.Optional(Type.Union([Type.String(options), Type.Null()]));

const attributeValues = Type.Record(
  Type.String({ pattern: ATTRIBUTE_NAME.source }),
  Type.Union([Type.String({ maxLength: MAX_STRING }), Type.Number(), Type.Boolean(), Type.Null()]),
  { ...closed, maxProperties: MAX_ATTRIBUTES, description: 'Of attributes that are defined; null takes a value away.' },
);

const given = {
  external_id: orNull({ ...text(128), description: 'The app’s own id of the person; one contact has it.' }),
  phone: orNull({ maxLength: 40, description: 'For messages and calls; kept as E.164.' }),
  email: orNull({ maxLength: 254 }),
  whatsapp: orNull({ maxLength: 128, description: 'A number, or an id that the messenger gives out.' }),
  telegram: orNull({ maxLength: 128, description: 'A number, or an id that the messenger gives out.' }),
  attributes: Type.Optional(attributeValues),
  locale: orNull({ ...text(35), description: 'BCP 47.' }),
  country: orNull({ pattern: '^[A-Z]{2}$', description: 'ISO 3166-1 alpha-2; without it that of the number.' }),
  time_zone: orNull({ ...text(64), description: 'IANA; without it a guess from the number, marked as such.' }),
  tags: Type.Optional(Type.Array(TagSchema, { maxItems: MAX_TAGS })),
};

export const NewContactBody = Type.Object(
  {
    ...given,
    on_conflict: Type.Optional(
      Type.Enum(['refuse', 'update', 'skip'], {
        default: 'refuse',
        description:
          'If a contact has the external id or one of the addresses: 409, or work this into it, or leave it.',
      }),
    ),
  },
  closed,
);

export const ContactPatchBody = Type.Object(given, { ...closed, minProperties: 1 });

const nullable = Type.Union([Type.String(), Type.Null()]);

export const ContactSchema = Type.Object(
  {
    id: Type.String(),
    external_id: nullable,
    phone: nullable,
    email: nullable,
    whatsapp: nullable,
    telegram: nullable,
    attributes: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()])),
    locale: nullable,
    country: nullable,
    time_zone: nullable,
    time_zone_source: Type.Union([Type.Literal('given'), Type.Literal('inferred'), Type.Null()]),
    tags: Type.Array(Type.String()),
    created_at: TimestampSchema,
    updated_at: TimestampSchema,
  },
  { ...closed, title: 'Contact' },
);

export const ContactsQuery = Type.Object(
  {
    ...pageQuery,
    external_id: Type.Optional(Type.String({ maxLength: 128 })),
    address: Type.Optional(Type.String({ maxLength: 254, description: 'A number, an e-mail address or an id.' })),
    tag: Type.Optional(Type.String({ maxLength: 64 })),
    list_id: Type.Optional(Type.String({ pattern: LIST_ID })),
    segment_id: Type.Optional(Type.String({ pattern: SEGMENT_ID })),
  },
  closed,
);

export const AttributesSchema = Type.Object(
  {
    attributes: Type.Record(Type.String({ pattern: ATTRIBUTE_NAME.source }), Type.Enum([...ATTRIBUTE_TYPES]), {
      ...closed,
      maxProperties: MAX_ATTRIBUTES,
      description: 'Type by name. A date is `YYYY-MM-DD`.',
    }),
  },
  { ...closed, title: 'ContactAttributes' },
);

export function viewContact({ row, addresses, tags }: Contact, defined: Attributes): Static<typeof ContactSchema> {
  const values = Object.entries(JSON.parse(row.attributes) as Record<string, AttributeValue>);
  return {
    id: row.id,
    external_id: row.external_id,
    ...(Object.fromEntries(ADDRESS_KINDS.map((kind) => [kind, addresses[kind] ?? null])) as Record<
      (typeof ADDRESS_KINDS)[number],
      string | null
    >),
    attributes: Object.fromEntries(values.filter(([name]) => defined.has(name))),
    locale: row.locale,
    country: row.country,
    time_zone: row.time_zone,
    time_zone_source: row.time_zone_source,
    tags,
    created_at: toTimestamp(row.created_at),
    updated_at: toTimestamp(row.updated_at),
  };
}
