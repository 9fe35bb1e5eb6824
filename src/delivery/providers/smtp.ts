import { createPrivateKey } from 'node:crypto';
import type { Readable } from 'node:stream';
import { type Static, Type } from 'typebox';
import type { OutboundMessage, Provider, ProviderType, SendVerdict } from '../provider.ts';
import { isAddress, isHeaderText, messageIdOf, toMail } from './smtp-mail.ts';
import { verdictOnReply } from './smtp-replies.ts';
import { type ConfigProblem, isLoopback } from './support/http-members.ts';
import { failed, outcomeUnknown, rejected } from './support/verdict.ts';

const schema = Type.Object(
  {
    host: Type.String({ minLength: 1, maxLength: 255, pattern: '^[A-Za-z0-9.:_-]+$' }),
    port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535, description: '587, 465 for tls, 25 for none.' })),
    security: Type.Enum(['starttls', 'tls', 'none'], { default: 'starttls' }),
    ca: Type.Optional(Type.String({ description: 'PEM of an authority that is trusted instead of the public ones.' })),
    user: Type.Optional(Type.String({ minLength: 1 })),
    password: Type.Optional(Type.String({ minLength: 1 })),
    client_name: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9.-]{1,255}$', description: 'In EHLO.' })),
    from_name: Type.Optional(Type.String({ minLength: 1, maxLength: 78 })),
    max_connections: Type.Integer({ minimum: 1, maximum: 100, default: 5 }),
    timeout_ms: Type.Integer({ minimum: 100, maximum: 8_000, default: 8_000, description: 'Of one message.' }),
    dkim: Type.Optional(
      Type.Object(
        {
          domain: Type.String({ pattern: '^[A-Za-z0-9.-]{1,253}$' }),
          selector: Type.String({ pattern: '^[A-Za-z0-9._-]{1,63}$' }),
          private_key: Type.String({ description: 'PEM, RSA.' }),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);

type SmtpConfig = Static<typeof schema>;

const DEFAULT_PORT = { starttls: 587, tls: 465, none: 25 } as const;

/**
 * E-mail by a relay (RFC 5321, 3207, 6376), over connections that are kept. Nothing is said before TLS stands unless
 * `security` is `none`. Accepted is what the relay took; bounces come by mail to the sender and are not read.
 */
export const smtp: ProviderType<SmtpConfig> = { schema, check, create };

async function create(config: SmtpConfig, { name }: { name: string }): Promise<Provider> {
  const { createTransport } = await import('nodemailer');
  const { security, dkim, timeout_ms } = config;
  const transport = createTransport({
    pool: true,
    host: config.host,
    port: config.port ?? DEFAULT_PORT[security],
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    tls: { minVersion: 'TLSv1.2', ...(config.ca !== undefined && { ca: config.ca }) },
    ...(config.user !== undefined && { auth: { user: config.user, pass: config.password ?? '' } }),
    ...(config.client_name !== undefined && { name: config.client_name }),
    ...(dkim && { dkim: { domainName: dkim.domain, keySelector: dkim.selector, privateKey: dkim.private_key } }),
    maxConnections: config.max_connections,
    // Whether a message may be sent again is decided elsewhere.
    maxRequeues: 0,
    connectionTimeout: timeout_ms,
    greetingTimeout: timeout_ms,
    socketTimeout: timeout_ms,
    dnsTimeout: timeout_ms,
    logger: false,
  });
  /** The body is read when the server has answered DATA with 354: before that, nothing can have been sent. */
  const bodies = new Map<unknown, Readable>();
  transport.use('stream', ({ data, message }, done) => {
    const create = message?.createReadStream.bind(message);
    if (message && create) {
      message.createReadStream = (options) => {
        const body = create(options);
        bodies.set(data.messageId, body);
        return body;
      };
    }
    done();
  });

  return {
    name,
    channels: ['email'],
    async send(message, signal) {
      const refusal = refuse(message);
      if (refusal) return refusal;
      const mail = toMail(message, config.from_name);
      const over = AbortSignal.any([signal, AbortSignal.timeout(timeout_ms)]);
      try {
        await transport.sendMail({ ...mail, signal: over });
        return { kind: 'accepted', providerId: messageIdOf(message) };
      } catch (error) {
        return verdictOnError(error, bodies.get(mail.messageId)?.readableDidRead === true);
      } finally {
        bodies.delete(mail.messageId);
      }
    },
    async close() {
      transport.close();
    },
  };
}

/** Refused before anyone is connected to: what could end a header or name a second recipient. */
function refuse({ to, from, subject = '' }: OutboundMessage): SendVerdict | null {
  if (!isAddress(to)) return rejected('invalid_recipient', 'not_an_address');
  if (!isAddress(from)) return failed('sender_refused', 'not_an_address');
  return isHeaderText(subject) ? null : rejected('invalid_message', 'subject_with_controls');
}

/** Codes of Nodemailer, `lib/errors`. A reply, wherever it came, says that the message was not taken. */
function verdictOnError(error: unknown, bodyWasRead: boolean): SendVerdict {
  const { code, command, response, responseCode } = error as Record<string, unknown>;
  if (typeof response === 'string' && Number(responseCode) >= 400) {
    return verdictOnReply(response, typeof command === 'string' ? command : undefined);
  }
  if (bodyWasRead)
    return outcomeUnknown(code === 'EABORT' || code === 'ETIMEDOUT' ? 'timeout' : 'connection_lost', code);
  if (code === 'EAUTH' || code === 'ENOAUTH') return failed('authentication_failed', code);
  if (code === 'EMESSAGE' || code === 'EENVELOPE') return rejected('invalid_message', code);
  return failed('connection_failed', code);
}

function check(config: SmtpConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if ((config.user === undefined) !== (config.password === undefined)) {
    problems.push({ pointer: '/password', message: 'goes with user: give both or neither' });
  }
  if (config.security === 'none' && config.user !== undefined && !isLoopback(config.host)) {
    problems.push({
      pointer: '/security',
      message: 'must be starttls or tls: without TLS the password would be readable',
    });
  }
  if (config.from_name !== undefined && !isHeaderText(config.from_name)) {
    problems.push({ pointer: '/from_name', message: 'must be one line' });
  }
  if (config.dkim && !isPrivateKey(config.dkim.private_key)) {
    problems.push({ pointer: '/dkim/private_key', message: 'must be an RSA private key in PEM' });
  }
  return problems;
}

function isPrivateKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}
