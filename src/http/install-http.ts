import type { KeyObject } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { Authenticate } from '../lib/auth.ts';
import type { Now } from '../lib/clock.ts';
import type { Keyring } from '../lib/keyring.ts';
import { bearerOf, createRecheck, mayCall, refuseUnguarded, requireScope, unauthorized } from './auth.ts';
import { createErrorHandler, createNotFoundHandler } from './error-handler.ts';
import { withIdempotency } from './idempotency.ts';
import type { IdempotencyStore } from './idempotency-store.ts';
import { addJsonParser } from './json-body.ts';
import { type Metrics, measureRequests } from './metrics.ts';
import { collectOpenApi } from './openapi.ts';
import { createRateGate, type RateLimits } from './rate-limit.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { type Refusal, refusalOf } from './refusal.ts';
import { closed } from './schemas.ts';
import { addSecurityHeaders } from './security-headers.ts';
import { createSerializerCompiler } from './serialization.ts';
import { createValidatorCompiler, refuseOpenSchemas } from './validation.ts';

export interface HttpDeps {
  authenticate: Authenticate;
  rateLimiter: RateLimiter;
  rateLimits: RateLimits;
  idempotency: IdempotencyStore;
  keyring: Keyring;
  hashKey: KeyObject;
  metrics: Metrics;
  /** Told of requests that are refused for who sends them, and how often; must neither throw nor take time. */
  refused(refusal: Refusal): void;
  now: Now;
  /** True when nothing else lives in this Fastify app: then also unknown paths outside a prefix are ours to answer. */
  standalone: boolean;
}

/**
 * Everything the API needs of HTTP, for the context it is called in and no other: a host app keeps its own error
 * handler, parsers, hooks and Ajv settings. Call it before the first route.
 */
export function installHttp(fastify: FastifyInstance, deps: HttpDeps): void {
  for (const name of ['auth', 'idempotency']) {
    // A host's own member of that name keeps its meaning on the host's routes.
    if (!fastify.hasRequestDecorator(name)) fastify.decorateRequest(name, null);
  }
  fastify.decorateRequest('isStillAllowed', createRecheck(deps.authenticate));
  fastify.setErrorHandler(
    createErrorHandler(fastify.prefix, (problem, request) => {
      const refusal = refusalOf(deps.authenticate, problem, request);
      if (refusal) deps.refused(refusal);
    }),
  );
  // Without a prefix of its own it would replace the host's.
  if (deps.standalone || fastify.prefix !== '') fastify.setNotFoundHandler(createNotFoundHandler(fastify));
  fastify.setValidatorCompiler(createValidatorCompiler());
  fastify.setSerializerCompiler(createSerializerCompiler());
  collectOpenApi(fastify);

  addSecurityHeaders(fastify);
  measureRequests(fastify, deps.metrics);
  addGuard(fastify, deps);
  addJsonParser(fastify);

  const makeIdempotent = withIdempotency({ ...deps, store: deps.idempotency });
  fastify.addHook('onRoute', (route) => {
    // No parameters declared means none taken.
    if (!route.config?.anyContent)
      route.schema = { querystring: { type: 'object', properties: {}, ...closed }, ...route.schema };
    refuseUnguarded(route);
    refuseOpenSchemas(route);
    makeIdempotent(route);
  });
}

/** Who calls, how often, and whether they may: before the body is read. */
function addGuard(fastify: FastifyInstance, { authenticate, rateLimiter, rateLimits, now }: HttpDeps): void {
  const rates = createRateGate(rateLimiter, rateLimits);
  fastify.addHook('onRequest', async (request, reply) => {
    const { config } = request.routeOptions;
    if (config.unmetered) return;
    const at = now();
    await rates.byAddress(request, reply, at);
    if (config.public || request.is404) return;
    const key = bearerOf(request);
    // Made-up keys must not reach the database without end.
    if (key !== null && authenticate.known?.(key) === false) rates.refuseGuess(request, reply, at);
    const auth = key === null ? null : await authenticate(key);
    if (!auth) {
      await rates.failedAuth(request, reply, at);
      throw unauthorized(request, reply);
    }
    request.auth = auth;
    await rates.byCaller(auth, reply, at);
    if (config.scope !== undefined && !mayCall(auth, config)) requireScope(request, reply, config.scope);
  });
}
