import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { actorOf } from '../../audit/admin-event.ts';
import type { Database } from '../../db/open.ts';
import type { ProviderChoice } from '../../delivery/choose-provider.ts';
import { previewMessage } from '../../delivery/messages/preview.ts';
import { viewPreview } from '../../delivery/messages/preview-schemas.ts';
import { readRecipient } from '../../delivery/messages/recipient.ts';
import { createCursors, DEFAULT_LIMIT, toPage } from '../../http/pagination.ts';
import { listOf } from '../../http/schemas.ts';
import type { Now } from '../../lib/clock.ts';
import { Problem } from '../../lib/errors.ts';
import type { Keyring } from '../../lib/keyring.ts';
import { seededId } from '../contacts/seeded-id.ts';
import { compileTemplate } from './compile-template.ts';
import { renderTemplate } from './render-template.ts';
import { reviewRoutes } from './review-routes.ts';
import type { Owner, TemplateContent } from './template.ts';
import type { TemplateReader } from './template-reader.ts';
import * as schemas from './template-schemas.ts';
import { addVersion, archiveTemplate, createTemplate, findVersion, listTemplates, listVersions } from './templates.ts';

export interface TemplateRoutesDeps {
  db: Database;
  reader: TemplateReader;
  choice: Pick<ProviderChoice, 'route'>;
  keyring: Keyring;
  now: Now;
}

const tags = ['Templates'];
const read = { scope: 'templates:read' } as const;
const write = { scope: 'templates:write', idempotent: true } as const;

export function templateRoutes(deps: TemplateRoutesDeps): FastifyPluginAsyncTypebox {
  const { db, reader, choice, now } = deps;
  const cursors = createCursors(deps.keyring, 'templates');
  const versionCursors = createCursors(deps.keyring, 'template-versions');

  return async (app) => {
    await app.register(reviewRoutes(deps));

    app.post(
      '/v1/templates',
      {
        config: write,
        schema: {
          operationId: 'createTemplate',
          tags,
          summary: 'Word messages once',
          description: 'Its first version is a draft. Names are unique in the project and mode.',
          body: schemas.TemplateBody,
          response: { 201: schemas.TemplateSchema },
        },
      },
      async (request, reply) => {
        const { name, ...content } = request.body;
        const id = seededId('tpl', request.idempotency);
        const words = { name, content: compileOrRefuse(content) };
        const result = await createTemplate(db, ownerOf(request), words, actorOf(request), now(), id);
        if (result.kind === 'name_taken') throw new Problem('name_taken');
        if (result.kind === 'too_many') throw tooMany('templates');
        reply.code(201).header('location', `${app.prefix}/v1/templates/${result.row.template.id}`);
        return schemas.viewTemplate(result.row);
      },
    );

    app.get(
      '/v1/templates',
      {
        config: read,
        schema: {
          operationId: 'listTemplates',
          tags,
          summary: 'Templates with their newest versions, newest first',
          querystring: schemas.ListQuery,
          response: { 200: listOf(schemas.TemplateSchema) },
        },
      },
      async (request) => {
        const { cursor, limit = DEFAULT_LIMIT } = request.query;
        const [at, id] = cursors.decode(cursor) ?? [];
        const before = at === undefined ? null : { at: Number(at), id: String(id) };
        const rows = await listTemplates(db.kysely, ownerOf(request), { before, limit: limit + 1 });
        return toPage(rows, limit, cursors, ({ template: t }) => [t.created_at, t.id], schemas.viewTemplate);
      },
    );

    app.get(
      '/v1/templates/:id',
      {
        config: read,
        schema: {
          operationId: 'getTemplate',
          tags,
          summary: 'One template with its newest version',
          params: schemas.IdParams,
          response: { 200: schemas.TemplateSchema },
        },
      },
      async (request) => {
        const found = await findVersion(db.kysely, ownerOf(request), request.params.id, null);
        if (!found) throw new Problem('not_found');
        return schemas.viewTemplate(found);
      },
    );

    app.delete(
      '/v1/templates/:id',
      {
        config: { scope: 'templates:write' },
        schema: {
          operationId: 'deleteTemplate',
          tags,
          summary: 'Use a template for nothing new',
          description: 'What has pinned a version still has it. The name is free again.',
          params: schemas.IdParams,
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const owner = ownerOf(request);
        if (!(await archiveTemplate(db, owner, id, actorOf(request), now()))) throw new Problem('not_found');
        reader.forget(owner, id, null);
        return reply.code(204).send(null);
      },
    );

    app.post(
      '/v1/templates/:id/versions',
      {
        config: write,
        schema: {
          operationId: 'addTemplateVersion',
          tags,
          summary: 'Change what a template says',
          description: 'Versions never change; this adds a draft. The words of the newest again add nothing.',
          params: schemas.IdParams,
          body: schemas.ContentBody,
          response: { 201: schemas.VersionSchema },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const owner = ownerOf(request);
        const content = compileOrRefuse(request.body);
        const result = await addVersion(db, owner, id, content, actorOf(request), now());
        if (result.kind === 'not_found') throw new Problem('not_found');
        if (result.kind === 'too_many') throw tooMany('versions');
        const { version } = result.row;
        reader.forget(owner, id, version.version);
        reply.code(201).header('location', `${app.prefix}/v1/templates/${id}/versions/${version.version}`);
        return schemas.viewVersion(version);
      },
    );

    app.get(
      '/v1/templates/:id/versions',
      {
        config: read,
        schema: {
          operationId: 'listTemplateVersions',
          tags,
          summary: 'Versions of a template, newest first',
          params: schemas.IdParams,
          querystring: schemas.ListQuery,
          response: { 200: listOf(schemas.VersionSchema) },
        },
      },
      async (request) => {
        const { cursor, limit = DEFAULT_LIMIT } = request.query;
        const [last] = versionCursors.decode(cursor) ?? [];
        const page = { before: last === undefined ? null : Number(last), limit: limit + 1 };
        const rows = await listVersions(db.kysely, ownerOf(request), request.params.id, page);
        if (!rows) throw new Problem('not_found');
        return toPage(rows, limit, versionCursors, ({ version }) => [version], schemas.viewVersion);
      },
    );

    app.get(
      '/v1/templates/:id/versions/:version',
      {
        config: read,
        schema: {
          operationId: 'getTemplateVersion',
          tags,
          summary: 'One version of a template',
          params: schemas.VersionParams,
          response: { 200: schemas.VersionSchema },
        },
      },
      async (request) => {
        const { id, version } = request.params;
        const found = await findVersion(db.kysely, ownerOf(request), id, version);
        if (!found) throw new Problem('not_found');
        return schemas.viewVersion(found.version);
      },
    );

    app.post(
      '/v1/templates/:id/preview',
      {
        config: read,
        schema: {
          operationId: 'previewTemplate',
          tags,
          summary: 'What a recipient would get, and what it would cost',
          description: 'Sends and keeps nothing. Errors name the variables they are about.',
          params: schemas.IdParams,
          body: schemas.PreviewBody,
          response: { 200: schemas.TemplatePreviewSchema },
        },
      },
      async (request) => {
        const { channel, to, locale, variables = {}, purpose = 'transactional' } = request.body;
        const owner = ownerOf(request);
        const found = await reader.find(owner, request.params.id, request.body.version ?? null);
        if (!found) throw new Problem('not_found');
        const rendered = renderTemplate(found.compiled, { channel, locale, variables });
        if (rendered.kind === 'invalid') throw new Problem('invalid_request', { errors: rendered.errors });
        const recipient = to === undefined ? null : readRecipient(channel, to);
        if (to !== undefined && !recipient) {
          throw new Problem('invalid_request', { errors: [{ pointer: '/to', message: 'cannot be reached by it' }] });
        }
        const content = { ...rendered.message, smartEncoding: request.body.smart_encoding ?? false };
        const preview = previewMessage(choice, { ...owner, channel, purpose, recipient, content }, now());
        const { id, version, status } = found;
        return { template: { id, version, status }, locale: rendered.message.locale, ...viewPreview(preview) };
      },
    );
  };
}

export function ownerOf({ auth }: Pick<FastifyRequest, 'auth'>): Owner {
  return { project: auth.projectId, mode: auth.mode };
}

/** The content as it is kept. */
function compileOrRefuse(given: TemplateContent): TemplateContent {
  const result = compileTemplate(given);
  if (result.kind === 'invalid') throw new Problem('invalid_request', { errors: result.errors.slice(0, 50) });
  return result.content;
}

function tooMany(what: string): Problem {
  return new Problem('invalid_request', { detail: `There are as many ${what} as there may be.` });
}
