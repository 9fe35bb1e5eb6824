import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { actorOf } from '../audit/admin-event.ts';
import { listOf } from '../http/schemas.ts';
import { toTimestamp } from '../lib/clock.ts';
import { Problem } from '../lib/errors.ts';
import { newId } from '../lib/ids.ts';
import { cancelVerification } from './cancel.ts';
import type { Challenge } from './challenge.ts';
import { checkVerification } from './check.ts';
import { checkForClient } from './client-check.ts';
import type { Caller, VerifyDeps } from './deps.ts';
import type { ListVerifications } from './list.ts';
import type { PolicyResolver } from './policy.ts';
import { checkProblem, resendProblem, startProblem } from './problems.ts';
import { rebind } from './rebind.ts';
import { resendVerification } from './resend.ts';
import * as schemas from './schemas.ts';
import { startVerification } from './start.ts';
import { viewInvalid, viewValid, viewVerification } from './view.ts';

export interface VerificationRoutesDeps {
  verify: VerifyDeps;
  policyOf: PolicyResolver;
  list: ListVerifications;
  issueClientToken(challenge: Challenge): string;
}

export function verificationRoutes(deps: VerificationRoutesDeps): FastifyPluginAsyncTypebox {
  const { verify, policyOf } = deps;

  return async (app) => {
    app.post(
      '/v1/verifications',
      {
        config: { scope: 'verifications:write', idempotent: true },
        schema: {
          operationId: 'startVerification',
          tags: ['Verifications'],
          summary: 'Send a code',
          body: schemas.StartBody,
          response: { 201: schemas.VerificationSchema },
        },
      },
      async (request, reply) => {
        const policy = policyOf(request.auth.policy);
        const seed = request.idempotency?.seed;
        const now = verify.now();
        const result = await startVerification(verify, callerOf(request), policy, request.body, now, seed);
        if (result.kind !== 'created') throw startProblem(result, now);
        reply.code(201).header('location', `${app.prefix}/v1/verifications/${result.challenge.id}`);
        return viewVerification(result.challenge);
      },
    );

    app.post(
      '/v1/verifications/:id/check',
      {
        config: { scope: 'verifications:write', clientToken: true, idempotent: true },
        schema: {
          operationId: 'checkVerification',
          tags: ['Verifications'],
          summary: 'Check a code',
          description:
            'Counts as one attempt, right or wrong. A failure is an answer, not an error: look at `valid`. ' +
            'With a client token every failure looks the same.',
          params: schemas.IdParams,
          body: schemas.CheckBody,
          response: { 200: schemas.CheckAnswer },
        },
      },
      async (request) => {
        const caller = callerOf(request);
        const { id } = request.params;
        const now = verify.now();
        const run = newId('req');
        const attempt = request.idempotency ? `${request.idempotency.seed}.${run}` : run;
        if (request.auth.client) return checkForClient(verify, caller, id, request.body, now, attempt);
        const result = await checkVerification(verify, caller, id, request.body, now, attempt);
        if (result.kind === 'valid') return viewValid(result);
        if (result.kind === 'invalid') return viewInvalid(result);
        throw checkProblem(result, now);
      },
    );

    app.post(
      '/v1/verifications/:id/resend',
      {
        config: { scope: 'verifications:write', idempotent: true },
        schema: {
          operationId: 'resendVerification',
          tags: ['Verifications'],
          summary: 'Send again, by the same or another channel',
          description: 'Never gives attempts back. 429 with Retry-After inside the cool-down.',
          params: schemas.IdParams,
          body: schemas.ResendBody,
          response: { 200: schemas.VerificationSchema },
        },
      },
      async (request) => {
        const { auth, body, params } = request;
        const allowedChannels = policyOf(auth.policy).allowed_channels;
        const now = verify.now();
        const wish = { channel: body.channel, allowedChannels };
        const result = await resendVerification(verify, callerOf(request), params.id, wish, now);
        if (result.kind !== 'sent') throw resendProblem(result, now);
        return viewVerification(result.challenge);
      },
    );

    app.post(
      '/v1/verifications/:id/cancel',
      {
        config: { scope: 'verifications:write', idempotent: true },
        schema: {
          operationId: 'cancelVerification',
          tags: ['Verifications'],
          summary: 'Call a verification off',
          params: schemas.IdParams,
          response: { 200: schemas.VerificationSchema },
        },
      },
      async (request) => {
        const result = await cancelVerification(verify, callerOf(request), request.params.id, verify.now());
        if (result.kind === 'not_found') throw new Problem('not_found');
        if (result.kind === 'conflict') throw new Problem('conflict', { retryAfterSeconds: 1 });
        if (result.kind === 'ended') {
          throw new Problem('verification_ended', { extensions: { verification_status: result.challenge.status } });
        }
        return viewVerification(result.challenge);
      },
    );

    app.post(
      '/v1/verifications/:id/client-token',
      {
        config: { scope: 'verifications:write' },
        schema: {
          operationId: 'issueClientToken',
          tags: ['Verifications'],
          summary: 'A token for the app’s own client',
          params: schemas.IdParams,
          response: { 201: schemas.ClientTokenAnswer },
        },
      },
      async (request, reply) => {
        const challenge = await read(request, request.params.id);
        if (challenge.status !== 'pending') {
          throw new Problem('verification_ended', { extensions: { verification_status: challenge.status } });
        }
        reply.code(201);
        return { client_token: deps.issueClientToken(challenge), expires_at: toTimestamp(challenge.expiresAt) };
      },
    );

    app.get(
      '/v1/verifications/:id',
      {
        config: { scope: 'verifications:read' },
        schema: {
          operationId: 'getVerification',
          tags: ['Verifications'],
          summary: 'One verification',
          params: schemas.IdParams,
          response: { 200: schemas.VerificationSchema },
        },
      },
      async (request) => viewVerification(await read(request, request.params.id)),
    );

    app.get(
      '/v1/verifications',
      {
        config: { scope: 'verifications:read' },
        schema: {
          operationId: 'listVerifications',
          tags: ['Verifications'],
          summary: 'Verifications, newest first',
          querystring: schemas.ListQuery,
          response: { 200: listOf(schemas.VerificationSchema) },
        },
      },
      async (request) => deps.list(callerOf(request), request.query),
    );

    app.post(
      '/v1/recipients/rebind',
      {
        config: { scope: 'recipients:write', idempotent: true },
        schema: {
          operationId: 'rebindRecipient',
          tags: ['Recipients'],
          summary: 'Clear the failed guesses of a number or subject that was bound anew',
          description:
            'For after the account’s owner has proved by other means that the number is theirs. ' +
            'The only way past the hard stop of 100 failures in a row (NIST SP 800-63B-4 §3.2.2).',
          body: schemas.RebindBody,
          response: { 204: { type: 'null' } },
        },
      },
      async (request, reply) => {
        const result = await rebind(verify, callerOf(request), actorOf(request), request.body, verify.now());
        if (result.kind === 'invalid_phone_number') throw new Problem('invalid_phone_number');
        return reply.code(204).send(null);
      },
    );
  };

  /** From the store, or from the record once the store has let go of it. */
  async function read(request: FastifyRequest, id: string): Promise<Challenge> {
    const { project, mode } = callerOf(request);
    const challenge = await verify.store.get(id);
    const own = challenge?.project === project && challenge.mode === mode ? challenge : null;
    const found = own ?? (challenge ? null : await verify.records.get({ id, project, mode }));
    if (!found) throw new Problem('not_found');
    return found;
  }
}

function callerOf({ auth }: FastifyRequest): Caller {
  return { project: auth.projectId, mode: auth.mode, actor: auth.keyId };
}
