import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Database } from '../../db/open.ts';
import type { CreateResult, MessageCaller, MessageInput } from '../../delivery/messages/create.ts';
import { createProblem } from '../../delivery/messages/routes.ts';
import { MessageBody, MessageSchema } from '../../delivery/messages/schemas.ts';
import { viewMessage } from '../../delivery/messages/view.ts';
import type { WordMessage } from '../../delivery/messages/words.ts';
import { closed } from '../../http/schemas.ts';
import type { Auth } from '../../lib/auth.ts';
import type { Channel } from '../../lib/channels.ts';
import type { Now } from '../../lib/clock.ts';
import { Problem } from '../../lib/errors.ts';
import { found, ownerOf } from '../contacts/request-routes.ts';
import { idParams } from '../contacts/views.ts';
import { Agent, CONVERSATION_ID, replyUntil } from './conversation-views.ts';
import { findConversation, noteReply } from './conversations-table.ts';
import { AUTHOR } from './thread.ts';

export interface ReplyRoutesDeps {
  db: Database;
  now: Now;
  send(caller: MessageCaller, input: MessageInput, now: number, seed?: string): Promise<CreateResult>;
  wordMessage: WordMessage;
  templateReviewOf(auth: Auth): NonNullable<MessageCaller['templateReview']>;
}

const { text, template, template_version, variables, locale } = MessageBody.properties;
const ReplyBody = Type.Object(
  {
    ...{ text, template, template_version, variables, locale },
    author: Type.Optional(Type.String({ ...Agent, description: 'Who writes, as you name your agents.' })),
  },
  closed,
);

/** Answers of people, by the number that the person wrote to. */
export function replyRoutes({ db, now, send, wordMessage, ...deps }: ReplyRoutesDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      '/v1/conversations/:id/messages',
      {
        config: { scope: 'conversations:write', idempotent: true },
        schema: {
          operationId: 'replyToConversation',
          tags: ['Two-way'],
          summary: 'Reply',
          description: 'From the number that was written to. By WhatsApp after `reply_until`: by a template only.',
          params: idParams(CONVERSATION_ID),
          body: ReplyBody,
          response: { 202: MessageSchema },
        },
      },
      async (request, reply) => {
        const { auth, body } = request;
        const owner = ownerOf(request);
        const conversation = found(await findConversation(db.kysely, owner, request.params.id));
        const caller = { ...owner, actor: auth.keyId, templateReview: deps.templateReviewOf(auth) };
        const { author, ...words } = body;
        const input: MessageInput = {
          ...words,
          ...{ to: conversation.address, sender: conversation.number, channel: conversation.channel as Channel },
          ...(author !== undefined && { metadata: { [AUTHOR]: author } }),
        };
        const at = now();
        if ((replyUntil(conversation) ?? Infinity) < at) await requireTemplate(caller, input);
        const result = await send(caller, input, at, request.idempotency?.seed);
        if (result.kind !== 'created') throw createProblem(result);
        await noteReply(db, conversation, at);
        reply.code(202).header('location', `${app.prefix}/v1/messages/${result.message.id}`);
        return viewMessage(result.message);
      },
    );
  };

  /** One that WhatsApp has approved. */
  async function requireTemplate(caller: MessageCaller, input: MessageInput): Promise<void> {
    const worded = await wordMessage(caller, input);
    if (worded.kind === 'worded' && !worded.extra.whatsapp) throw new Problem('reply_window_closed');
  }
}
