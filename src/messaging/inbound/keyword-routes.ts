import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Database } from '../../db/open.ts';
import { createCursors, DEFAULT_LIMIT, pageQuery, toPage } from '../../http/pagination.ts';
import { closed, listOf } from '../../http/schemas.ts';
import type { Now } from '../../lib/clock.ts';
import { Problem } from '../../lib/errors.ts';
import type { Keyring } from '../../lib/keyring.ts';
import type { Owner } from '../consent/subject.ts';
import { byOf, found, ownerOf, placeOf, refuseErrors } from '../contacts/request-routes.ts';
import { seededId } from '../contacts/seeded-id.ts';
import { idParams } from '../contacts/views.ts';
import type { TemplateReader } from '../templates/template-reader.ts';
import {
  findKeywordErrors,
  KEYWORD_ID,
  KeywordBody,
  type KeywordInput,
  KeywordSchema,
  viewKeyword,
} from './keyword.ts';
import * as table from './keywords-table.ts';
import { findTemplateErrors } from './template-reply.ts';

export interface TwoWayRoutesDeps {
  db: Database;
  keyring: Keyring;
  now: Now;
}

export interface KeywordRoutesDeps extends TwoWayRoutesDeps {
  templates: Pick<TemplateReader, 'find'>;
}

const tags = ['Two-way'];
const READ = { scope: 'conversations:read' } as const;
const WRITE = { scope: 'settings:write' } as const;
const params = idParams(KEYWORD_ID);

export function keywordRoutes({ db, keyring, now, templates }: KeywordRoutesDeps): FastifyPluginAsyncTypebox {
  const cursors = createCursors(keyring, 'keywords');

  async function checked(owner: Owner, input: KeywordInput): Promise<KeywordInput> {
    const { action } = input;
    const ofTemplate =
      action.type === 'reply' && 'template' in action ? await findTemplateErrors(templates, owner, action) : [];
    refuseErrors([...findKeywordErrors(input), ...ofTemplate]);
    return input;
  }

  return async (app) => {
    app.post(
      '/v1/keywords',
      {
        config: { ...WRITE, idempotent: true },
        schema: {
          operationId: 'createKeyword',
          tags,
          summary: 'Say what is done about messages from phones',
          description: 'STOP and HELP are acted upon before all rules. A word of a number is in one rule.',
          body: KeywordBody,
          response: { 201: KeywordSchema },
        },
      },
      async (request, reply) => {
        const input = await checked(ownerOf(request), request.body);
        const id = seededId('kwd', request.idempotency);
        const row = rowOf(await table.createKeyword(db, byOf(request), id, input, now()));
        reply.code(201).header('location', `${app.prefix}/v1/keywords/${id}`);
        return viewKeyword(row);
      },
    );

    app.get(
      '/v1/keywords',
      {
        config: READ,
        schema: {
          operationId: 'listKeywords',
          tags,
          summary: 'Rules, newest first',
          querystring: Type.Object(pageQuery, closed),
          response: { 200: listOf(KeywordSchema) },
        },
      },
      async (request) => {
        const { limit = DEFAULT_LIMIT, cursor } = request.query;
        const rows = await table.listKeywords(db.kysely, ownerOf(request), placeOf(cursors, cursor), limit + 1);
        return toPage(rows, limit, cursors, (row) => [row.created_at, row.id], viewKeyword);
      },
    );

    app.get(
      '/v1/keywords/:id',
      {
        config: READ,
        schema: {
          operationId: 'getKeyword',
          tags,
          summary: 'One rule',
          params,
          response: { 200: KeywordSchema },
        },
      },
      async (request) => viewKeyword(found(await table.findKeyword(db.kysely, ownerOf(request), request.params.id))),
    );

    app.put(
      '/v1/keywords/:id',
      {
        config: WRITE,
        schema: {
          operationId: 'putKeyword',
          tags,
          summary: 'Change a rule',
          description: 'Surveys that have begun go on as they were.',
          params,
          body: KeywordBody,
          response: { 200: KeywordSchema },
        },
      },
      async (request) => {
        const input = await checked(ownerOf(request), request.body);
        return viewKeyword(rowOf(await table.replaceKeyword(db, byOf(request), request.params.id, input, now())));
      },
    );

    app.delete(
      '/v1/keywords/:id',
      {
        config: WRITE,
        schema: {
          operationId: 'deleteKeyword',
          tags,
          summary: 'Delete a rule',
          params,
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => {
        if (!(await table.deleteKeyword(db, byOf(request), request.params.id, now()))) throw new Problem('not_found');
        return reply.code(204).send(null);
      },
    );
  };
}

function rowOf(saved: table.SavedKeyword) {
  if (saved.kind === 'saved') return saved.row;
  throw saved.kind === 'taken'
    ? new Problem('name_taken', { detail: 'Another rule of this number is for one of the words.' })
    : new Problem('not_found');
}
