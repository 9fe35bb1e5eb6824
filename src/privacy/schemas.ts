import { type Static, Type } from 'typebox';
import { closed, NullableTimestampSchema, TimestampSchema } from '../http/schemas.ts';
import { toTimestamp } from '../lib/clock.ts';
import { type ErasureRow, readCounts } from './erasures-table.ts';
import { watchedUntil } from './sweep.ts';

export const ERASURE_ID = /^era_[0-9a-hjkmnp-tv-z]{26}$/;

export const AddressSchema = Type.String({
  minLength: 3,
  maxLength: 254,
  description: 'Phone number in any usual spelling, or e-mail address.',
  examples: ['+33612345678'],
});

export const EverywhereSchema = Type.Boolean({
  default: false,
  description: 'Of all projects of the installation; needs the scope `admin` too.',
});

export const ErasureSchema = Type.Object(
  {
    id: Type.String(),
    status: Type.Union([Type.Literal('pending'), Type.Literal('completed')], {
      description: '`completed`: nothing is left of what was there at the time of the request.',
    }),
    all_projects: Type.Boolean(),
    erased: Type.Record(Type.String(), Type.Integer(), {
      description: 'How many rows of what were destroyed, or robbed of what was personal.',
    }),
    requested_at: TimestampSchema,
    completed_at: NullableTimestampSchema,
    watched_until: Type.Union([TimestampSchema, Type.Null()], {
      description:
        'Until then what comes late is erased too, and failed guesses and locks are kept; null: that is over, and ' +
        'nothing here can be led back to the person.',
    }),
  },
  { ...closed, title: 'Erasure' },
);

export function viewErasure(row: ErasureRow): Static<typeof ErasureSchema> {
  const until = watchedUntil(row);
  return {
    id: row.id,
    status: row.status,
    all_projects: row.everywhere === 1,
    erased: readCounts(row),
    requested_at: toTimestamp(row.requested_at),
    completed_at: row.completed_at === null ? null : toTimestamp(row.completed_at),
    watched_until: until === null ? null : toTimestamp(until),
  };
}
