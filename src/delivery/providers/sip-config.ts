import { createSecureContext } from 'node:tls';
import { type Static, Type } from 'typebox';
import { type ConfigProblem, isLoopback } from './support/http-members.ts';

/** What a carrier tells of its trunk, and how calls are made. */

const closed = { additionalProperties: false };

const milliseconds = (minimum: number, maximum: number, byDefault: number, description: string) =>
  Type.Integer({ minimum, maximum, default: byDefault, description });

const host = Type.String({
  pattern: '^[A-Za-z0-9.:_-]{1,255}$',
  description: 'A domain with SRV records, a host or an address.',
});
const port = (description: string) => Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535, description }));
const token = Type.String({ pattern: '^[\\x20-\\x7e]{1,128}$' });
const caller = Type.String({
  pattern: '^\\+?[0-9]{3,15}$',
  description: 'Shown where the sender of a message is no number.',
});

const TrunkSchema = Type.Object(
  {
    name: Type.Optional(Type.String({ pattern: '^[\\w.-]{1,40}$', description: 'In logs; default: the host.' })),
    host,
    port: port('Given: its addresses are taken as they are; without it SRV records are asked for.'),
    transport: Type.Enum(['udp', 'tcp', 'tls'], { default: 'udp' }),
    domain: Type.Optional(
      Type.String({ pattern: '^[A-Za-z0-9.:_-]{1,255}$', description: 'Of the numbers; default: the host.' }),
    ),
    username: Type.Optional(token),
    password: Type.Optional(token),
    register: Type.Boolean({ default: false, description: 'For carriers that let in only who has registered.' }),
    register_seconds: Type.Integer({ minimum: 30, maximum: 86_400, default: 600 }),
    number_form: Type.Enum(['plus', 'digits'], { default: 'plus', description: '+33612345678 or 33612345678.' }),
    prefix: Type.String({
      pattern: '^[0-9*#+]{0,16}$',
      default: '',
      description: 'Before every number that is dialled.',
    }),
    caller_id: Type.Optional(caller),
    assert_identity: Type.Boolean({ default: false, description: 'Send P-Asserted-Identity.' }),
    srtp: Type.Boolean({ default: false, description: 'Encrypted audio with keys by SDES; needs transport tls.' }),
    ignore_contact: Type.Boolean({
      default: false,
      description: 'Where the carrier announces an address that is not reached from here.',
    }),
    channels: Type.Integer({ minimum: 1, maximum: 10_000, default: 30, description: 'Calls at a time.' }),
    calls_per_second: Type.Number({ minimum: 0.1, maximum: 1_000, default: 5 }),
    ping_seconds: Type.Integer({ minimum: 0, maximum: 3_600, default: 30, description: 'OPTIONS; 0: none.' }),
  },
  closed,
);

const SpeechSchema = Type.Object(
  {
    prompts: Type.Optional(
      Type.String({ minLength: 1, description: 'A folder of recordings, one folder in it for each language.' }),
    ),
    command: Type.Optional(
      Type.Array(Type.String({ maxLength: 1_000 }), {
        minItems: 1,
        maxItems: 50,
        description: 'A program and its arguments: text by standard input, WAV by standard output; {voice} and {rate}.',
      }),
    ),
    command_timeout_ms: milliseconds(100, 8_000, 4_000, 'Of one run.'),
    command_concurrency: Type.Integer({ minimum: 1, maximum: 64, default: 2 }),
    voices: Type.Record(
      Type.String({ pattern: '^[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8})*$' }),
      Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_+.-]{0,60}$' }),
      {
        default: {},
        description: 'By language tag; without an entry the language is the voice.',
      },
    ),
    words_per_minute: Type.Integer({ minimum: 50, maximum: 400, default: 140 }),
    cache_mb: Type.Integer({ minimum: 1, maximum: 1_000, default: 50 }),
  },
  closed,
);

export const SipConfigSchema = Type.Object(
  {
    trunks: Type.Array(TrunkSchema, {
      minItems: 1,
      maxItems: 16,
      description: 'In the order in which they are tried.',
    }),
    speech: SpeechSchema,
    codecs: Type.Array(Type.Enum(['PCMA', 'PCMU']), {
      minItems: 1,
      maxItems: 2,
      uniqueItems: true,
      default: ['PCMA', 'PCMU'],
    }),
    bind_address: Type.Optional(
      Type.String({ pattern: '^[0-9a-fA-F.:]{2,45}$', description: 'Of this machine; default: all.' }),
    ),
    public_address: Type.Optional(
      Type.String({
        pattern: '^[0-9a-fA-F.:]{2,45}$',
        description: 'By which carriers reach it, where a NAT is between.',
      }),
    ),
    local_port: Type.Integer({ minimum: 0, maximum: 65_535, default: 0, description: 'For SIP over UDP; 0: any.' }),
    rtp_ports: Type.Object(
      {
        first: Type.Integer({ minimum: 1_024, maximum: 65_534, default: 16_384 }),
        last: Type.Integer({ minimum: 1_025, maximum: 65_535, default: 24_575 }),
      },
      { ...closed, default: {} },
    ),
    symmetric_rtp: Type.Enum(['trunk', 'any', 'off'], {
      default: 'trunk',
      description: 'Whose audio is answered when it comes from another address than was announced.',
    }),
    inband_dtmf: Type.Enum(['fallback', 'always', 'off'], {
      default: 'fallback',
      description: 'Keys by their tones: where the other side has no telephone-event, or always.',
    }),
    tls: Type.Object(
      {
        ca: Type.Optional(Type.String({ minLength: 1, description: 'PEM; default: the public authorities.' })),
        cert: Type.Optional(Type.String({ minLength: 1, description: 'PEM, where the carrier asks for ours.' })),
        key: Type.Optional(Type.String({ minLength: 1, description: 'PEM.' })),
      },
      { ...closed, default: {} },
    ),

    t1_ms: milliseconds(20, 5_000, 500, 'T1 of RFC 3261; 64 of it end a request.'),
    t2_ms: milliseconds(20, 20_000, 4_000, 'T2 of RFC 3261.'),
    connect_timeout_ms: milliseconds(100, 8_000, 3_000, 'Of TCP and TLS.'),
    wait_ms: milliseconds(0, 6_000, 3_000, 'How long a call waits for calls_per_second.'),
    ring_seconds: Type.Number({ minimum: 0.2, maximum: 180, default: 45, description: 'Then the call is cancelled.' }),
    max_call_seconds: Type.Integer({ minimum: 1, maximum: 600, default: 120 }),
    no_audio_seconds: Type.Integer({
      minimum: 0,
      maximum: 120,
      default: 10,
      description: 'Silence of the line after which the call ends; 0: not watched.',
    }),
    machine_speech_seconds: Type.Optional(
      Type.Number({ minimum: 1, maximum: 60, description: 'Speech without a pause that only a machine makes.' }),
    ),
    gate_wait_ms: milliseconds(100, 30_000, 5_000, 'For the key, after its prompt.'),
    gate_prompts: Type.Integer({ minimum: 1, maximum: 5, default: 2 }),
    settle_ms: milliseconds(0, 5_000, 600, 'Between the answer and the first word.'),
    between_repeats_ms: milliseconds(0, 5_000, 1_000, 'Before it is said again.'),
    opt_out_wait_ms: milliseconds(0, 30_000, 4_000, 'For the key, after its prompt.'),
    drain_ms: milliseconds(0, 20_000, 15_000, 'How long the end waits for calls.'),
  },
  closed,
);

export type SipConfig = Static<typeof SipConfigSchema>;
export type TrunkConfig = SipConfig['trunks'][number];

export function checkSipConfig(config: SipConfig): ConfigProblem[] {
  const problems = config.trunks.flatMap((trunk, index) =>
    checkTrunk(trunk).map(({ pointer, message }) => ({ pointer: `/trunks/${index}${pointer}`, message })),
  );
  if (!config.speech.prompts && !config.speech.command) {
    problems.push({ pointer: '/speech', message: 'nothing can be said: give prompts, command or both' });
  }
  if (config.rtp_ports.last - config.rtp_ports.first < 2) {
    problems.push({ pointer: '/rtp_ports', message: 'last must be above first, with two ports for each call' });
  }
  if (config.t2_ms < config.t1_ms) problems.push({ pointer: '/t2_ms', message: 'must be at least t1_ms' });
  return [...problems, ...checkTls(config)];
}

function checkTrunk(trunk: TrunkConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if ((trunk.username === undefined) !== (trunk.password === undefined)) {
    problems.push({ pointer: '/password', message: 'username and password belong together: give both or neither' });
  }
  if (trunk.register && trunk.username === undefined) {
    problems.push({ pointer: '/register', message: 'needs username and password' });
  }
  if (trunk.srtp && trunk.transport !== 'tls' && !isLoopback(trunk.host)) {
    problems.push({ pointer: '/srtp', message: 'its keys would be sent in clear: set transport to tls' });
  }
  return problems;
}

function checkTls({ tls }: SipConfig): ConfigProblem[] {
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    return [{ pointer: '/tls', message: 'cert and key belong together: give both or neither' }];
  }
  try {
    createSecureContext(tls);
    return [];
  } catch {
    return [{ pointer: '/tls', message: 'ca, cert and key must be PEM, and the key must be that of the certificate' }];
  }
}
