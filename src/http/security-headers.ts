import type { FastifyInstance } from 'fastify';

/** For answers that are data: nothing may run, frame, sniff, cache or refer (OWASP REST Security Cheat Sheet). */
export const securityHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Content-Security-Policy of a page; data needs none of its own. */
    csp?: string;
  }
}

export function addSecurityHeaders(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.headers(securityHeaders).header('x-request-id', request.id);
    const { csp } = request.routeOptions.config;
    if (csp !== undefined) reply.header('content-security-policy', csp);
    done();
  });
}
