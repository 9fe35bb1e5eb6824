import { type TSchema, Type } from 'typebox';
import { problems } from '../lib/errors.ts';

/** Unknown members are refused. Every object schema of a request must be closed; installHttp checks it. */
export const closed = { additionalProperties: false } as const;

export const TimestampSchema = Type.String({
  format: 'date-time',
  description: 'RFC 3339, UTC.',
  examples: ['2026-11-22T09:30:00.000Z'],
});

export const NullableTimestampSchema = Type.Union([TimestampSchema, Type.Null()]);

/** RFC 9457. Open: some errors carry more members. */
export const ProblemSchema = Type.Object(
  {
    type: Type.String({ format: 'uri-reference', description: 'Where this error is explained.' }),
    title: Type.String(),
    status: Type.Integer({ description: 'The HTTP status.' }),
    detail: Type.Optional(Type.String({ description: 'About this occurrence.' })),
    code: Type.String({ enum: Object.keys(problems), description: 'Stable name of the error.' }),
    request_id: Type.String({ description: 'Finds the request in the log.' }),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          pointer: Type.String({ description: 'JSON pointer into the body, or the name of a parameter.' }),
          message: Type.String(),
        }),
      ),
    ),
  },
  { title: 'Problem' },
);

export function listOf<Item extends TSchema>(item: Item) {
  return Type.Object(
    {
      data: Type.Array(item),
      next_cursor: Type.Union([Type.String(), Type.Null()], { description: 'Ask again with it for what follows.' }),
    },
    closed,
  );
}
