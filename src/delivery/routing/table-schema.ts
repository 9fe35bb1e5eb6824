import { type Static, Type } from 'typebox';
import { closed } from '../../http/schemas.ts';
import { CHANNELS } from '../../lib/channels.ts';
import type { Purpose } from '../provider.ts';
import type { Strategy } from './router.ts';

/** The routing table as it is written: the member `routes` of the configuration file, and the body of PUT /v1/routes. */

const PURPOSES = ['code', 'transactional', 'marketing'] as const satisfies Purpose[];
const STRATEGIES = ['ordered', 'weighted', 'cheapest', 'best_conversion'] as const satisfies Strategy[];
const KINDS = ['alphanumeric', 'long', 'short_code', 'email'] as const;
const REGISTRATIONS = ['registered', 'pending', 'refused', 'not_required'] as const;

export const ChannelSchema = Type.Enum([...CHANNELS]);
export const PurposeSchema = Type.Enum([...PURPOSES]);
export const StrategySchema = Type.Enum([...STRATEGIES]);

const ProviderName = Type.String({ minLength: 1, maxLength: 64 });
const CountrySchema = Type.String({ pattern: '^[A-Z]{2}$', description: 'ISO 3166-1 alpha-2.' });
export const SenderValueSchema = Type.String({ minLength: 1, maxLength: 254, pattern: '^[^\\p{C}\\p{Zl}\\p{Zp}]+$' });

export const PriceSchema = Type.Object(
  {
    amount: Type.String({ pattern: '^\\d{1,9}(\\.\\d{1,9})?$', examples: ['0.0075'] }),
    currency: Type.String({ pattern: '^[A-Z]{3}$', description: 'ISO 4217.' }),
  },
  closed,
);

const rate = {
  per_second: Type.Optional(
    Type.Number({ minimum: 0.01, maximum: 10_000, description: 'Messages per second, all instances together.' }),
  ),
  burst: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 100_000,
      description: 'Messages at once after a pause; default: those of a tenth of a second, at least one.',
    }),
  ),
};

const SenderSchema = Type.Object(
  {
    value: SenderValueSchema,
    kind: Type.Enum([...KINDS], {
      description: 'alphanumeric: SMS; long: SMS, voice, WhatsApp; short_code: SMS; email: e-mail.',
    }),
    countries: Type.Optional(Type.Array(CountrySchema, { minItems: 1, uniqueItems: true })),
    providers: Type.Optional(Type.Array(ProviderName, { minItems: 1, uniqueItems: true })),
    registration: Type.Optional(
      Type.Enum([...REGISTRATIONS], {
        default: 'not_required',
        description: 'With the carriers or authorities of these countries. Pending and refused senders are not used.',
      }),
    ),
    ...rate,
  },
  closed,
);

const oneOrMore = <T extends ReturnType<typeof Type.String> | typeof ChannelSchema | typeof PurposeSchema>(item: T) =>
  Type.Optional(Type.Union([item, Type.Array(item, { minItems: 1, maxItems: 1000, uniqueItems: true })]));

const WhenSchema = Type.Object(
  {
    purpose: oneOrMore(PurposeSchema),
    channel: oneOrMore(ChannelSchema),
    country: oneOrMore(CountrySchema),
    prefix: oneOrMore(Type.String({ pattern: '^\\+[1-9]\\d{0,14}$', description: 'How the number begins.' })),
    mcc_mnc: oneOrMore(
      Type.String({
        pattern: '^\\d{3}(\\d{2,3})?$',
        description: 'Network, e.g. 20801; three digits: all of a country.',
      }),
    ),
    sender: oneOrMore(SenderValueSchema),
    project: oneOrMore(Type.String({ minLength: 1, maxLength: 64 })),
  },
  { ...closed, default: {}, description: 'Every member that is given must fit; a list fits when one of it does.' },
);

const RuleProviderSchema = Type.Object(
  {
    provider: ProviderName,
    weight: Type.Optional(
      Type.Number({ minimum: 0, maximum: 1_000_000, default: 1, description: '0: only when no other is left.' }),
    ),
    cost: Type.Optional(PriceSchema),
    ...rate,
  },
  closed,
);

const RuleSchema = Type.Object(
  {
    name: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' }),
    when: Type.Optional(WhenSchema),
    providers: Type.Array(RuleProviderSchema, { minItems: 1, maxItems: 50 }),
    strategy: Type.Optional(Type.Enum([...STRATEGIES], { default: 'ordered' })),
    validity_seconds: Type.Optional(
      Type.Integer({ minimum: 60, maximum: 259_200, description: 'The carrier must not deliver later than this.' }),
    ),
    receipt_timeout_seconds: Type.Optional(
      Type.Integer({
        minimum: 10,
        maximum: 604_800,
        description:
          'Without a final receipt a message is `unknown` after it. Default: 15 minutes for codes, else 2 days.',
      }),
    ),
    failover_after_seconds: Type.Optional(
      Type.Integer({
        minimum: 5,
        maximum: 86_400,
        description: 'Without a receipt the message goes to the next provider as well after it. Default: never.',
      }),
    ),
    failover_on_receipt: Type.Optional(
      Type.Boolean({
        default: true,
        description: 'A receipt that says “failed” sends the message to the next provider.',
      }),
    ),
  },
  closed,
);

/** What is optional and has a default is there once a table was checked. */
type Filled<T, K extends keyof T> = Omit<T, K> & { [M in K]-?: Exclude<T[M], undefined> };

export type TableSender = Filled<Static<typeof SenderSchema>, 'registration'>;
export type SenderKind = TableSender['kind'];
export type RuleProvider = Filled<Static<typeof RuleProviderSchema>, 'weight'>;
export type TableRule = Filled<
  Omit<Static<typeof RuleSchema>, 'providers'>,
  'when' | 'strategy' | 'failover_on_receipt'
> & { providers: RuleProvider[] };
export type Condition = keyof TableRule['when'];

export interface RoutingTable {
  senders: TableSender[];
  rules: TableRule[];
}

export const RoutingTableSchema = Type.Unsafe<RoutingTable>(
  Type.Object(
    {
      senders: Type.Optional(Type.Array(SenderSchema, { default: [], maxItems: 1000 })),
      rules: Type.Optional(
        Type.Array(RuleSchema, { default: [], maxItems: 500, description: 'The first that fits decides.' }),
      ),
    },
    { ...closed, title: 'RoutingTable' },
  ),
);

export const CONDITIONS = Object.keys(WhenSchema.properties) as Condition[];

export const EMPTY_TABLE: RoutingTable = { senders: [], rules: [] };

/** Of a member that is a value or a list of them. */
export function listOf<T extends string>(value: T | T[] | undefined): T[] | undefined {
  return value === undefined || Array.isArray(value) ? value : [value];
}
