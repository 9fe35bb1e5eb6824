import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { actorOf } from '../../audit/admin-event.ts';
import { createCursors, DEFAULT_LIMIT, pageQuery, toPage } from '../../http/pagination.ts';
import { closed, listOf } from '../../http/schemas.ts';
import type { Auth } from '../../lib/auth.ts';
import { Problem } from '../../lib/errors.ts';
import type { Keyring } from '../../lib/keyring.ts';
import {
  type CodeTemplate,
  type CompiledTemplate,
  compileCodeTemplate,
  type TemplateChannel,
} from './code-template.ts';
import { type CodeTemplates, MAX_TEMPLATES, type ProjectTemplates, type StoredTemplate } from './code-templates.ts';
import { wordCode } from './composer.ts';
import { canonicalTag } from './match-locale.ts';
import {
  CodeMessageSchema,
  PreviewBody,
  PreviewSchema,
  TemplateBody,
  TemplateParams,
  viewPreview,
  viewTemplate,
} from './wording-schemas.ts';

export interface WordingRoutesDeps {
  templates: CodeTemplates;
  keyring: Keyring;
  /** What messages call the project. */
  brandOf(auth: Auth): string;
  /** An onRequest hook that lets administrators through. */
  requireAdministrator: (request: FastifyRequest) => Promise<void>;
}

const tags = ['Code messages'];
const config = { scope: 'settings:write' } as const;
const SAMPLE = { code: '123456', validitySeconds: 600 };

export function wordingRoutes(deps: WordingRoutesDeps): FastifyPluginAsyncTypebox {
  const { templates, brandOf } = deps;
  const cursors = createCursors(deps.keyring, 'code-messages');

  return async (app) => {
    app.addHook('onRequest', deps.requireAdministrator);

    app.get(
      '/v1/code-messages',
      {
        config,
        schema: {
          operationId: 'listCodeMessages',
          tags,
          summary: 'The project’s own words for codes',
          description: 'By channel and locale. Where it has none, the built-in words of the locale are used.',
          querystring: Type.Object(pageQuery, closed),
          response: { 200: listOf(CodeMessageSchema) },
        },
      },
      async ({ auth, query }) => {
        const limit = query.limit ?? DEFAULT_LIMIT;
        const [after = ''] = cursors.decode(query.cursor) ?? [];
        const rows = (await templates.list(auth.projectId))
          .filter((row) => placeOf(row) > String(after))
          .sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
        return toPage(rows, limit, cursors, (row) => [placeOf(row)], viewTemplate);
      },
    );

    app.put(
      '/v1/code-messages/:channel/:locale',
      {
        config,
        schema: {
          operationId: 'putCodeMessage',
          tags,
          summary: 'Word the codes of a channel and a locale',
          description:
            'In force on every instance within five seconds. What browsers and apps read by themselves is appended to ' +
            'an SMS where the start of the verification asks for it.',
          params: TemplateParams,
          body: TemplateBody,
          response: { 200: CodeMessageSchema },
        },
      },
      async (request) => {
        const { auth, params, body } = request;
        const template = toTemplate(params.channel, params.locale, body);
        compileOrRefuse(template);
        const stored = await templates.put(auth.projectId, template, actorOf(request));
        if (!stored) {
          throw new Problem('invalid_request', { detail: `A project has at most ${MAX_TEMPLATES} code messages.` });
        }
        return viewTemplate(stored);
      },
    );

    app.delete(
      '/v1/code-messages/:channel/:locale',
      {
        config,
        schema: {
          operationId: 'deleteCodeMessage',
          tags,
          summary: 'Go back to the built-in words',
          params: TemplateParams,
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => {
        const { auth, params } = request;
        const locale = localeOf(params.locale, 'locale');
        const isDeleted = await templates.delete(auth.projectId, params.channel, locale, actorOf(request));
        if (!isDeleted) throw new Problem('not_found');
        return reply.code(204).send(null);
      },
    );

    app.post(
      '/v1/code-messages/preview',
      {
        config,
        schema: {
          operationId: 'previewCodeMessage',
          tags,
          summary: 'What a code would look like',
          description: 'With `text` in those words, without it in those in force. Sends and keeps nothing.',
          body: PreviewBody,
          response: { 200: PreviewSchema },
        },
      },
      async ({ auth, body }) => {
        const { channel, locale, text, brand, context, origin, android_app_hash: androidAppHash } = body;
        const given = text === undefined ? null : toTemplate(channel, locale, { ...body, text });
        const own = given ? onlyThis(given, compileOrRefuse(given)) : await templates.of(auth.projectId);
        const message = {
          ...SAMPLE,
          ...{ channel, locale, brand: brand ?? brandOf(auth), context: context ?? null },
          ...(origin !== undefined && { origin }),
          ...(androidAppHash !== undefined && { androidAppHash }),
        };
        return viewPreview(channel, await wordCode(message, own));
      },
    );
  };
}

const placeOf = ({ channel, locale }: StoredTemplate) => `${channel} ${locale}`;

function toTemplate(channel: TemplateChannel, locale: string, body: Static<typeof TemplateBody>): CodeTemplate {
  return {
    channel,
    locale: localeOf(locale, 'locale'),
    text: body.text,
    subject: body.subject ?? null,
    confirm: body.confirm ?? null,
    confirmSubject: body.confirm_subject ?? null,
    context: body.context_variables ?? [],
  };
}

function localeOf(locale: string, pointer: string): string {
  const tag = canonicalTag(locale);
  if (tag === null || tag === 'und') {
    throw new Problem('invalid_request', { errors: [{ pointer, message: 'is not a language tag (BCP 47)' }] });
  }
  return tag;
}

function compileOrRefuse(template: CodeTemplate): CompiledTemplate {
  const result = compileCodeTemplate(template);
  if (result.kind === 'invalid') throw new Problem('invalid_request', { errors: result.errors });
  return result.template;
}

function onlyThis({ channel, locale }: CodeTemplate, compiled: CompiledTemplate): ProjectTemplates {
  const has = (ofChannel: string, ofLocale: string) => ofChannel === channel && ofLocale === locale;
  return { has, find: (...key) => (has(...key) ? compiled : null) };
}
