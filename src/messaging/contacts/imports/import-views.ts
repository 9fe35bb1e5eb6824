import { type Static, Type } from 'typebox';
import { closed, NullableTimestampSchema, TimestampSchema } from '../../../http/schemas.ts';
import { toTimestamp } from '../../../lib/clock.ts';
import { MAX_TAGS } from '../contact.ts';
import { LIST_ID } from '../views.ts';
import { ENDED, type ImportFormat, type ImportOptions, type ImportRow } from './import.ts';

export const ImportQuery = Type.Object(
  {
    dry_run: Type.Optional(
      Type.Boolean({ default: false, description: 'Reads everything, counts, tells errors; changes nothing.' }),
    ),
    on_conflict: Type.Optional(
      Type.Enum(['update', 'skip'], { default: 'update', description: 'What is done with a contact that is there.' }),
    ),
    list_id: Type.Optional(Type.String({ pattern: LIST_ID, description: 'The contacts come into this list.' })),
    tags: Type.Optional(
      Type.String({
        maxLength: 1_000,
        description: `Added to each contact, separated by commas; at most ${MAX_TAGS}.`,
      }),
    ),
    country: Type.Optional(
      Type.String({
        pattern: '^[A-Z]{2}$',
        description:
          'ISO 3166-1 alpha-2: phone numbers without `+` are read as numbers of it, where the row has no `country` of ' +
          'its own. Without either they are errors.',
        examples: ['FR'],
      }),
    ),
    mapping: Type.Optional(
      Type.String({
        maxLength: 8_000,
        description:
          'JSON object from column to field (`phone`, `email`, `attributes.city` …) or null; columns that are not in it ' +
          'go by their name.',
        examples: ['{"Handy":"phone","Notes":null}'],
      }),
    ),
    delimiter: Type.Optional(Type.String({ pattern: '^[,;|\\t]$', description: 'Otherwise it is found out.' })),
  },
  closed,
);

export const ImportSchema = Type.Object(
  {
    id: Type.String(),
    status: Type.Enum(['queued', 'running', 'completed', 'failed', 'canceled']),
    reason: Type.Union([Type.String(), Type.Null()], {
      description:
        'Why it failed: `quote_not_closed`, `row_too_long`, `not_csv`, `internal_error`. What was worked in stays.',
    }),
    dry_run: Type.Boolean(),
    on_conflict: Type.String(),
    list_id: Type.Union([Type.String(), Type.Null()]),
    tags: Type.Array(Type.String()),
    country: Type.Union([Type.String(), Type.Null()], { description: 'Of phone numbers without `+`.' }),
    charset: Type.String(),
    delimiter: Type.String(),
    columns: Type.Array(
      Type.Object({ header: Type.String(), field: Type.Union([Type.String(), Type.Null()]) }, closed),
      { description: 'What each column was taken for; null: it is left out.' },
    ),
    bytes: Type.Integer(),
    progress: Type.Number({ description: 'From 0 to 1.' }),
    rows: Type.Integer({ description: 'Read so far: the sum of the next four.' }),
    created: Type.Integer(),
    updated: Type.Integer(),
    skipped: Type.Integer({ description: 'Blank, or there already.' }),
    failed: Type.Integer({ description: 'See `/errors`.' }),
    created_at: TimestampSchema,
    started_at: NullableTimestampSchema,
    ended_at: NullableTimestampSchema,
  },
  { ...closed, title: 'ContactImport' },
);

export function viewImport(row: ImportRow): Static<typeof ImportSchema> {
  const { onConflict, dryRun, list, tags, country } = JSON.parse(row.options) as ImportOptions;
  const { charset, delimiter, columns } = JSON.parse(row.format ?? '{}') as ImportFormat;
  const { id, reason, bytes, position, rows, created, updated, skipped, failed } = row;
  const orNull = (time: number | null) => (time === null ? null : toTimestamp(time));
  return {
    id,
    // One that is being uploaded is not shown.
    status: row.status === 'uploading' ? 'queued' : row.status,
    reason,
    ...{ dry_run: dryRun, on_conflict: onConflict, list_id: list, tags: [...tags], country },
    ...{ charset, delimiter, columns: [...columns], bytes },
    progress: row.status === 'completed' || bytes === 0 ? 1 : Math.round((position / bytes) * 1_000) / 1_000,
    ...{ rows, created, updated, skipped, failed },
    created_at: toTimestamp(row.created_at),
    started_at: orNull(row.started_at),
    ended_at: orNull(row.ended_at),
  };
}

export const hasEnded = ({ status }: Pick<ImportRow, 'status'>) => ENDED.includes(status);
