import type { FastifyRequest } from 'fastify';
import type { Authenticate } from '../lib/auth.ts';
import type { Problem } from '../lib/errors.ts';
import type { Mode } from '../lib/mode.ts';
import { bearerOf } from './auth.ts';
import { AUTH_FAILURES } from './rate-limit.ts';

/** A request that was turned away for who sent it, for what it may not do, or for how often it came. */
export interface Refusal {
  kind: 'authentication' | 'authorization' | 'rate';
  reason: string;
  mode: Mode;
  /** Whose key it was, also one that is valid no more; null: nobody's. */
  key: { id: string; project: string } | null;
  /** Of the key that was tried. */
  prefix?: string;
  /** More about it: part of an event as it is. */
  details: Record<string, unknown>;
  /** What was asked for: the route's pattern, as a URL may hold a number. */
  method: string;
  route: string | null;
  request: Pick<FastifyRequest, 'id' | 'ip' | 'headers'>;
}

/** Null when this problem is no refusal of that sort. */
export function refusalOf(authenticate: Authenticate, problem: Problem, request: FastifyRequest): Refusal | null {
  const who = findRefused(authenticate, problem, request);
  if (!who) return null;
  const { method, routeOptions } = request;
  const { id, ip, headers } = request;
  return { ...who, method, route: routeOptions.url ?? null, request: { id, ip, headers } };
}

type Refused = Omit<Refusal, 'method' | 'route' | 'request'>;

function findRefused(authenticate: Authenticate, problem: Problem, request: FastifyRequest): Refused | null {
  const { extensions = {}, detail } = problem.details;
  switch (problem.code) {
    case 'unauthorized':
      return unauthenticated(authenticate, request);
    case 'insufficient_scope': {
      const scope = extensions.required_scope;
      const details = scope === undefined ? { detail } : { required_scope: scope };
      return { kind: 'authorization', reason: problem.code, ...callerOf(request), details };
    }
    case 'rate_limited': {
      const quotas = extensions['violated-policies'];
      if (Array.isArray(quotas) && quotas.includes(AUTH_FAILURES)) return unauthenticated(authenticate, request);
      return { kind: 'rate', reason: problem.code, ...callerOf(request), details: { quotas } };
    }
    case 'policy_violation':
    case 'origin_not_verified':
    case 'app_not_registered':
    case 'sandbox_unavailable': {
      const [at] = problem.details.errors ?? [];
      return { kind: 'authorization', reason: problem.code, ...callerOf(request), details: { pointer: at?.pointer } };
    }
    default:
      return null;
  }
}

function callerOf({ auth }: FastifyRequest): Pick<Refusal, 'mode' | 'key'> {
  // Refused for their address before their key was looked at.
  if (!(auth as unknown)) return { mode: 'live', key: null };
  return { mode: auth.mode, key: { id: auth.keyId, project: auth.projectId } };
}

function unauthenticated(authenticate: Authenticate, request: FastifyRequest): Refused {
  const kind = 'authentication';
  const nobody = { kind, mode: 'live', key: null, details: {} } as const;
  if (request.routeOptions.config.public) {
    const { provider } = request.params as { provider?: string };
    return { ...nobody, reason: 'unsigned_callback', details: { provider } };
  }
  if (request.headers.authorization === undefined) return { ...nobody, reason: 'no_key' };
  const key = bearerOf(request);
  if (key === null) return { ...nobody, reason: 'malformed_key' };
  const { reason, mode = 'live', owner = null, prefix } = authenticate.explain?.(key) ?? { reason: 'unknown_key' };
  return { kind, reason, mode, key: owner, ...(prefix !== undefined && { prefix }), details: {} };
}
