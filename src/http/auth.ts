import type { FastifyContextConfig, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import type { Auth, Authenticate, Scope } from '../lib/auth.ts';
import { Problem } from '../lib/errors.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a key must be allowed to do. Every route has a scope or is public. */
    scope?: Scope;
    /** A key that has this one instead may do it as well. */
    orScope?: Scope;
    /** A client token for the verification named in the path will do instead of a key. */
    clientToken?: boolean;
    /** Needs no key. */
    public?: boolean;
  }
  interface FastifyRequest {
    /** Who calls; on public routes null. */
    auth: Auth;
    /**
     * Whether its key may still do this, as of `maxAgeMs` ago at most: for answers that take long. False also when
     * that cannot be known.
     */
    isStillAllowed(maxAgeMs: number): Promise<boolean>;
  }
}

/** RFC 6750 §2.1: b64token. The only place a key is taken from; never the URL. */
const BEARER = /^Bearer ([A-Za-z0-9._~+/-]{1,4096}=*)$/i;

export function bearerOf(request: FastifyRequest): string | null {
  return BEARER.exec(request.headers.authorization ?? '')?.[1] ?? null;
}

export function unauthorized(request: FastifyRequest, reply: FastifyReply): Problem {
  // RFC 6750 §3.1: no error code when no credentials were sent.
  const error = request.headers.authorization === undefined ? '' : ', error="invalid_token"';
  reply.header('www-authenticate', `Bearer realm="countersign"${error}`);
  return new Problem('unauthorized');
}

export function requireScope(request: FastifyRequest, reply: FastifyReply, scope: Scope): void {
  const { client } = request.auth;
  if (client && request.routeOptions.config.clientToken) {
    if ((request.params as { id?: string }).id === client.verificationId) return;
    throw new Problem('not_found');
  }
  if (request.auth.scopes.has(scope)) return;
  reply.header('www-authenticate', `Bearer realm="countersign", error="insufficient_scope", scope="${scope}"`);
  throw new Problem('insufficient_scope', { extensions: { required_scope: scope } });
}

/** By its scopes; a client token has none. */
export function mayCall({ scopes }: Auth, { scope, orScope }: FastifyContextConfig): boolean {
  return (scope !== undefined && scopes.has(scope)) || (orScope !== undefined && scopes.has(orScope));
}

export function createRecheck(authenticate: Authenticate) {
  return async function isStillAllowed(this: FastifyRequest, maxAgeMs: number): Promise<boolean> {
    const auth = await authenticate(bearerOf(this) ?? '', maxAgeMs).catch(() => null);
    return auth !== null && mayCall(auth, this.routeOptions.config);
  };
}

/** A route that forgets to say who may call it does not start. */
export function refuseUnguarded(route: RouteOptions): void {
  const { scope, public: open } = route.config ?? {};
  if ((scope === undefined) === (open !== true))
    throw new Error(`${route.method} ${route.url}: give it a scope or make it public`);
}
