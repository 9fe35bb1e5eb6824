import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type Static, Type } from 'typebox';
import { createCursors, DEFAULT_LIMIT, pageQuery, toPage } from '../../http/pagination.ts';
import { closed, listOf, TimestampSchema } from '../../http/schemas.ts';
import { toTimestamp } from '../../lib/clock.ts';
import { Problem } from '../../lib/errors.ts';
import type { ContactRoutesDeps } from './contact-routes.ts';
import * as table from './lists-table.ts';
import { byOf, found, ownerOf, placeOf } from './request-routes.ts';
import { seededId } from './seeded-id.ts';
import { CONTACT_ID, idParams, LIST_ID, NamePattern } from './views.ts';

const tags = ['Contacts'];
const READ = { scope: 'contacts:read' } as const;
const WRITE = { scope: 'contacts:write' } as const;
const params = idParams(LIST_ID);
/** As many ids as a body holds. */
const MAX_MEMBERS = 500;

const NameBody = Type.Object({ name: Type.String(NamePattern) }, closed);

const listFields = {
  id: Type.String(),
  name: Type.String(),
  created_at: TimestampSchema,
  updated_at: TimestampSchema,
};
const ListSchema = Type.Object(listFields, { ...closed, title: 'List' });
const CountedListSchema = Type.Object(
  { ...listFields, members: Type.Integer() },
  { ...closed, title: 'ListWithMembers' },
);

const MembersBody = Type.Object(
  {
    contacts: Type.Array(Type.String({ pattern: CONTACT_ID }), { minItems: 1, maxItems: MAX_MEMBERS }),
  },
  closed,
);

const CHANGES = [
  { verb: 'add', operationId: 'addListMembers', summary: 'Add contacts to a list', change: table.addMembers },
  {
    verb: 'remove',
    operationId: 'removeListMembers',
    summary: 'Take contacts off a list',
    change: table.removeMembers,
  },
] as const;

export function listRoutes({ db, keyring, now }: Omit<ContactRoutesDeps, 'hashKey'>): FastifyPluginAsyncTypebox {
  const cursors = createCursors(keyring, 'lists');

  return async (app) => {
    app.post(
      '/v1/lists',
      {
        config: { ...WRITE, idempotent: true },
        schema: {
          operationId: 'createList',
          tags,
          summary: 'Create a list',
          body: NameBody,
          response: { 201: ListSchema },
        },
      },
      async (request, reply) => {
        const id = seededId('lst', request.idempotency);
        const row = await table.createList(db, byOf(request), id, request.body.name, now());
        reply.code(201).header('location', `${app.prefix}/v1/lists/${id}`);
        return view(row);
      },
    );

    app.get(
      '/v1/lists',
      {
        config: READ,
        schema: {
          operationId: 'listLists',
          tags,
          summary: 'Lists, newest first',
          querystring: Type.Object(pageQuery, closed),
          response: { 200: listOf(ListSchema) },
        },
      },
      async (request) => {
        const { limit = DEFAULT_LIMIT, cursor } = request.query;
        const rows = await table.listLists(db.kysely, ownerOf(request), placeOf(cursors, cursor), limit + 1);
        return toPage(rows, limit, cursors, (row) => [row.created_at, row.id], view);
      },
    );

    app.get(
      '/v1/lists/:id',
      {
        config: READ,
        schema: {
          operationId: 'getList',
          tags,
          summary: 'One list',
          description: 'Its members: `GET /v1/contacts?list_id=`.',
          params,
          response: { 200: CountedListSchema },
        },
      },
      async (request) => {
        const row = found(await table.findList(db.kysely, ownerOf(request), request.params.id));
        return { ...view(row), members: await table.countMembers(db.kysely, row.id) };
      },
    );

    app.patch(
      '/v1/lists/:id',
      {
        config: WRITE,
        schema: {
          operationId: 'updateList',
          tags,
          summary: 'Rename a list',
          params,
          body: NameBody,
          response: { 200: ListSchema },
        },
      },
      async (request) =>
        view(found(await table.renameList(db, byOf(request), request.params.id, request.body.name, now()))),
    );

    app.delete(
      '/v1/lists/:id',
      {
        config: WRITE,
        schema: {
          operationId: 'deleteList',
          tags,
          summary: 'Delete a list; its contacts stay',
          params,
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => {
        if (!(await table.deleteList(db, byOf(request), request.params.id, now()))) throw new Problem('not_found');
        return reply.code(204).send(null);
      },
    );

    for (const { verb, operationId, summary, change } of CHANGES) {
      app.post(
        `/v1/lists/:id/members/${verb}`,
        {
          config: { ...WRITE, idempotent: true },
          schema: {
            ...{ operationId, tags, summary, params },
            description: 'Answers with how many that changed. Ids that are no contacts are left out.',
            body: MembersBody,
            response: { 200: Type.Object({ changed: Type.Integer() }, closed) },
          },
        },
        async (request) => {
          const { id } = request.params as Static<typeof params>;
          const { contacts } = request.body as Static<typeof MembersBody>;
          return { changed: found(await change(db, byOf(request), id, contacts, now())) };
        },
      );
    }
  };
}

function view({ id, name, created_at, updated_at }: table.ListRow): Static<typeof ListSchema> {
  return { id, name, created_at: toTimestamp(created_at), updated_at: toTimestamp(updated_at) };
}
