import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Auth } from '../lib/auth.ts';
import { Problem } from '../lib/errors.ts';
import { networkOf } from '../lib/network-of.ts';
import type { RateLimiter, RatePolicy, RateUse } from './rate-limiter.ts';

/** The quota of `authFailures`, as its headers and refusals name it. */
export const AUTH_FAILURES = 'auth_failures';

export interface RateLimits {
  /** Requests of one API key. */
  key: RateQuota;
  /** Requests with the client tokens of one verification. */
  client: RateQuota;
  /** Requests from one address, whoever sends them. */
  ip: RateQuota;
  /** Requests without a valid key from one address. */
  authFailures: RateQuota;
}

export interface RateQuota {
  max: number;
  windowSeconds: number;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Not counted and never refused: health probes. */
    unmetered?: boolean;
  }
}

/** Each throws the 429 when the quota is used up, and tells what is left in the answer's headers. */
export interface RateGate {
  byCaller(auth: Auth, reply: FastifyReply, now: number): Promise<void> | undefined;
  byAddress(request: FastifyRequest, reply: FastifyReply, now: number): Promise<void> | undefined;
  failedAuth(request: FastifyRequest, reply: FastifyReply, now: number): Promise<void> | undefined;
  /** Throws when `failedAuth` would, as far as this instance knows; counts nothing. */
  refuseGuess(request: FastifyRequest, reply: FastifyReply, now: number): void;
}

export function createRateGate(limiter: RateLimiter, limits: RateLimits): RateGate {
  const key = { name: 'key', ...limits.key };
  const client = { name: 'client', ...limits.client };
  const ip = { name: 'ip', ...limits.ip };
  const authFailures = { name: AUTH_FAILURES, ...limits.authFailures };

  function pass(policy: RatePolicy, subject: string, reply: FastifyReply, now: number): Promise<void> | undefined {
    const use = limiter.use(policy, subject, now);
    if (use instanceof Promise) return use.then((later) => settle(later, reply));
    settle(use, reply);
    return undefined;
  }

  return {
    // Client tokens belong to as many people, who must not use up one another's quota.
    byCaller: (auth, reply, now) =>
      auth.client ? pass(client, auth.client.verificationId, reply, now) : pass(key, auth.keyId, reply, now),
    byAddress: (request, reply, now) => pass(ip, addressOf(request), reply, now),
    failedAuth: (request, reply, now) => pass(authFailures, addressOf(request), reply, now),
    refuseGuess(request, reply, now) {
      const refusal = limiter.refusal(authFailures, addressOf(request), now);
      if (refusal) settle(refusal, reply);
    },
  };
}

/** `request.ip` honours X-Forwarded-For from the proxies of Fastify's trustProxy list only. */
function addressOf({ ip }: FastifyRequest): string {
  return networkOf(ip);
}

/** draft-ietf-httpapi-ratelimit-headers: lists of structured fields, one member for each policy that counted. */
function settle({ policy, allowed, remaining, resetSeconds }: RateUse, reply: FastifyReply): void {
  append(reply, 'ratelimit-policy', `"${policy.name}";q=${policy.max};w=${policy.windowSeconds}`);
  append(reply, 'ratelimit', `"${policy.name}";r=${remaining};t=${resetSeconds}`);
  if (allowed) return;
  throw new Problem('rate_limited', {
    detail: `The quota "${policy.name}" is used up.`,
    retryAfterSeconds: resetSeconds,
    extensions: { 'violated-policies': [policy.name] },
  });
}

function append(reply: FastifyReply, name: string, member: string): void {
  const before = reply.getHeader(name);
  reply.header(name, before === undefined ? member : `${before}, ${member}`);
}
