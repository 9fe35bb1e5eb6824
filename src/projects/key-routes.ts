import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { actorOf } from '../audit/admin-event.ts';
import type { Database } from '../db/open.ts';
import { requireScope } from '../http/auth.ts';
import { createCursors, DEFAULT_LIMIT, pageQuery, toPage } from '../http/pagination.ts';
import { closed, listOf, TimestampSchema } from '../http/schemas.ts';
import type { Scope } from '../lib/auth.ts';
import type { Now } from '../lib/clock.ts';
import { Problem } from '../lib/errors.ts';
import type { Keyring } from '../lib/keyring.ts';
import { ASKED_FOR_BY_NAME, createKey, DEFAULT_SCOPES, findKey, listKeys, revokeKey } from './keys.ts';
import { requireAdministrator } from './require-administrator.ts';
import {
  KeyIdSchema,
  KeySchema,
  ModeSchema,
  NameSchema,
  NewKeySchema,
  ProjectIdSchema,
  ScopesSchema,
  viewKey,
} from './views.ts';

export interface KeyRoutesDeps {
  db: Database;
  now: Now;
  keyring: Keyring;
  production: boolean;
}

const tags = ['Projects'];
const config = { scope: 'admin' } as const;
const params = Type.Object({ id: KeyIdSchema }, closed);
const ADMIN = 'A key with the admin scope manages the keys of every project of the installation.';

export function keyRoutes({ db, now, keyring, production }: KeyRoutesDeps): FastifyPluginAsyncTypebox {
  const cursors = createCursors(keyring, 'keys');

  return async (app) => {
    app.addHook('onRequest', requireAdministrator(production));

    app.post(
      '/v1/keys',
      {
        config,
        schema: {
          operationId: 'createKey',
          tags,
          summary: 'Create a key',
          description:
            `The answer is the only place where the key itself is ever shown. A key cannot grant scopes that it does not hold. ` +
            `Without scopes the new key gets the calling key’s but ${[...ASKED_FOR_BY_NAME].join(', ')}. ` +
            ADMIN,
          body: Type.Object(
            {
              name: Type.Optional(NameSchema),
              project: Type.Optional(
                Type.String({ maxLength: 64, description: 'Default: the project of the calling key.' }),
              ),
              mode: Type.Optional(ModeSchema),
              scopes: Type.Optional(ScopesSchema),
              expires_at: Type.Optional(TimestampSchema),
            },
            closed,
          ),
          response: { 201: NewKeySchema },
        },
      },
      async (request, reply) => {
        const { auth, body } = request;
        const scopes = body.scopes ?? DEFAULT_SCOPES.filter((scope) => auth.scopes.has(scope));
        refuseEscalation(request, reply, scopes);
        const at = now();
        const input = {
          project: body.project ?? auth.projectId,
          mode: body.mode ?? auth.mode,
          name: body.name ?? '',
          scopes,
          expiresAt: body.expires_at === undefined ? null : expiryOf(body.expires_at, at),
        };
        const made = await createKey(db, input, actorOf(request), at);
        if (!made) throw invalid('/project', 'is not a project of this installation');
        reply.code(201).header('location', `${app.prefix}/v1/keys/${made.key.id}`);
        return { ...viewKey(made.key), key: made.secret };
      },
    );

    app.get(
      '/v1/keys',
      {
        config,
        schema: {
          operationId: 'listKeys',
          tags,
          summary: 'Keys of a project, newest first',
          description: ADMIN,
          querystring: Type.Object({ project: Type.Optional(ProjectIdSchema), ...pageQuery }, closed),
          response: { 200: listOf(KeySchema) },
        },
      },
      async ({ auth, query }) => {
        const limit = query.limit ?? DEFAULT_LIMIT;
        const [at, id] = cursors.decode(query.cursor) ?? [];
        const before = at === undefined ? null : { at: Number(at), id: String(id) };
        const rows = await listKeys(db.kysely, query.project ?? auth.projectId, before, limit + 1);
        return toPage(rows, limit, cursors, (row) => [row.createdAt, row.id], viewKey);
      },
    );

    app.get(
      '/v1/keys/:id',
      {
        config,
        schema: {
          operationId: 'getKey',
          tags,
          summary: 'One key',
          description: ADMIN,
          params,
          response: { 200: KeySchema },
        },
      },
      async (request) => {
        const key = await findKey(db.kysely, request.params.id);
        if (!key) throw new Problem('not_found');
        return viewKey(key);
      },
    );

    app.delete(
      '/v1/keys/:id',
      {
        config,
        schema: {
          operationId: 'revokeKey',
          tags,
          summary: 'Revoke a key',
          description: `Within one second no instance accepts it any more. ${ADMIN}`,
          params,
          response: { 200: KeySchema },
        },
      },
      async (request) => {
        const key = await revokeKey(db, request.params.id, actorOf(request), now());
        if (!key) throw new Problem('not_found');
        return viewKey(key);
      },
    );
  };
}

function refuseEscalation(request: FastifyRequest, reply: FastifyReply, scopes: readonly Scope[]): void {
  for (const scope of scopes) requireScope(request, reply, scope);
}

function expiryOf(timestamp: string, now: number): number {
  const at = Date.parse(timestamp);
  if (at <= now) throw invalid('/expires_at', 'must be in the future');
  return at;
}

function invalid(pointer: string, message: string): Problem {
  return new Problem('invalid_request', { errors: [{ pointer, message }] });
}
