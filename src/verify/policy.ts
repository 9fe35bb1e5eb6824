import { type Static, type TSchema, Type } from 'typebox';
import { closed } from '../http/schemas.ts';
import { CALL_RETRY_BOUNDS, CALL_RETRY_REASONS } from '../lib/call-retry.ts';
import { CHANNELS, type Channel } from '../lib/channels.ts';
import { fillDefaults } from '../lib/fill-defaults.ts';
import { createSchemaCheck } from '../lib/schema-check.ts';

/**
 * What a project may decide, with its bounds and defaults. Stored as overrides; read through a PolicyResolver.
 * Bounds that a standard sets are not for projects to move: a code lives ≤ 10 minutes (NIST SP 800-63B-4 §3.1.3.2).
 */
const seconds = (minimum: number, maximum: number, value: number) => Type.Integer({ minimum, maximum, default: value });
const count = seconds;

export const ChannelSchema = Type.Unsafe<Channel>({ type: 'string', enum: [...CHANNELS] });
export const PURPOSE_PATTERN = '^[a-z][a-z0-9_.-]{0,63}$';

export const WorkflowSchema = Type.Array(
  Type.Object(
    { channel: ChannelSchema, wait_seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 600 })) },
    closed,
  ),
  { minItems: 1, maxItems: 5 },
);

const GuessBudgetSchema = Type.Object(
  {
    failures: count(1, 100, 20),
    window_seconds: seconds(60, 604_800, 86_400),
    lock_seconds: seconds(60, 604_800, 86_400),
  },
  { ...closed, default: {} },
);

const WindowSchema = (max: number, windowSeconds: number) =>
  Type.Object(
    {
      max: Type.Integer({ minimum: 0, maximum: 10_000_000, default: max }),
      window_seconds: seconds(1, 604_800, windowSeconds),
    },
    { ...closed, default: {} },
  );

const orNullByDefault = <T extends TSchema>(schema: T, description: string) =>
  Type.Union([schema, Type.Null()], { default: null, description });

/** How a call says a code. */
const VoiceSchema = Type.Object(
  {
    // Not null: in PATCH that takes a project's value away.
    press_key: Type.String({
      pattern: '^([0-9]|none)$',
      default: '1',
      description: 'The code is said only to who presses this key, which a mailbox does not; none: to whoever answers.',
    }),
    repeats: count(1, 5, 2),
    pace: Type.Number({ minimum: 0.5, maximum: 1.5, default: 1, description: 'Relative to the pace of the voice.' }),
    voice: orNullByDefault(
      Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$' }),
      'As the carrier names it, or female or male; null: the one that it has for the language.',
    ),
    brand: orNullByDefault(
      Type.String({ minLength: 1, maxLength: 80, pattern: '^[^\\p{Cc}{}<>]+$' }),
      'The brand as it is pronounced; null: as it is written.',
    ),
  },
  { ...closed, default: {} },
);

export type VoicePolicy = Static<typeof VoiceSchema>;

export const PolicySchema = Type.Object(
  {
    brand: Type.String({ minLength: 1, maxLength: 40, pattern: '^[^\\p{Cc}{}<>]+$', default: 'Countersign' }),
    code_length: count(4, 10, 6),
    ttl_seconds: seconds(30, 600, 600),
    max_attempts: count(1, 5, 5),
    max_sends: count(1, 10, 5),
    resend_cooldown_seconds: seconds(0, 3_600, 60),
    resend_code: Type.Union([Type.Literal('same'), Type.Literal('new')], { default: 'same' }),
    workflow: Type.Unsafe<Static<typeof WorkflowSchema>>({
      ...WorkflowSchema,
      default: [{ channel: 'sms', wait_seconds: 30 }, { channel: 'voice' }],
    }),
    fallback: Type.Union([Type.Literal('unless_approved'), Type.Literal('unless_delivered')], {
      default: 'unless_approved',
      description: 'Whether a delivery receipt calls off the next step of the workflow.',
    }),
    allowed_channels: Type.Array(ChannelSchema, {
      default: ['sms', 'voice'],
      uniqueItems: true,
      description: 'By default those that every phone number has; an app on the phone is for the project to choose.',
    }),
    purposes: Type.Union([Type.Array(Type.String({ pattern: PURPOSE_PATTERN }), { maxItems: 100 }), Type.Null()], {
      default: null,
      description: 'Purposes a verification may have; null allows any.',
    }),
    locales: Type.Union(
      [
        Type.Array(Type.String({ pattern: '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$' }), { minItems: 1, maxItems: 100 }),
        Type.Null(),
      ],
      {
        default: null,
        description: 'Locales a verification may ask for; null allows any.',
      },
    ),
    default_locale: Type.String({ pattern: '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$', default: 'en' }),
    hash_preset: Type.Union([Type.Literal('standard'), Type.Literal('hardened'), Type.Literal('fast')], {
      default: 'standard',
    }),
    acceptance_ledger: Type.Union([Type.Literal('database'), Type.Literal('none')], { default: 'database' }),
    proof_ttl_seconds: seconds(30, 600, 300),
    voice: VoiceSchema,
    call_retry: Type.Object(
      {
        attempts: count(CALL_RETRY_BOUNDS.attempts.minimum, CALL_RETRY_BOUNDS.attempts.maximum, 1),
        wait_seconds: seconds(CALL_RETRY_BOUNDS.wait_seconds.minimum, CALL_RETRY_BOUNDS.wait_seconds.maximum, 120),
        on: Type.Array(Type.Enum([...CALL_RETRY_REASONS]), { uniqueItems: true, default: ['busy', 'no_answer'] }),
      },
      { ...closed, default: {}, description: 'When a message is called again; codes have their workflow.' },
    ),
    template_review: Type.Union([Type.Literal('none'), Type.Literal('marketing'), Type.Literal('all')], {
      default: 'none',
      description: 'Which messages go out in the words of an approved template only; codes are none of them.',
    }),
    limits: Type.Object(
      {
        recipient_10_minutes: count(0, 1_000, 5),
        recipient_day: count(0, 10_000, 20),
        prefix: WindowSchema(1_000, 3_600),
        project: WindowSchema(100_000, 3_600),
        ip: WindowSchema(60, 3_600),
        subject: WindowSchema(20, 3_600),
      },
      { ...closed, default: {} },
    ),
    guesses: Type.Object(
      {
        recipient: GuessBudgetSchema,
        subject: GuessBudgetSchema,
        project: Type.Object(
          {
            failures: count(10, 10_000_000, 1_000),
            window_seconds: seconds(60, 86_400, 600),
            lock_seconds: seconds(10, 86_400, 300),
          },
          { ...closed, default: {} },
        ),
      },
      { ...closed, default: {} },
    ),
    test_numbers: Type.Record(
      Type.String({ pattern: '^\\+[1-9][0-9]{6,14}$' }),
      Type.String({ pattern: '^[0-9]{4,10}$' }),
      {
        ...closed,
        default: {},
        description: 'Fixed codes for test keys: nothing is sent, sending limits do not apply.',
      },
    ),
  },
  { ...closed, title: 'Policy' },
);

export type Policy = Static<typeof PolicySchema>;

/** NIST SP 800-63B-4 §3.2.2: after 100 failures in a row only re-binding helps. Not a project's choice. */
export const FAILURES_IN_A_ROW = 100;

/** POST and configuration give some members only; nested objects too. */
export const PolicyOverridesSchema = partial(PolicySchema as unknown as JsonSchema);
/** In PATCH, null takes an override away (RFC 7396). */
export const PolicyPatchSchema = { ...nullableMembers(PolicyOverridesSchema), title: 'PolicyPatch' };
/** What breaks the bounds; empty when nothing does. */
export const checkPolicyOverrides = createSchemaCheck(PolicyOverridesSchema);

export type PolicyResolver = (overrides: unknown) => Policy;

/**
 * A project's overrides (as stored, already checked) over the installation's, over the defaults.
 * Cached per overrides object, which the authentication cache keeps the same between requests.
 */
export function createPolicyResolver(
  installation: Record<string, unknown>,
  { production = false } = {},
): PolicyResolver {
  const resolved = new WeakMap<object, Policy>();
  return (stored) => {
    const project = isObject(stored) ? stored : {};
    const known = resolved.get(project);
    if (known) return known;
    const policy = merge(installation, project);
    fillDefaults(PolicySchema, policy);
    // Refused where they are written and at start; whatever got into the table all the same has no effect.
    if (production) policy.test_numbers = {};
    resolved.set(project, policy as Policy);
    return policy as Policy;
  };
}

/** Objects member by member; anything else, lists too, is replaced. */
function merge(base: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const merged = structuredClone(base);
  for (const [name, value] of Object.entries(over)) {
    const below = merged[name];
    merged[name] = isObject(value) && isObject(below) ? merge(below, value) : structuredClone(value);
  }
  return merged;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

interface JsonSchema {
  type?: string | string[];
  anyOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  default?: unknown;
}

/** The same schema with nothing required and no defaults, at every depth of plain objects. */
function partial(schema: JsonSchema): JsonSchema {
  const { default: _default, required: _required, ...rest } = schema;
  if (!rest.properties) return rest;
  return { ...rest, properties: mapMembers(rest.properties, partial) };
}

/** The same schema with every member, at every depth of plain objects, null or as it was. */
function nullableMembers(schema: JsonSchema): JsonSchema {
  if (!schema.properties) return schema;
  return { ...schema, properties: mapMembers(schema.properties, (member) => orNull(nullableMembers(member))) };
}

function orNull(schema: JsonSchema): JsonSchema {
  if (typeof schema.type === 'string') return { ...schema, type: [schema.type, 'null'] };
  const branches = schema.anyOf ?? [];
  return branches.some(({ type }) => type === 'null') ? schema : { ...schema, anyOf: [...branches, { type: 'null' }] };
}

function mapMembers(members: Record<string, JsonSchema>, change: (member: JsonSchema) => JsonSchema) {
  return Object.fromEntries(Object.entries(members).map(([name, member]) => [name, change(member)]));
}
