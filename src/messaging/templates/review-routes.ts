import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { actorOf } from '../../audit/admin-event.ts';
import type { Database } from '../../db/open.ts';
import type { Now } from '../../lib/clock.ts';
import { Problem } from '../../lib/errors.ts';
import { reviewVersion, type Step } from './review.ts';
import type { TemplateReader } from './template-reader.ts';
import { RejectBody, VersionParams, VersionSchema, viewVersion } from './template-schemas.ts';

export interface ReviewRoutesDeps {
  db: Database;
  reader: TemplateReader;
  now: Now;
}

const tags = ['Templates'];
const review = { scope: 'templates:review', idempotent: true } as const;

export function reviewRoutes({ db, reader, now }: ReviewRoutesDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      '/v1/templates/:id/versions/:version/submit',
      {
        config: { scope: 'templates:write', idempotent: true },
        schema: {
          operationId: 'submitTemplateVersion',
          tags,
          summary: 'Hand a draft in for review',
          params: VersionParams,
          response: { 200: VersionSchema },
        },
      },
      (request) => take(request, request.params, { kind: 'submit' }),
    );

    app.post(
      '/v1/templates/:id/versions/:version/approve',
      {
        config: review,
        schema: {
          operationId: 'approveTemplateVersion',
          tags,
          summary: 'Approve a version that was submitted',
          description:
            'Not by the key that wrote or submitted it. From then on it is what messages take that name no version; ' +
            'on every instance within five seconds.',
          params: VersionParams,
          response: { 200: VersionSchema },
        },
      },
      (request) => take(request, request.params, { kind: 'approve' }),
    );

    app.post(
      '/v1/templates/:id/versions/:version/reject',
      {
        config: review,
        schema: {
          operationId: 'rejectTemplateVersion',
          tags,
          summary: 'Reject a version, or take its approval back',
          description: 'Nothing is sent by it any more. What is mended is a new version.',
          params: VersionParams,
          body: RejectBody,
          response: { 200: VersionSchema },
        },
      },
      (request) => take(request, request.params, { kind: 'reject', reason: request.body.reason }),
    );
  };

  async function take(request: FastifyRequest, place: { id: string; version: number }, step: Step) {
    const { auth } = request;
    const owner = { project: auth.projectId, mode: auth.mode };
    const result = await reviewVersion(db, owner, place, step, actorOf(request), now());
    switch (result.kind) {
      case 'not_found':
        throw new Problem('not_found');
      case 'wrong_state':
        throw new Problem('wrong_review_state', { extensions: { version_status: result.status } });
      case 'own':
        throw new Problem('policy_violation', {
          detail: 'Another key than the one that wrote or submitted it reviews.',
        });
      case 'done':
        reader.forget(owner, place.id, place.version);
        return viewVersion(result.row.version);
    }
  }
}
