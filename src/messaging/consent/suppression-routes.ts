import type { KeyObject } from 'node:crypto';
import { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { actorOf } from '../../audit/admin-event.ts';
import type { Database } from '../../db/open.ts';
import { createCursors, DEFAULT_LIMIT, toPage } from '../../http/pagination.ts';
import { listOf } from '../../http/schemas.ts';
import type { Now } from '../../lib/clock.ts';
import { type FieldError, Problem } from '../../lib/errors.ts';
import type { Keyring } from '../../lib/keyring.ts';
import { findSuppression, listSuppressions, suppressionPages } from './read-suppressions.ts';
import { createSuppressions, type SuppressionInput } from './save-suppressions.ts';
import { readAddressee } from './subject.ts';
import type { SuppressionRow } from './suppression.ts';
import * as views from './suppression-views.ts';

export interface SuppressionRoutesDeps {
  db: Database;
  hashKey: KeyObject;
  keyring: Keyring;
  now: Now;
}

const tags = ['Consent'];
const READ = { scope: 'contacts:read' } as const;
const WRITE = { scope: 'contacts:write' } as const;
const IMPORT_BYTES = 4_194_304;
const params = views.SuppressionParams;

export function suppressionRoutes(deps: SuppressionRoutesDeps): FastifyPluginAsyncTypebox {
  const { db, hashKey, now } = deps;
  const suppressions = createSuppressions(db);
  const cursors = createCursors(deps.keyring, 'suppressions');

  return async (app) => {
    app.post(
      '/v1/suppressions',
      {
        config: { ...WRITE, idempotent: true },
        schema: {
          operationId: 'addSuppression',
          tags,
          summary: 'Send an address nothing any more',
          description: 'In effect before the next send, of what waits too. What is there already stays as it is.',
          body: views.SuppressionBody,
          response: { 201: views.SuppressionSchema },
        },
      },
      async (request, reply) => {
        const input = toInput(request.body, 'manual');
        if ('pointer' in input) throw new Problem('invalid_request', { errors: [input] });
        const owner = ownerOf(request);
        await suppressions.add(owner, [input], actorOf(request), now(), request.idempotency?.seed);
        const row = await findSuppression(db.kysely, owner, input);
        if (!row) throw new Problem('conflict');
        reply.code(201).header('location', `${app.prefix}/v1/suppressions/${row.id}`);
        return views.viewSuppression(row);
      },
    );

    app.post(
      '/v1/suppressions/import',
      {
        config: { ...WRITE, idempotent: true },
        bodyLimit: IMPORT_BYTES,
        schema: {
          operationId: 'importSuppressions',
          tags,
          summary: 'Up to 1000 at once; those that cannot be read are named',
          body: views.SuppressionImportBody,
          response: { 200: views.ImportAnswerSchema },
        },
      },
      async (request) => {
        const read = request.body.data.map((one) => toInput(one, 'imported'));
        const inputs = read.filter((one): one is SuppressionInput => !('pointer' in one));
        const seed = request.idempotency?.seed;
        const added =
          inputs.length === 0 ? 0 : await suppressions.add(ownerOf(request), inputs, actorOf(request), now(), seed);
        const errors = read.flatMap((one, index) => ('pointer' in one ? [{ index, ...one }] : []));
        return { added, known: inputs.length - added, errors };
      },
    );

    app.get(
      '/v1/suppressions',
      {
        config: READ,
        schema: {
          operationId: 'listSuppressions',
          tags,
          summary: 'Suppressions, newest first',
          querystring: views.SuppressionListQuery,
          response: { 200: listOf(views.SuppressionSchema) },
        },
      },
      async (request) => {
        const { to, reason, review, cursor, limit = DEFAULT_LIMIT } = request.query;
        const [at, id] = cursors.decode(cursor) ?? [];
        const before = at === undefined ? null : { at: Number(at), id: String(id) };
        const hash = to === undefined ? undefined : hashOf(to);
        const rows = await listSuppressions(db.kysely, ownerOf(request), {
          hash,
          reason,
          review,
          before,
          limit: limit + 1,
        });
        return toPage(rows, limit, cursors, (row) => [row.created_at, row.id], views.viewSuppression);
      },
    );

    app.get(
      '/v1/suppressions/export',
      {
        config: READ,
        exposeHeadRoute: false,
        schema: {
          operationId: 'exportSuppressions',
          tags,
          summary: 'All of them, one JSON object a line, newest first',
          response: { 200: { content: { 'application/x-ndjson': { schema: Type.Unsafe<Readable>(Type.String()) } } } },
        },
      },
      async (request, reply) => {
        async function* lines(): AsyncGenerator<string> {
          for await (const rows of suppressionPages(db.kysely, ownerOf(request)))
            yield rows.map((row) => `${JSON.stringify(views.viewSuppression(row))}\n`).join('');
        }
        return reply
          .header('content-type', 'application/x-ndjson')
          .header('content-disposition', 'attachment; filename="suppressions.ndjson"')
          .send(Readable.from(lines(), { highWaterMark: 1 }));
      },
    );

    app.get(
      '/v1/suppressions/:id',
      {
        config: READ,
        schema: {
          operationId: 'getSuppression',
          tags,
          summary: 'One suppression',
          params,
          response: { 200: views.SuppressionSchema },
        },
      },
      async (request) => view(await findSuppression(db.kysely, ownerOf(request), request.params.id)),
    );

    app.post(
      '/v1/suppressions/:id/confirm',
      {
        config: { ...WRITE, idempotent: true },
        schema: {
          operationId: 'confirmSuppression',
          tags,
          summary: 'It was meant',
          params,
          response: { 200: views.SuppressionSchema },
        },
      },
      async (request) => view(await suppressions.confirm(ownerOf(request), request.params.id, actorOf(request), now())),
    );

    app.delete(
      '/v1/suppressions/:id',
      {
        config: WRITE,
        schema: {
          operationId: 'deleteSuppression',
          tags,
          summary: 'End a suppression',
          description: 'Marketing still needs consent. A carrier’s block is the carrier’s: it may go on refusing.',
          params,
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => {
        const removed = await suppressions.remove(ownerOf(request), request.params.id, actorOf(request), now());
        if (!removed) throw new Problem('not_found');
        return reply.code(204).send(null);
      },
    );
  };

  function toInput(body: views.SuppressionBodyType, usual: 'manual' | 'imported'): SuppressionInput | FieldError {
    const { channel = null, purpose = 'marketing', sender = null, reason = usual, note = null } = body;
    const who = readAddressee(hashKey, body.to, channel ?? undefined);
    if (!who) return { pointer: '/to', message: 'is nobody who is reached by this channel' };
    return { who, channel, purpose, sender, reason, note };
  }

  function hashOf(to: string): string {
    const who = readAddressee(hashKey, to.replace(/^ /, '+'));
    if (!who) throw new Problem('invalid_request', { errors: [{ pointer: 'to', message: 'is no number or address' }] });
    return who.hash;
  }
}

function view(row: SuppressionRow | null | undefined) {
  if (!row) throw new Problem('not_found');
  return views.viewSuppression(row);
}

function ownerOf({ auth }: FastifyRequest) {
  return { project: auth.projectId, mode: auth.mode };
}
