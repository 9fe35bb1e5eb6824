import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import type { Now } from '../lib/clock.ts';
import { Problem } from '../lib/errors.ts';
import { type CallbackDeps, takeCallback } from './callbacks.ts';
import type { CallbackKind, CallbackRequest } from './provider.ts';

export interface CallbackRoutesDeps extends CallbackDeps {
  /** Where carriers were told to call; null: where they happen to. */
  publicUrl: string | null;
  now: Now;
}

/** Carriers report some hundred messages at once; none sends more. */
const BODY_BYTES = 256 * 1024;
const KINDS = ['receipts', 'inbound', 'voice'] as const satisfies CallbackKind[];

/**
 * Where carriers call back. No key: each is authenticated the way it signs, by its provider, over exactly the bytes
 * that came. Not part of openapi.yaml, because what is sent here is laid down by each carrier.
 */
export function callbackRoutes(deps: CallbackRoutesDeps): FastifyPluginAsync {
  return async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

    app.route<{ Params: { provider: string; kind: string } }>({
      method: ['GET', 'POST'],
      url: '/callbacks/:provider/:kind',
      exposeHeadRoute: false,
      bodyLimit: BODY_BYTES,
      config: { public: true, anyContent: true },
      schema: { hide: true },
      async handler(request, reply) {
        const { provider, kind } = request.params;
        const known = KINDS.find((one) => one === kind);
        if (!known) throw new Problem('not_found');
        const outcome = await takeCallback(deps, provider, known, toCallback(request, deps));
        switch (outcome.kind) {
          case 'unknown':
            throw new Problem('not_found');
          case 'unauthenticated':
            throw new Problem('unauthorized', { detail: 'The callback is not signed as this provider signs.' });
          case 'unreadable':
            throw new Problem('malformed_request', { detail: 'The callback is not as this provider documents it.' });
          case 'taken': {
            const { answer } = outcome;
            if (!answer) return reply.code(204).send();
            return reply.code(answer.status).header('content-type', answer.contentType).send(answer.body);
          }
        }
      },
    });
  };
}

function toCallback(request: FastifyRequest, { publicUrl, now }: CallbackRoutesDeps): CallbackRequest {
  const path = request.raw.url ?? '';
  // Below whatever prefix the service is mounted at here: outside it may be another one.
  const begin = path.indexOf('/callbacks/');
  const base = publicUrl?.replace(/\/+$/, '') ?? `${request.protocol}://${request.host}`;
  const url = `${base}${path.slice(begin)}`;
  const parsed = URL.parse(url);
  // Another spelling of the path, or a Host that is none: no carrier was told to call there.
  if (begin < 0 || !parsed) throw new Problem('malformed_request');
  return {
    method: request.method === 'GET' ? 'GET' : 'POST',
    url,
    query: parsed.searchParams,
    headers: Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(', ') : (value ?? ''),
      ]),
    ),
    body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
    now: now(),
  };
}
