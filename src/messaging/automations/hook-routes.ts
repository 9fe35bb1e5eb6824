import type { KeyObject } from 'node:crypto';
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { parseJson } from '../../http/json-body.ts';
import type { Now } from '../../lib/clock.ts';
import { Problem } from '../../lib/errors.ts';
import { AUTOMATION_ID } from './automation.ts';
import { findHooked } from './automations-table.ts';
import type { EnterDeps } from './enter.ts';
import { hookSecretOf } from './hook-secret.ts';
import { readHook, takeHook } from './take-hook.ts';

export interface HookRoutesDeps extends EnterDeps {
  hashKey: KeyObject;
  /** Standard Webhooks; null: it is not signed with the secret, or too long ago. */
  verify: VerifyHook;
  now: Now;
}

export type VerifyHook = (
  body: Buffer,
  headers: FastifyRequest['headers'],
  secret: string,
  now: number,
) => Promise<{ id: string } | null>;

const BODY_BYTES = 32 * 1024;
const ID = new RegExp(AUTOMATION_ID);

/**
 * What automations with a webhook are called by. No key: whoever calls signs with the automation's secret, over exactly
 * the bytes that came. Not part of openapi.yaml, because other programs than the API's callers do.
 */
export function hookRoutes(deps: HookRoutesDeps): FastifyPluginAsync {
  const { db, hashKey, now } = deps;
  return async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

    app.post<{ Params: { id: string } }>(
      '/v1/automation-hooks/:id',
      { bodyLimit: BODY_BYTES, config: { public: true, anyContent: true }, schema: { hide: true } },
      async (request, reply) => {
        const { id } = request.params;
        const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        const automation = ID.test(id) ? await findHooked(db.kysely, id) : null;
        // Made as well for one that is not there: nobody learns which are.
        const secret = hookSecretOf(hashKey, automation?.row ?? { id, secret_number: 0 });
        const verified = await deps.verify(body, request.headers, secret, now());
        if (!automation || !verified)
          throw new Problem('unauthorized', { detail: 'It is not signed as it should be.' });
        const read = readHook(parseJson(body));
        if ('errors' in read) throw new Problem('invalid_request', { errors: read.errors });
        const outcome = await takeHook(deps, automation, verified.id, read.hook, now());
        if (outcome.kind === 'no_address') {
          throw new Problem('invalid_request', { errors: [{ pointer: '/contact', message: outcome.message }] });
        }
        if (outcome.kind === 'refused') {
          throw new Problem('automation_entry_refused', { extensions: { reason: outcome.reason } });
        }
        return reply.code(202).send({ outcome: outcome.kind, run_id: outcome.run });
      },
    );
  };
}
