import type { KeyObject } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type Static, Type } from 'typebox';
import type { Database } from '../../db/open.ts';
import { createCursors, DEFAULT_LIMIT, pageQuery, toPage } from '../../http/pagination.ts';
import { closed, listOf } from '../../http/schemas.ts';
import type { Now } from '../../lib/clock.ts';
import { Problem } from '../../lib/errors.ts';
import type { Keyring } from '../../lib/keyring.ts';
import { type Owner, readAddressee } from '../consent/subject.ts';
import { byOf, found, ownerOf, placeOf } from '../contacts/request-routes.ts';
import { idParams } from '../contacts/views.ts';
import { createChangeStreams } from './change-streams.ts';
import * as views from './conversation-views.ts';
import * as table from './conversations-table.ts';
import { findContacts } from './find-contacts.ts';
import { readThread } from './thread.ts';

export interface ConversationRoutesDeps {
  db: Database;
  hashKey: KeyObject;
  keyring: Keyring;
  now: Now;
}

const tags = ['Two-way'];
const READ = { scope: 'conversations:read' } as const;
const WRITE = { scope: 'conversations:write' } as const;
/** Half of the second in which a key's revocation takes effect. */
const CHECK_MS = 500;
const params = idParams(views.CONVERSATION_ID);

export function conversationRoutes({ db, hashKey, keyring, now }: ConversationRoutesDeps): FastifyPluginAsyncTypebox {
  const cursors = createCursors(keyring, 'conversations');
  const entryCursors = createCursors(keyring, 'conversation_messages');
  const streams = createChangeStreams();

  async function viewAll(
    owner: Owner,
    rows: readonly table.ConversationRow[],
  ): Promise<Static<typeof views.ConversationSchema>[]> {
    const contacts = await findContacts(db.kysely, owner, rows);
    return rows.map((row) => views.viewConversation(row, contacts.get(row.id) ?? null));
  }

  async function viewOne(owner: Owner, row: table.ConversationRow) {
    return found((await viewAll(owner, [row]))[0]);
  }

  return async (app) => {
    app.addHook('preClose', async () => streams.closeAll());

    app.get(
      '/v1/conversations',
      {
        config: READ,
        schema: {
          operationId: 'listConversations',
          tags,
          summary: 'Conversations, that with the newest message first',
          querystring: views.ConversationsQuery,
          response: { 200: listOf(views.ConversationSchema) },
        },
      },
      async (request) => {
        const { limit = DEFAULT_LIMIT, cursor, from, ...filter } = request.query;
        const owner = ownerOf(request);
        // A `+` that was not percent-encoded arrives as a space.
        const who = from === undefined ? undefined : readAddressee(hashKey, from.replace(/^ /, '+'));
        if (who === null) {
          throw new Problem('invalid_request', { errors: [{ pointer: 'from', message: 'is not a number' }] });
        }
        const wanted = { ...filter, addressHash: who?.hash };
        const rows = await table.listConversations(db.kysely, owner, wanted, placeOf(cursors, cursor), limit + 1);
        const shown = new Map((await viewAll(owner, rows)).map((view) => [view.id, view]));
        return toPage(
          rows,
          limit,
          cursors,
          (row) => [row.last_at, row.id],
          ({ id }) => found(shown.get(id)),
        );
      },
    );

    app.get(
      '/v1/conversations/unread',
      {
        config: READ,
        schema: {
          operationId: 'countUnread',
          tags,
          summary: 'How much nobody has read yet',
          response: { 200: views.UnreadSchema },
        },
      },
      async (request) => table.countUnread(db.kysely, ownerOf(request)),
    );

    app.get(
      '/v1/conversations/stream',
      {
        config: READ,
        exposeHeadRoute: false,
        schema: {
          operationId: 'streamConversations',
          tags,
          summary: 'Conversations as they change, as server-sent events',
          response: { 200: { content: { 'text/event-stream': { schema: Type.Unsafe<Readable>(Type.String()) } } } },
        },
      },
      async (request, reply) => {
        const owner = ownerOf(request);
        const stream = streams.open(
          now(),
          (after) => table.changedAfter(db.kysely, owner, after),
          (rows) => viewAll(owner, rows),
          () => request.isStillAllowed(CHECK_MS),
        );
        if (!stream) throw new Problem('overloaded', { detail: 'Too many streams are open.', retryAfterSeconds: 5 });
        // Proxies such as nginx would otherwise hold events back.
        return reply.header('content-type', 'text/event-stream').header('x-accel-buffering', 'no').send(stream);
      },
    );

    app.get(
      '/v1/conversations/:id',
      {
        config: READ,
        schema: {
          operationId: 'getConversation',
          tags,
          summary: 'One conversation',
          params,
          response: { 200: views.ConversationSchema },
        },
      },
      async (request) => {
        const owner = ownerOf(request);
        return viewOne(owner, found(await table.findConversation(db.kysely, owner, request.params.id)));
      },
    );

    app.patch(
      '/v1/conversations/:id',
      {
        config: WRITE,
        schema: {
          operationId: 'updateConversation',
          tags,
          summary: 'Assign, close, reopen a conversation, or mark it as read',
          description: 'A closed one is open again when the person writes.',
          params,
          body: views.ConversationPatchBody,
          response: { 200: views.ConversationSchema },
        },
      },
      async (request) => {
        const { unread, ...given } = request.body;
        const change = { ...given, ...(unread === 0 && { unread: false as const }) };
        const by = byOf(request);
        return viewOne(by.owner, found(await table.changeConversation(db, by, request.params.id, change, now())));
      },
    );

    app.get(
      '/v1/conversations/:id/messages',
      {
        config: READ,
        schema: {
          operationId: 'listConversationMessages',
          tags,
          summary: 'What was said by either side, newest first',
          description: 'With what else was sent to the person from this number, and without codes.',
          params,
          querystring: Type.Object(pageQuery, closed),
          response: { 200: listOf(views.EntrySchema) },
        },
      },
      async (request) => {
        const { limit = DEFAULT_LIMIT, cursor } = request.query;
        const conversation = found(await table.findConversation(db.kysely, ownerOf(request), request.params.id));
        const entries = await readThread(db.kysely, conversation, placeOf(entryCursors, cursor), limit + 1);
        return toPage(entries, limit, entryCursors, ({ at, id }) => [at, id], views.viewEntry);
      },
    );
  };
}
