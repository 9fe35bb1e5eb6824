import type { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { closed, TimestampSchema } from '../http/schemas.ts';
import { CHANNELS } from '../lib/channels.ts';
import { toTimestamp } from '../lib/clock.ts';
import { parseEmail } from '../lib/email.ts';
import { Problem } from '../lib/errors.ts';
import { parsePhone } from '../lib/phone.ts';
import { measureText } from '../lib/text/encode-text.ts';
import type { Sandbox, SandboxMessage, SandboxScope } from './providers/sandbox.ts';
import { CHECK_MS, createSandboxStreams } from './sandbox-stream.ts';

export interface SandboxRoutesDeps {
  sandbox: Sandbox;
  /** In production the sandbox serves test keys only. */
  production: boolean;
  /** Resolves when the sends under way have been handed over, so that who reads right after a start finds its message. */
  handedOver?(): Promise<void>;
  /** Told of every message from a phone (MO). */
  onInbound?(message: SandboxMessage): Promise<void> | void;
}

const tags = ['Sandbox'];
const MAX_LISTED = 100;

const MessageSchema = Type.Object(
  {
    id: Type.String(),
    direction: Type.Enum(['mt', 'mo']),
    channel: Type.Enum([...CHANNELS]),
    from: Type.String(),
    to: Type.String(),
    text: Type.String({ description: 'What the phone shows; for a call the script that is spoken.' }),
    locale: Type.Union([Type.String(), Type.Null()]),
    segments: Type.Union([Type.Integer(), Type.Null()], {
      description: 'Short messages it takes; null for other channels.',
    }),
    encoding: Type.Union([Type.Literal('gsm7'), Type.Literal('ucs2'), Type.Null()]),
    received_at: TimestampSchema,
  },
  { ...closed, title: 'SandboxMessage' },
);

const ListQuerySchema = Type.Object(
  {
    to: Type.Optional(Type.String({ maxLength: 254, description: 'Phone number or e-mail address of the recipient.' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_LISTED, default: MAX_LISTED })),
  },
  closed,
);

const ReplySchema = Type.Object(
  {
    from: Type.String({ maxLength: 40, description: 'Phone number of the sandbox phone.' }),
    to: Type.String({ maxLength: 40, description: 'Number, short code or sender name that it answers to.' }),
    text: Type.String({ minLength: 1, maxLength: 1600 }),
  },
  closed,
);

export function sandboxRoutes(deps: SandboxRoutesDeps): FastifyPluginAsyncTypebox {
  const { sandbox, production, handedOver, onInbound } = deps;
  const streams = createSandboxStreams({ sandbox, present });

  function scopeOf({ auth }: FastifyRequest): SandboxScope {
    if (production && auth.mode === 'live') throw new Problem('sandbox_unavailable');
    return { project: auth.projectId, mode: auth.mode };
  }

  return async (app) => {
    app.addHook('preClose', async () => streams.closeAll());

    app.get(
      '/v1/sandbox/messages',
      {
        config: { scope: 'sandbox' },
        schema: {
          operationId: 'listSandboxMessages',
          tags,
          summary: 'Messages that the sandbox phones received or sent, newest first',
          querystring: ListQuerySchema,
          response: { 200: Type.Object({ data: Type.Array(MessageSchema) }, closed) },
        },
      },
      async (request) => {
        const { to, limit = MAX_LISTED } = request.query;
        // `?to=+33…` that was not percent-encoded arrives with a space.
        const filter =
          to === undefined ? { limit } : { limit, to: parseEmail(to)?.address ?? phoneOf(to.replace(/^ /, '+'), 'to') };
        await handedOver?.();
        return { data: sandbox.list(scopeOf(request), filter).map(present) };
      },
    );

    app.post(
      '/v1/sandbox/messages',
      {
        config: { scope: 'sandbox' },
        schema: {
          operationId: 'sendFromSandboxPhone',
          tags,
          summary: 'Send a message from a sandbox phone',
          body: ReplySchema,
          response: { 201: MessageSchema },
        },
      },
      async (request, reply) => {
        const scope = scopeOf(request);
        const { from, to, text } = request.body;
        const message = sandbox.reply({ ...scope, from: phoneOf(from, '/from'), to: addressOf(to), text });
        await onInbound?.(message);
        return reply.code(201).send(present(message));
      },
    );

    app.get(
      '/v1/sandbox/stream',
      {
        config: { scope: 'sandbox' },
        exposeHeadRoute: false,
        schema: {
          operationId: 'streamSandboxMessages',
          tags,
          summary: 'The same messages live, as server-sent events',
          response: { 200: { content: { 'text/event-stream': { schema: Type.Unsafe<Readable>(Type.String()) } } } },
        },
      },
      async (request, reply) => {
        const stream = streams.open(scopeOf(request), () => request.isStillAllowed(CHECK_MS));
        if (!stream)
          throw new Problem('overloaded', { detail: 'Too many sandbox streams are open.', retryAfterSeconds: 5 });
        // Proxies such as nginx would otherwise hold events back.
        return reply.header('content-type', 'text/event-stream').header('x-accel-buffering', 'no').send(stream);
      },
    );
  };
}

function present(message: SandboxMessage): Static<typeof MessageSchema> {
  const { project: _project, mode: _mode, receivedAt, ...shown } = message;
  const size = message.channel === 'sms' ? measureText(message.text) : null;
  return {
    ...shown,
    segments: size?.segments ?? null,
    encoding: size?.encoding ?? null,
    received_at: toTimestamp(receivedAt),
  };
}

function phoneOf(value: string, pointer: string): string {
  const phone = parsePhone(value);
  if (!phone)
    throw new Problem('invalid_phone_number', { errors: [{ pointer, message: 'is not a valid phone number' }] });
  return phone.e164;
}

/** A short code or an alphanumeric sender (3GPP TS 23.040 §9.1.2.5) as it is; anything else must be a number. */
const SENDER = /^[A-Za-z0-9 ]{1,11}$/;

function addressOf(value: string): string {
  return SENDER.test(value) ? value : phoneOf(value, '/to');
}
