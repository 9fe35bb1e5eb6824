import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { originOf } from '../../audit/request-origin.ts';
import type { Database } from '../../db/open.ts';
import type { Now } from '../../lib/clock.ts';
import { confirmByLink, findPending } from './confirm-opt-in.ts';
import type { OptInLinks } from './opt-in-links.ts';
import { PAGE_CSP, type PageContent, renderOptInPage } from './opt-in-page.ts';
import { createConsentStatements } from './statements.ts';

export interface OptInRoutesDeps {
  db: Database;
  links: OptInLinks;
  now: Now;
  profileOf(project: string): Promise<{ brand: string }>;
}

const BODY_BYTES = 1024;
const options = { config: { public: true, csp: PAGE_CSP, anyContent: true }, schema: { hide: true } } as const;

/** The page behind a confirmation link. Previews and scanners fetch links: looking at it says nothing, the button does. */
export function optInRoutes({ db, links, now, profileOf }: OptInRoutesDeps): FastifyPluginAsync {
  const statements = createConsentStatements(db);

  return async (app) => {
    // A form of ours sends nothing: who holds the link has said all.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, done) => done(null, undefined));

    app.get<{ Params: { token: string } }>('/consent/:token', options, async (request, reply) => {
      const entryId = links.read(request.params.token);
      const pending = entryId === null ? null : await findPending(db.kysely, entryId, now());
      if (!pending) return show(request, reply, { kind: 'gone' });
      const { brand } = await profileOf(pending.project_id);
      const { address_masked: to, wording } = pending;
      return show(request, reply, { kind: 'question', brand, to, wording });
    });

    app.post<{ Params: { token: string } }>(
      '/consent/:token',
      { ...options, bodyLimit: BODY_BYTES },
      async (request, reply) => {
        const entryId = links.read(request.params.token);
        const pending = entryId === null ? null : await findPending(db.kysely, entryId, now());
        if (!pending) return show(request, reply, { kind: 'gone' });
        await confirmByLink(db, statements, pending, originOf(request), now());
        return show(request, reply, { kind: 'done' });
      },
    );
  };
}

function show(request: FastifyRequest, reply: FastifyReply, content: PageContent) {
  const page = renderOptInPage(content, request.headers['accept-language'] ?? '');
  return reply
    .code(content.kind === 'gone' ? 410 : 200)
    .header('content-type', 'text/html; charset=utf-8')
    .send(page);
}
