import { type Static, Type } from 'typebox';
import { pageQuery } from '../../http/pagination.ts';
import { closed, TimestampSchema } from '../../http/schemas.ts';
import { CHANNELS } from '../../lib/channels.ts';
import { toTimestamp } from '../../lib/clock.ts';
import { AddressSchema, MAX_AT_ONCE } from './consent-views.ts';
import { ANY, SUPPRESSED_PURPOSES, SUPPRESSION_REASONS, type SuppressionRow } from './suppression.ts';

const orAny = (description: string) => Type.Union([Type.String(), Type.Null()], { description });

const SuppressionInputSchema = Type.Object(
  {
    to: AddressSchema,
    channel: Type.Optional(Type.Enum([...CHANNELS], { description: 'Default: every one.' })),
    purpose: Type.Optional(
      Type.Enum([...SUPPRESSED_PURPOSES], {
        default: 'marketing',
        description: '`messages`: everything but codes; `all`: codes too.',
      }),
    ),
    sender: Type.Optional(
      Type.String({ minLength: 1, maxLength: 254, description: 'Number, short code or name; default: every one.' }),
    ),
    reason: Type.Optional(Type.Enum(['manual', 'complaint', 'bounce', 'imported'])),
    note: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
  },
  closed,
);
export type SuppressionBodyType = Static<typeof SuppressionInputSchema>;
export const SuppressionBody = SuppressionInputSchema;

export const SuppressionImportBody = Type.Object(
  { data: Type.Array(SuppressionInputSchema, { minItems: 1, maxItems: MAX_AT_ONCE }) },
  closed,
);

export const ImportAnswerSchema = Type.Object(
  {
    added: Type.Integer(),
    known: Type.Integer({ description: 'Were there already.' }),
    errors: Type.Array(Type.Object({ index: Type.Integer(), pointer: Type.String(), message: Type.String() }, closed)),
  },
  closed,
);

export const SuppressionParams = Type.Object({ id: Type.String({ pattern: '^sup_[0-9a-hjkmnp-tv-z]{26}$' }) }, closed);

const filters = {
  to: Type.Optional(AddressSchema),
  reason: Type.Optional(Type.Enum([...SUPPRESSION_REASONS])),
  review: Type.Optional(Type.Boolean({ description: 'Those that somebody should look at, or the others.' })),
};
export const SuppressionListQuery = Type.Object({ ...filters, ...pageQuery }, closed);

export const SuppressionSchema = Type.Object(
  {
    id: Type.String(),
    to: orAny('Null when the person was erased: the refusal stays.'),
    channel: orAny('Null: every one.'),
    purpose: Type.Enum([...SUPPRESSED_PURPOSES]),
    sender: orAny('Null: every one.'),
    reason: Type.Enum([...SUPPRESSION_REASONS]),
    review: Type.Boolean({ description: 'Read from a sentence that probably meant it: confirm or delete it.' }),
    note: Type.Union([Type.String(), Type.Null()]),
    proof: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]),
    actor: Type.String(),
    created_at: TimestampSchema,
  },
  { ...closed, title: 'Suppression' },
);

export function viewSuppression(row: SuppressionRow): Static<typeof SuppressionSchema> {
  return {
    id: row.id,
    to: row.address,
    channel: row.channel === ANY ? null : row.channel,
    purpose: row.purpose,
    sender: row.sender === ANY ? null : row.sender,
    reason: row.reason as Static<typeof SuppressionSchema>['reason'],
    review: row.review === 1,
    note: row.note,
    proof: row.proof === null ? null : JSON.parse(row.proof),
    actor: row.actor,
    created_at: toTimestamp(row.created_at),
  };
}
