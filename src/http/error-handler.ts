import type { ErrorObject } from 'ajv';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Problem, type ProblemCode, StoreUnavailable } from '../lib/errors.ts';
import { PROBLEM_JSON, problemBody, storeProblem } from './problem.ts';
import { toFieldErrors } from './validation.ts';

const FASTIFY_CODES: Record<string, ProblemCode> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_BAD_URL: 'malformed_request',
  FST_ERR_MAX_PARAM_LENGTH: 'uri_too_long',
};

export type ErrorHandler = (error: unknown, request: FastifyRequest, reply: FastifyReply) => FastifyReply;

/** `prefix`: where the API is mounted; errors point to their explanation below it. `seen` is told of every one. */
export function createErrorHandler(
  prefix: string,
  seen: (problem: Problem, request: FastifyRequest) => void = () => {},
): ErrorHandler {
  return (error, request, reply) => {
    const problem = toProblem(error, request);
    seen(problem, request);
    const { retryAfterSeconds, cause, detail } = problem.details;
    if (problem.code === 'internal_error') request.log.error({ err: cause }, 'unexpected error');
    else if (problem.code === 'store_unavailable') request.log.warn({ err: cause, detail }, 'store unavailable');
    if (retryAfterSeconds !== undefined) reply.header('retry-after', String(Math.max(1, Math.ceil(retryAfterSeconds))));
    return reply
      .code(problem.status)
      .header('content-type', PROBLEM_JSON)
      .send(problemBody(problem, request.id, prefix));
  };
}

/** Everything that is not meant for callers becomes the same 500. */
function toProblem(error: unknown, request: FastifyRequest): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof StoreUnavailable) return storeProblem(error);
  // Anything can be thrown.
  const { validation, validationContext, code, statusCode } = (error ?? {}) as Partial<FastifyError>;
  if (validation) return validationProblem(validation as ErrorObject[], validationContext, request);
  const known = FASTIFY_CODES[code ?? ''];
  if (known) return new Problem(known);
  // The rest of what Fastify itself finds wrong with a request: an aborted or mis-declared body.
  if (statusCode === 400) return new Problem('malformed_request', { cause: error });
  return new Problem('internal_error', { cause: error });
}

function validationProblem(errors: ErrorObject[], part: string | undefined, request: FastifyRequest): Problem {
  // An id that no object can have is the id of no object.
  if (part === 'params') return new Problem('not_found');
  if (part === 'body' && request.body === undefined) {
    return new Problem('malformed_body', { detail: 'A JSON body is required.' });
  }
  return new Problem('invalid_request', { errors: toFieldErrors(errors, part) });
}

/** 404, or 405 with Allow when the path exists under other methods (RFC 9110 §15.5.6). */
export function createNotFoundHandler(fastify: FastifyInstance) {
  return (request: FastifyRequest, reply: FastifyReply): never => {
    const url = request.url.split('?', 1)[0] as string;
    const allowed = fastify.supportedMethods.filter((method) => fastify.findRoute({ method, url }) !== null);
    if (allowed.length === 0) throw new Problem('not_found');
    reply.header('allow', allowed.join(', '));
    throw new Problem('method_not_allowed');
  };
}
