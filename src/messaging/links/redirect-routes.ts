import { createHmac, type KeyObject } from 'node:crypto';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { RateLimiter } from '../../http/rate-limiter.ts';
import type { Now } from '../../lib/clock.ts';
import { Problem } from '../../lib/errors.ts';
import { networkOf } from '../../lib/network-of.ts';
import type { ClickLog } from './click-log.ts';
import { createClickJudge } from './judge-click.ts';
import { LINK_CODE } from './link.ts';
import type { LinkCache, Target } from './link-cache.ts';

export interface RedirectRoutesDeps {
  cache: LinkCache;
  clicks: Pick<ClickLog, 'note'>;
  hashKey: KeyObject;
  rateLimiter: RateLimiter;
  now: Now;
}

/** Links that are not there, from one network. Who mistypes one needs few; found ones are not counted. */
const MISSES = { name: 'link_misses', max: 60, windowSeconds: 60 };

/**
 * Where short links lead. It redirects to what was kept when the link was made and to nothing that the request says; a
 * link in the cache is answered in the same turn, its click is written afterwards. Not part of openapi.yaml, because
 * readers of messages call it.
 */
export function redirectRoutes({ cache, clicks, hashKey, rateLimiter, now }: RedirectRoutesDeps): FastifyPluginAsync {
  const judge = createClickJudge();

  return async (app) => {
    app.route<{ Params: { code: string } }>({
      // HEAD too: some previews and scanners ask for no more.
      method: 'GET',
      exposeHeadRoute: true,
      url: '/l/:code',
      config: { public: true, anyContent: true },
      schema: { hide: true },
      handler(request, reply) {
        const { code } = request.params;
        const known = LINK_CODE.test(code) ? cache.peek(`lnk_${code}`) : null;
        if (known) return answer(request, reply, known);
        return look(request, reply).then((found) => answer(request, reply, found));
      },
    });
  };

  async function look({ params, ip }: FastifyRequest, _reply: FastifyReply): Promise<Target> {
    const { code } = params as { code: string };
    const network = networkOf(ip);
    const refusal = rateLimiter.refusal(MISSES, network, now());
    if (refusal) throw new Problem('rate_limited', { retryAfterSeconds: refusal.resetSeconds });
    const found = LINK_CODE.test(code) ? await cache.load(`lnk_${code}`) : null;
    if (found) return found;
    const use = await rateLimiter.use(MISSES, network, now());
    if (!use.allowed) throw new Problem('rate_limited', { retryAfterSeconds: use.resetSeconds });
    throw new Problem('not_found', { detail: 'There is no such link.' });
  }

  function answer(request: FastifyRequest, reply: FastifyReply, { url, createdAt, expiresAt }: Target): FastifyReply {
    const at = now();
    const link = `lnk_${(request.params as { code: string }).code}`;
    if (at >= expiresAt) throw new Problem('not_found', { detail: 'The link has expired.' });
    const visitor = visitorOf(request);
    const { method, headers } = request;
    clicks.note(link, judge({ method, headers, visitor, link, createdAt, at }), visitor, at);
    return reply.code(302).header('location', url).header('x-robots-tag', 'noindex').send();
  }

  /** The full address: people behind one network are many. Neither it nor the user agent is kept. */
  function visitorOf({ ip, headers }: FastifyRequest): string {
    const seen = `visitor\0${ip}\0${headers['user-agent'] ?? ''}`;
    return createHmac('sha256', hashKey).update(seen).digest('base64url').slice(0, 22);
  }
}
