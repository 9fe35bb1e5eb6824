import { type Static, Type } from 'typebox';
import { closed, NullableTimestampSchema, TimestampSchema } from '../../http/schemas.ts';
import { toTimestamp } from '../../lib/clock.ts';
import { MODES } from '../../lib/mode.ts';
import { API_VERSIONS, NEWEST_API_VERSION, WEBHOOK_FORMATS } from '../render.ts';
import { SIGNATURE_KINDS } from '../sign.ts';
import { HEADER_NAME, HEADER_VALUE, MAX_HEADERS } from './check-headers.ts';
import { type Endpoint, ORDERINGS } from './endpoint.ts';

const MAX_FILTERS = 50;
const MAX_OVERLAP_SECONDS = 604_800;
export const OVERLAP_SECONDS = 86_400;

export const EndpointParams = Type.Object({ id: Type.String({ pattern: '^whk_[0-9a-hjkmnp-tv-z]{26}$' }) }, closed);

const UrlSchema = Type.String({
  minLength: 1,
  maxLength: 2_048,
  description: 'https, at a public address, on an allowed port.',
  examples: ['https://app.example.com/webhooks'],
});
const EventsSchema = Type.Array(Type.String({ maxLength: 64, pattern: '^(\\*|[a-z_]+\\.(\\*|[a-z_]+))$' }), {
  minItems: 1,
  maxItems: MAX_FILTERS,
  uniqueItems: true,
  description: 'Types of events, families of them, or `*`.',
  examples: [['verification.*']],
});
const DescriptionSchema = Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\p{C}\\p{Zl}\\p{Zp}]+$' });
const HeadersSchema = Type.Record(Type.String({ pattern: HEADER_NAME }), Type.String({ pattern: HEADER_VALUE }), {
  ...closed,
  maxProperties: MAX_HEADERS,
  description: 'Sent with every delivery. Sealed; only the names are shown again.',
});
const FormatSchema = Type.Enum([...WEBHOOK_FORMATS], { description: 'xml: see /schemas.' });
const OrderingSchema = Type.Enum([...ORDERINGS], {
  description: 'per_object: events of one verification or message one after the other, retries included.',
});
const SignatureSchema = Type.Enum([...SIGNATURE_KINDS]);
const VersionSchema = Type.Enum([...API_VERSIONS], { description: 'What a body looks like.' });

export const NewEndpointBody = Type.Object(
  {
    url: UrlSchema,
    events: Type.Optional({ ...EventsSchema, default: ['*'] }),
    description: Type.Optional(DescriptionSchema),
    headers: Type.Optional(HeadersSchema),
    format: Type.Optional({ ...FormatSchema, default: 'json' }),
    ordering: Type.Optional({ ...OrderingSchema, default: 'none' }),
    signature: Type.Optional({ ...SignatureSchema, default: 'hmac' }),
    api_version: Type.Optional({ ...VersionSchema, default: NEWEST_API_VERSION }),
  },
  closed,
);

export const EndpointPatchBody = Type.Object(
  {
    url: Type.Optional(UrlSchema),
    events: Type.Optional(EventsSchema),
    description: Type.Optional(Type.Union([DescriptionSchema, Type.Null()])),
    headers: Type.Optional(HeadersSchema),
    format: Type.Optional(FormatSchema),
    ordering: Type.Optional(OrderingSchema),
    api_version: Type.Optional(VersionSchema),
  },
  { ...closed, minProperties: 1 },
);

export const RotationBody = Type.Object(
  {
    overlap_seconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: MAX_OVERLAP_SECONDS,
        default: OVERLAP_SECONDS,
        description: 'How long deliveries are also signed with the secrets before. 0 when one is in wrong hands.',
      }),
    ),
    signature: Type.Optional(SignatureSchema),
  },
  closed,
);

const members = {
  id: Type.String(),
  mode: Type.Enum([...MODES]),
  url: Type.String(),
  events: Type.Array(Type.String()),
  description: Type.Union([Type.String(), Type.Null()]),
  header_names: Type.Array(Type.String()),
  format: FormatSchema,
  ordering: OrderingSchema,
  signature: SignatureSchema,
  api_version: VersionSchema,
  status: Type.Enum(['enabled', 'disabled']),
  disabled_reason: Type.Union([Type.String(), Type.Null()], {
    description: '`asked`, `failing` (for days), or `gone` (it answered 410).',
  }),
  disabled_at: NullableTimestampSchema,
  public_keys: Type.Array(
    Type.Object(
      {
        kid: Type.String({ description: 'Its name in /.well-known/jwks.json: begins with the endpoint’s id.' }),
        key: Type.String({ description: '`whpk_…`' }),
        expires_at: NullableTimestampSchema,
      },
      closed,
    ),
    { description: 'With Ed25519: what deliveries are verified with, the newest first.' },
  ),
  created_at: TimestampSchema,
  updated_at: TimestampSchema,
};

export const EndpointSchema = Type.Object(members, { ...closed, title: 'WebhookEndpoint' });

export const NewSecretSchema = Type.Object(
  {
    ...members,
    secret: Type.Optional(
      Type.String({ description: '`whsec_…`, with HMAC. Shown this once: it is kept sealed.', examples: ['whsec_…'] }),
    ),
  },
  { ...closed, title: 'NewWebhookEndpoint' },
);

export function viewEndpoint(endpoint: Endpoint): Static<typeof EndpointSchema> {
  const { disabledAt, publicKeys } = endpoint;
  return {
    id: endpoint.id,
    mode: endpoint.mode,
    url: endpoint.url,
    events: endpoint.events,
    description: endpoint.description,
    header_names: endpoint.headerNames,
    format: endpoint.format,
    ordering: endpoint.ordering,
    signature: endpoint.signature,
    api_version: endpoint.apiVersion,
    status: endpoint.status,
    disabled_reason: endpoint.disabledReason,
    disabled_at: timestampOrNull(disabledAt),
    public_keys: publicKeys.map(({ kid, key, expiresAt }) => ({ kid, key, expires_at: timestampOrNull(expiresAt) })),
    created_at: toTimestamp(endpoint.createdAt),
    updated_at: toTimestamp(endpoint.updatedAt),
  };
}

const timestampOrNull = (ms: number | null) => (ms === null ? null : toTimestamp(ms));
