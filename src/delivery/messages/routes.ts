import type { KeyObject } from 'node:crypto';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import type { Database } from '../../db/open.ts';
import { createCursors, DEFAULT_LIMIT, toPage } from '../../http/pagination.ts';
import { listOf } from '../../http/schemas.ts';
import type { JobQueue } from '../../jobs/queue.ts';
import type { Auth } from '../../lib/auth.ts';
import type { Now } from '../../lib/clock.ts';
import { Problem } from '../../lib/errors.ts';
import type { Keyring } from '../../lib/keyring.ts';
import type { ProviderChoice } from '../choose-provider.ts';
import { defined } from '../providers/support/defined.ts';
import type { Recordings } from '../recordings/recordings.ts';
import { cancelMessage } from './cancel.ts';
import { type CreateResult, createMessages, findProblem, type MessageCaller, type MessageInput } from './create.ts';
import type { MessageGate } from './gate.ts';
import { type Preview, previewMessage } from './preview.ts';
import { MessagePreviewSchema, viewPreview } from './preview-schemas.ts';
import type { CallPolicy } from './read-call.ts';
import { listMessages, readMessage } from './read-messages.ts';
import { hashRecipient, readRecipient } from './recipient.ts';
import * as schemas from './schemas.ts';
import { type Shortener, shortenLinks } from './short-links.ts';
import { viewMessage, viewStory } from './view.ts';
import type { WordMessage } from './words.ts';

export interface MessageRoutesDeps {
  db: Database;
  queue: JobQueue;
  choice: Pick<ProviderChoice, 'carries' | 'route'>;
  hashKey: KeyObject;
  keyring: Keyring;
  recordings: Pick<Recordings, 'find'>;
  gate: MessageGate;
  callPolicyOf(auth: Auth): CallPolicy;
  wordMessage: WordMessage;
  shortener: Shortener | null;
  templateReviewOf(auth: Auth): NonNullable<MessageCaller['templateReview']>;
  now: Now;
}

const tags = ['Messages'];

export function messageRoutes(deps: MessageRoutesDeps): FastifyPluginAsyncTypebox {
  const { db, queue, hashKey, now } = deps;
  const create = createMessages(deps);
  const cursors = createCursors(deps.keyring, 'messages');

  return async (app) => {
    app.post(
      '/v1/messages',
      {
        config: { scope: 'messages:send', idempotent: true },
        schema: {
          operationId: 'sendMessage',
          tags,
          summary: 'Send one message',
          description:
            'It is on record when this is answered, and sent at once or at `send_at`. ' +
            'What becomes of it: `GET /v1/messages/{id}`, and the events `message.*`.',
          body: schemas.MessageBody,
          response: { 202: schemas.MessageSchema },
        },
      },
      async (request, reply) => {
        const seed = request.idempotency?.seed;
        const result = await create(whoSends(request), request.body, now(), seed);
        if (result.kind !== 'created') throw createProblem(result);
        reply.code(202).header('location', `${app.prefix}/v1/messages/${result.message.id}`);
        return viewMessage(result.message);
      },
    );

    app.post(
      '/v1/messages/preview',
      {
        config: { scope: 'messages:send' },
        schema: {
          operationId: 'previewMessage',
          tags,
          summary: 'What a message would look like, and cost',
          description:
            'Takes what `POST /v1/messages` takes, and refuses words that it would refuse. Sends and keeps nothing.',
          body: schemas.MessageBody,
          response: { 200: MessagePreviewSchema },
        },
      },
      async (request) => {
        return viewPreview(await preview(whoSends(request), request.body));
      },
    );

    app.get(
      '/v1/messages/:id',
      {
        config: { scope: 'messages:read' },
        schema: {
          operationId: 'getMessage',
          tags,
          summary: 'One message: its route, its attempts and what carriers reported',
          params: schemas.IdParams,
          response: { 200: schemas.MessageStorySchema },
        },
      },
      async (request) => {
        const story = await readMessage(db, { ...callerOf(request), id: request.params.id });
        if (!story) throw new Problem('not_found');
        return viewStory(story);
      },
    );

    app.get(
      '/v1/messages',
      {
        config: { scope: 'messages:read' },
        schema: {
          operationId: 'listMessages',
          tags,
          summary: 'Messages, newest first; those that carried codes too',
          querystring: schemas.ListQuery,
          response: { 200: listOf(schemas.MessageSchema) },
        },
      },
      async (request) => {
        const { to, status, verification_id: verificationId, cursor, limit = DEFAULT_LIMIT } = request.query;
        const [createdAt, id] = cursors.decode(cursor) ?? [];
        const rows = await listMessages(db.kysely, {
          ...callerOf(request),
          status,
          verificationId,
          recipientHash: to === undefined ? undefined : recipientHashOf(to),
          cursor: createdAt === undefined ? undefined : { createdAt: Number(createdAt), id: String(id) },
          limit: limit + 1,
        });
        return toPage(rows, limit, cursors, (row) => [row.created_at, row.id], viewMessage);
      },
    );

    app.post(
      '/v1/messages/:id/cancel',
      {
        config: { scope: 'messages:send', idempotent: true },
        schema: {
          operationId: 'cancelMessage',
          tags,
          summary: 'Call a message off',
          description: '409 once a carrier has it, or may have it.',
          params: schemas.IdParams,
          response: { 200: schemas.MessageSchema },
        },
      },
      async (request) => {
        const result = await cancelMessage(db, queue, callerOf(request), request.params.id, now());
        if (result.kind === 'not_found') throw new Problem('not_found');
        if (result.kind === 'too_late') {
          throw new Problem('message_not_waiting', { extensions: { message_status: result.status } });
        }
        return viewMessage(result.message);
      },
    );
  };

  function whoSends(request: FastifyRequest): MessageCaller {
    const { auth } = request;
    return { ...callerOf(request), calls: deps.callPolicyOf(auth), templateReview: deps.templateReviewOf(auth) };
  }

  async function preview(caller: MessageCaller, body: MessageInput): Promise<Preview> {
    const worded = await deps.wordMessage(caller, body);
    if (worded.kind !== 'worded') throw createProblem(worded);
    const channel = body.channel ?? 'sms';
    const recipient = readRecipient(channel, body.to);
    if (!recipient) throw createProblem({ kind: 'invalid_recipient', channel });
    const nobody = { id: '', hash: '', masked: '' };
    const short = shortenLinks(deps.shortener, caller, worded, nobody, now());
    if (short.kind === 'invalid') throw createProblem(short);
    const { input, extra } = short;
    const problem = findProblem(input, channel, now());
    if (problem) throw createProblem({ kind: 'invalid', ...problem });
    const { text = '', subject, smart_encoding: smartEncoding, sender, purpose = 'transactional' } = input;
    const content = { ...extra, text, ...defined({ subject, smartEncoding }) };
    return previewMessage(deps.choice, { ...caller, channel, purpose, recipient, sender, content }, now());
  }

  function recipientHashOf(to: string): string {
    // A `+` that was not percent-encoded arrives as a space.
    const recipient = readRecipient(to.includes('@') ? 'email' : 'sms', to.replace(/^ /, '+'));
    if (!recipient) throw invalidRecipient('to', to.includes('@'));
    return hashRecipient(hashKey, recipient);
  }
}

function callerOf({ auth }: FastifyRequest): MessageCaller {
  return { project: auth.projectId, mode: auth.mode, actor: auth.keyId };
}

export function createProblem(result: Exclude<CreateResult, { kind: 'created' }>): Problem {
  switch (result.kind) {
    case 'invalid_recipient':
      return invalidRecipient('/to', result.channel === 'email');
    case 'invalid':
      return new Problem('invalid_request', { errors: [{ pointer: result.pointer, message: result.message }] });
    case 'invalid_words':
      return new Problem('invalid_request', { errors: result.errors });
    case 'forbidden':
      return new Problem('policy_violation', { detail: result.detail });
    case 'no_provider':
      return new Problem('no_provider', { detail: `No provider carries ${result.channel}.` });
  }
}

function invalidRecipient(pointer: string, email: boolean): Problem {
  if (email) return new Problem('invalid_request', { errors: [{ pointer, message: 'is not an e-mail address' }] });
  return new Problem('invalid_phone_number', { errors: [{ pointer, message: 'is not a valid phone number' }] });
}
