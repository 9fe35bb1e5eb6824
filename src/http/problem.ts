import { Problem, type ProblemCode, type StoreUnavailable } from '../lib/errors.ts';

export const PROBLEM_JSON = 'application/problem+json; charset=utf-8';

/** Registered problem types, used instead of a page of ours (draft-ietf-httpapi-ratelimit-headers §3). */
const TYPES: Partial<Record<ProblemCode, string>> = {
  rate_limited: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
};

/** The body of every error answer (RFC 9457). The only place that writes one. */
export function problemBody(problem: Problem, requestId: string, prefix = ''): string {
  const { detail, errors, extensions } = problem.details;
  return JSON.stringify({
    ...extensions,
    type: TYPES[problem.code] ?? `${prefix}/docs/errors#${problem.code}`,
    title: problem.message,
    status: problem.status,
    detail,
    code: problem.code,
    request_id: requestId,
    errors,
  });
}

/** Spreads the callers that come back, so that a store that recovers is not trampled. */
export function storeProblem(error: StoreUnavailable): Problem {
  return new Problem('store_unavailable', {
    retryAfterSeconds: 1 + Math.floor(Math.random() * 4),
    extensions: { store: error.store },
    cause: error,
  });
}
