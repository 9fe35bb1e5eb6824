import { type Static, type TSchema, Type } from 'typebox';
import { CHANNELS } from '../../lib/channels.ts';
import type { ReceiptStatus } from '../provider.ts';
import { type Reason, reasons } from '../reasons.ts';
import { secretList } from './support/http-members.ts';

const closed = <Members extends Record<string, TSchema>>(members: Members, description?: string) =>
  Type.Object(members, { additionalProperties: false, ...(description !== undefined && { description }) });

const pointer = Type.String({
  pattern: '^(/([^~/]|~[01])*)*$',
  maxLength: 200,
  description: 'JSON pointer, RFC 6901.',
});
const pattern = Type.String({ minLength: 1, maxLength: 500, description: 'Regular expression, with the flag u.' });
const headerName = Type.String({ pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$" });
const template = Type.String({ maxLength: 4_000, description: 'Text with variables like {{to}}.' });
const templates = Type.Record(Type.String({ maxLength: 100 }), template);
const status = Type.Array(Type.Integer({ minimum: 200, maximum: 599 }), { minItems: 1, maxItems: 50 });
const reason = Type.Unsafe<Reason>({ type: 'string', enum: Object.keys(reasons) });
const scalar = Type.Union([Type.String(), Type.Number(), Type.Boolean()]);

/** All that is given must hold. */
const condition = {
  status: Type.Optional(status),
  json: Type.Optional(closed({ pointer, equals: Type.Union([scalar, Type.Array(scalar, { minItems: 1 })]) })),
  body: Type.Optional(pattern),
};

/** Where something stands in the gateway's answer. */
const answerPlace = Type.Union([
  closed({ json: pointer }),
  closed({ header: headerName }),
  closed({ body: pattern }, 'The first group of a regular expression.'),
]);

/** Where something stands in a call of the gateway. */
const callPlace = Type.Union([
  closed({ query: Type.String({ minLength: 1 }) }),
  closed({ form: Type.String({ minLength: 1 }) }),
  closed({ json: pointer }),
]);

const method = Type.Union([Type.Literal('GET'), Type.Literal('POST')]);

const answer = Type.Optional(
  closed(
    {
      status: Type.Integer({ minimum: 200, maximum: 299, default: 200 }),
      content_type: Type.String({ default: 'text/plain', pattern: '^[\\x21-\\x7e ]{1,100}$' }),
      body: Type.String({ default: '', maxLength: 1_000 }),
    },
    'What the gateway expects to read; else 204.',
  ),
);

const receiptStatus = Type.Unsafe<ReceiptStatus>({
  type: 'string',
  enum: ['buffered', 'sent', 'delivered', 'undelivered', 'expired', 'rejected', 'unknown', 'read'],
});

export const httpSchema = closed({
  channels: Type.Array(Type.Enum([...CHANNELS]), { default: ['sms'], minItems: 1, uniqueItems: true }),
  allow_plain_http: Type.Boolean({ default: false, description: 'For a gateway in a network of its own.' }),
  timeout_ms: Type.Integer({ minimum: 100, maximum: 8_000, default: 8_000 }),
  request: closed({
    method: Type.Union([Type.Literal('GET'), Type.Literal('POST'), Type.Literal('PUT')]),
    url: template,
    headers: Type.Optional(Type.Record(headerName, template)),
    query: Type.Optional(templates),
    body: Type.Optional(
      Type.Union([
        closed({ form: templates }),
        closed({ json: Type.Unknown() }, 'As it is sent; texts in it are templates.'),
        closed({
          raw: template,
          content_type: Type.String({ pattern: '^[\\x21-\\x7e ]{1,100}$' }),
          escape: Type.Union(['json', 'xml', 'url', 'none'].map((name) => Type.Literal(name as 'json'))),
        }),
      ]),
    ),
  }),
  success: Type.Object(
    { ...condition, status: Type.Array(Type.Integer({ minimum: 200, maximum: 599 }), { default: [200, 201, 202] }) },
    { additionalProperties: false, default: {} },
  ),
  provider_id: Type.Optional(answerPlace),
  error_code: Type.Optional(answerPlace),
  failures: Type.Array(
    closed({ ...condition, verdict: Type.Enum(['rejected', 'failed', 'outcome_unknown']), reason }),
    { default: [], maxItems: 50, description: 'Looked at before success; the first that holds counts.' },
  ),
  callback_auth: Type.Optional(
    Type.Union([
      closed({
        token: closed({
          in: Type.Union([Type.Literal('query'), Type.Literal('header')]),
          name: headerName,
          secrets: secretList(24),
        }),
      }),
      closed({
        hmac: closed(
          {
            header: headerName,
            algorithm: Type.Union([Type.Literal('sha256'), Type.Literal('sha512'), Type.Literal('sha1')]),
            encoding: Type.Union([Type.Literal('hex'), Type.Literal('base64')]),
            prefix: Type.Optional(Type.String({ maxLength: 40, description: 'Before the signature, e.g. sha256=' })),
            secrets: secretList(16),
          },
          'Over the body as it came.',
        ),
      }),
    ]),
  ),
  receipts: Type.Optional(
    closed({
      method,
      provider_id: Type.Optional(callPlace),
      reference: Type.Optional(callPlace),
      status: callPlace,
      code: Type.Optional(callPlace),
      statuses: Type.Record(
        Type.String(),
        Type.Union([receiptStatus, closed({ status: receiptStatus, reason: Type.Optional(reason) })]),
      ),
      answer,
    }),
  ),
  inbound: Type.Optional(
    closed({
      method,
      provider_id: Type.Optional(callPlace),
      from: callPlace,
      to: callPlace,
      text: Type.Optional(callPlace),
      octets: Type.Optional(closed({ hex: callPlace, data_coding: callPlace }, 'As SMPP has it, in place of a text.')),
      answer,
    }),
  ),
});

export type HttpConfig = Static<typeof httpSchema>;
export type AnswerPlace = Static<typeof answerPlace>;
export type CallPlace = Static<typeof callPlace>;
export type Condition = Pick<HttpConfig['failures'][number], 'status' | 'json' | 'body'>;
