import type { ErrorObject } from 'ajv';
import { type TSchema, Type } from 'typebox';
import { expect, test } from 'vitest';
import { createValidatorCompiler, toFieldErrors } from '../../src/http/validation.ts';

const object = <P extends Record<string, TSchema>>(members: P) => Type.Object(members, { additionalProperties: false });
const schema = object({
  steps: Type.Array(
    Type.Union([
      object({ type: Type.Literal('wait'), seconds: Type.Integer() }),
      object({ type: Type.Literal('until'), at: Type.String() }),
      object({ type: Type.Literal('tag'), tag: Type.String(), name: Type.Optional(Type.String()) }),
    ]),
  ),
  before: Type.Optional(
    Type.Union([object({ hours: Type.Integer() }), object({ days: Type.Integer(), at: Type.String() })]),
  ),
  channel: Type.Optional(Type.Union([Type.Literal('sms'), Type.Literal('voice')])),
  note: Type.Optional(Type.Union([Type.String({ maxLength: 3 }), Type.Null()])),
  value: Type.Optional(Type.Union([Type.String(), Type.Number(), object({ data: Type.String() })])),
});

function check(body: unknown) {
  const validate = createValidatorCompiler()({ schema, method: 'POST', url: '/', httpPart: 'body' });
  expect(validate(body)).toBe(false);
  const errors = (validate as { errors?: ErrorObject[] }).errors ?? [];
  return Object.fromEntries(toFieldErrors(errors, 'body').map(({ pointer, message }) => [pointer, message]));
}

test.each([
  [
    { steps: [{ type: 'until', time: 'now' }] },
    { '/steps/0/at': 'is required', '/steps/0/time': 'is not a known field' },
  ],
  [{ steps: [{ type: 'wait', seconds: 1.5 }] }, { '/steps/0/seconds': 'must be integer' }],
  [{ steps: [{ type: 'wiat', seconds: 1 }] }, { '/steps/0/type': 'must be one of wait, until, tag' }],
  [{ steps: [{ seconds: 1 }] }, { '/steps/0/type': 'is required' }],
  [
    { steps: [{ type: 'tag' }, { type: 'wait' }] },
    { '/steps/0/tag': 'is required', '/steps/1/seconds': 'is required' },
  ],
  [{ steps: [], before: { hours: 2.5 } }, { '/before/hours': 'must be integer' }],
  [{ steps: [], before: { days: 1 } }, { '/before/at': 'is required' }],
  [{ steps: [], channel: 'fax' }, { '/channel': 'must be one of sms, voice' }],
  [{ steps: [], note: 'long' }, { '/note': 'must NOT have more than 3 characters' }],
  [{ steps: [], value: [] }, { '/value': 'has none of the allowed forms' }],
  [
    { steps: [], value: { date: 'x' } },
    { '/value/data': 'is required', '/value/date': 'is not a known field' },
  ],
])('of a union, %j is told what is wrong with the form that was meant', (body, errors) => {
  expect(check(body)).toEqual(errors);
});
