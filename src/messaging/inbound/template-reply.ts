import type { Kysely } from 'kysely';
import { type Static, Type } from 'typebox';
import type { Schema } from '../../db/schema.ts';
import { closed } from '../../http/schemas.ts';
import type { FieldError } from '../../lib/errors.ts';
import type { Addressee, Owner } from '../consent/subject.ts';
import type { TemplateReader } from '../templates/template-reader.ts';
import type { AutoReply } from './inbound.ts';

const ScalarSchema = Type.Union([Type.String({ maxLength: 1_000 }), Type.Number()]);
const SourceSchema = Type.Union([
  ScalarSchema,
  Type.Object({ amount: Type.String({ maxLength: 30 }), currency: Type.String({ maxLength: 3 }) }, closed),
  Type.Object(
    { attribute: Type.String({ pattern: '^[a-z][a-z0-9_]{0,63}$' }), default: Type.Optional(ScalarSchema) },
    { ...closed, description: 'Of the contact that wrote.' },
  ),
]);

export const TemplateReplySchema = Type.Object(
  {
    type: Type.Literal('reply'),
    template: Type.String({ pattern: '^tpl_[0-9a-hjkmnp-tv-z]{26}$' }),
    template_version: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 10_000,
        description: 'Without it the one that any message would take then.',
      }),
    ),
    variables: Type.Optional(
      Type.Record(Type.String({ pattern: '^[a-z][a-z0-9_]{0,39}$' }), SourceSchema, { ...closed, maxProperties: 50 }),
    ),
  },
  { ...closed, description: 'In the locale of the contact that wrote, if there is one.' },
);

type TemplateReply = Static<typeof TemplateReplySchema>;

/** What a template cannot say, when the rule is written. */
export async function findTemplateErrors(
  templates: Pick<TemplateReader, 'find'>,
  owner: Owner,
  { template, template_version: version, variables = {} }: TemplateReply,
): Promise<FieldError[]> {
  const found = await templates.find(owner, template, version ?? null);
  if (!found) {
    const member = version === undefined ? 'template' : 'template_version';
    return [{ pointer: `/action/${member}`, message: 'there is none of this project' }];
  }
  return Object.keys(variables)
    .filter((name) => !found.compiled.variables.has(name))
    .map((name) => ({ pointer: `/action/variables/${name}`, message: 'is no variable of the template' }));
}

/** What is not known is left out: the template has a default for it, or nothing is answered and the message says so. */
export async function toTemplateReply(
  db: Kysely<Schema>,
  owner: Owner,
  { hash }: Addressee,
  { template, template_version: version, variables = {} }: TemplateReply,
): Promise<AutoReply> {
  const contact = await db
    .selectFrom('contact_addresses as a')
    .innerJoin('contacts as c', 'c.id', 'a.contact_id')
    .select(['c.locale', 'c.attributes'])
    .where('a.project_id', '=', owner.project)
    .where('a.mode', '=', owner.mode)
    .where('a.address_hash', '=', hash)
    .orderBy('a.kind')
    .executeTakeFirst();
  const attributes = JSON.parse(contact?.attributes ?? '{}') as Attributes;
  return {
    ...{ template, variables: fill(variables, attributes) },
    ...(version !== undefined && { template_version: version }),
    ...(contact?.locale && { locale: contact.locale }),
  };
}

type Attributes = Record<string, string | number | boolean | null>;
type Values = NonNullable<AutoReply['variables']>;

function fill(sources: NonNullable<TemplateReply['variables']>, attributes: Attributes): Values {
  const filled = Object.entries(sources).flatMap(([name, source]): [string, Values[string]][] => {
    if (typeof source !== 'object' || 'amount' in source) return [[name, source]];
    const value = attributes[source.attribute] ?? source.default;
    return value === undefined ? [] : [[name, typeof value === 'boolean' ? String(value) : value]];
  });
  return Object.fromEntries(filled);
}
