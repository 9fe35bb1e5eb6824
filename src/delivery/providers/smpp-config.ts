import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { type Static, Type } from 'typebox';
import { type Reason, reasons } from '../reasons.ts';
import { MESSAGE_ID_BASES } from '../smpp/message-id.ts';
import type { ConfigProblem } from './support/http-members.ts';

/** What an operator tells of itself in its interconnection sheet. */

const closed = { additionalProperties: false };

/** C-octet strings of the protocol. */
const ascii = (maxLength: number, options: { minLength?: number; default?: string; description?: string } = {}) =>
  Type.String({ pattern: '^[\\x20-\\x7e]*$', maxLength, ...options });

const milliseconds = (minimum: number, maximum: number, byDefault: number, description: string) =>
  Type.Integer({ minimum, maximum, default: byDefault, description });

const host = Type.String({ pattern: '^[A-Za-z0-9.:_-]{1,255}$' });
const port = Type.Integer({ minimum: 1, maximum: 65_535 });
const octet = (byDefault: number, description: string) =>
  Type.Integer({ minimum: 0, maximum: 255, default: byDefault, description });

export const SmppConfigSchema = Type.Object(
  {
    host,
    port,
    tls: Type.Optional(
      Type.Object(
        {
          ca: Type.Optional(Type.String({ minLength: 1, description: 'PEM; default: the public authorities.' })),
          cert: Type.Optional(Type.String({ minLength: 1, description: 'PEM, where the carrier asks for ours.' })),
          key: Type.Optional(Type.String({ minLength: 1, description: 'PEM.' })),
          servername: Type.Optional(Type.String({ minLength: 1, description: 'Where the host is an address.' })),
        },
        { ...closed, description: 'Present: TLS 1.2 or newer, the certificate always checked.' },
      ),
    ),
    system_id: ascii(15, { minLength: 1 }),
    password: ascii(64),
    system_type: ascii(12, { default: '' }),
    address_range: ascii(40, {
      default: '',
      description: 'Which numbers this bind receives for; carriers often ignore it.',
    }),
    service_type: ascii(5, { default: '' }),
    binds: Type.Array(
      Type.Object(
        {
          type: Type.Enum(['transceiver', 'transmitter', 'receiver'], { default: 'transceiver' }),
          count: Type.Integer({ minimum: 1, maximum: 16, default: 1 }),
          host: Type.Optional(host),
          port: Type.Optional(port),
        },
        closed,
      ),
      { minItems: 1, maxItems: 16, default: [{}] },
    ),

    window: Type.Integer({ minimum: 1, maximum: 1_000, default: 10, description: 'Unanswered submits of one bind.' }),
    rate_per_second: Type.Optional(
      Type.Number({ minimum: 0.01, maximum: 100_000, description: 'Parts over one bind.' }),
    ),
    throttle_pause_ms: milliseconds(
      10,
      60_000,
      1_000,
      'First pause of a bind that is throttled; doubles up to 32-fold.',
    ),
    queue_limit: Type.Integer({
      minimum: 1,
      maximum: 10_000,
      default: 1_000,
      description: 'Messages that wait for a bind.',
    }),
    unbound_wait_ms: milliseconds(0, 60_000, 2_000, 'How long messages wait while no bind is up.'),
    bind_timeout_ms: milliseconds(100, 120_000, 10_000, 'From dialling to the answer to the bind.'),
    response_timeout_ms: milliseconds(100, 120_000, 10_000, 'Of submit_sm and enquire_link.'),
    enquire_link_ms: milliseconds(100, 600_000, 30_000, 'Silence after which enquire_link is sent.'),
    reconnect_min_ms: milliseconds(10, 600_000, 1_000, 'Never dialled again sooner.'),
    reconnect_max_ms: milliseconds(10, 3_600_000, 60_000, 'The back-off goes up to it.'),
    drain_ms: milliseconds(0, 20_000, 5_000, 'How long the end waits for answers.'),

    short_code_ton: octet(3, 'Of senders that are short codes.'),
    short_code_npi: octet(0, 'Of senders that are short codes.'),
    default_alphabet: Type.Enum(['gsm7', 'latin1'], { default: 'gsm7', description: 'What data_coding 0 means.' }),
    text_data_coding: octet(0, 'What texts in the default alphabet are announced as.'),
    national_alphabets: Type.Array(Type.Enum(['turkish', 'spanish', 'portuguese']), {
      uniqueItems: true,
      default: [],
      description: 'National language tables the carrier passes on.',
    }),
    long_messages: Type.Enum(['udh16', 'udh8', 'sar', 'payload'], { default: 'udh16' }),
    max_parts: Type.Integer({ minimum: 1, maximum: 255, default: 10 }),
    validity: Type.Enum(['relative', 'absolute', 'none'], { default: 'relative' }),

    receipts: Type.Enum(['all', 'failures', 'none'], { default: 'all' }),
    receipts_of_parts: Type.Enum(['each', 'last'], {
      default: 'each',
      description: 'last: for carriers that report a long message once.',
    }),
    message_id_base: Type.Enum([...MESSAGE_ID_BASES], {
      default: 'auto',
      description: 'How ids are written: in the answer to a submit, then in receipts.',
    }),
    receipt_utc_offset_minutes: Type.Optional(
      Type.Integer({
        minimum: -840,
        maximum: 840,
        description: "Of the carrier's clock; without it its times are not read.",
      }),
    ),
    status_reasons: Type.Record(
      Type.String({ pattern: '^0x[0-9a-f]{1,8}$' }),
      Type.Enum(Object.keys(reasons) as Reason[]),
      { ...closed, default: {}, description: "What the carrier's own command_status values mean." },
    ),
    reassembly_ms: milliseconds(
      100,
      3_600_000,
      1_800_000,
      'How long parts of a message from a phone wait for the others.',
    ),
    part_answer_ms: milliseconds(
      0,
      60_000,
      2_000,
      'How long such a part is left unanswered, to be stored with the others.',
    ),
  },
  closed,
);

export type SmppConfig = Static<typeof SmppConfigSchema>;

export function checkSmppConfig(config: SmppConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const types = config.binds.map(({ type }) => type);
  if (!types.some((type) => type !== 'receiver')) {
    problems.push({ pointer: '/binds', message: 'cannot send: add a transceiver or a transmitter' });
  }
  if (config.receipts !== 'none' && !types.some((type) => type !== 'transmitter')) {
    problems.push({
      pointer: '/binds',
      message: 'no bind gets receipts: add a transceiver or a receiver, or set receipts to none',
    });
  }
  if (config.reconnect_max_ms < config.reconnect_min_ms) {
    problems.push({ pointer: '/reconnect_max_ms', message: 'must be at least reconnect_min_ms' });
  }
  if (config.national_alphabets.length > 0 && config.default_alphabet === 'latin1') {
    problems.push({ pointer: '/national_alphabets', message: 'need default_alphabet gsm7' });
  }
  if (config.national_alphabets.length > 0 && !config.long_messages.startsWith('udh')) {
    problems.push({
      pointer: '/national_alphabets',
      message: 'need long_messages udh16 or udh8: a header announces them',
    });
  }
  return [...problems, ...checkTls(config)];
}

function checkTls({ tls }: SmppConfig): ConfigProblem[] {
  if (!tls) return [];
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    return [{ pointer: '/tls', message: 'cert and key belong together: give both or neither' }];
  }
  try {
    createSecureContext(tls);
    // The context passes over authorities it cannot read.
    if (tls.ca !== undefined) new X509Certificate(tls.ca);
    return [];
  } catch {
    return [{ pointer: '/tls', message: 'ca, cert and key must be PEM, and the key must be that of the certificate' }];
  }
}
