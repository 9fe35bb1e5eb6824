import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { actorOf } from '../audit/admin-event.ts';
import { EVENT_TYPES } from '../audit/event.ts';
import { createCursors, DEFAULT_LIMIT, pageQuery, toPage } from '../http/pagination.ts';
import { closed, listOf } from '../http/schemas.ts';
import type { Now } from '../lib/clock.ts';
import { type FieldError, Problem } from '../lib/errors.ts';
import type { TargetGuard } from '../lib/target-guard.ts';
import { wantsType } from './delivery/matches.ts';
import { changeEndpoint, switchEndpoint } from './endpoints/change-endpoint.ts';
import { checkHeaders, lowerNames } from './endpoints/check-headers.ts';
import { createEndpoint, type EndpointDeps, type MadeEndpoint } from './endpoints/create-endpoint.ts';
import { deleteEndpoint } from './endpoints/delete-endpoint.ts';
import { type EndpointOwner, type EndpointRow, toEndpoint } from './endpoints/endpoint.ts';
import { findEndpoint, listEndpoints } from './endpoints/endpoints-table.ts';
import { rotateSecret } from './endpoints/rotate-secret.ts';
import * as views from './endpoints/views.ts';
import { NEWEST_API_VERSION } from './render.ts';

export interface EndpointRoutesDeps extends EndpointDeps {
  now: Now;
  guard: Pick<TargetGuard, 'look'>;
  /** How many a project may have of each mode. */
  endpointsPerProject: number;
}

const tags = ['Webhooks'];
const READ = { scope: 'webhooks:read' } as const;
const WRITE = { scope: 'webhooks:write' } as const;
const params = views.EndpointParams;

export function endpointRoutes(deps: EndpointRoutesDeps): FastifyPluginAsyncTypebox {
  const { db, keyring, now, guard, endpointsPerProject } = deps;
  const cursors = createCursors(keyring, 'webhook-endpoints');

  return async (app) => {
    app.post(
      '/v1/webhook-endpoints',
      {
        config: { ...WRITE, idempotent: true },
        schema: {
          operationId: 'createWebhookEndpoint',
          tags,
          summary: 'Be told of events',
          description:
            'Of the project and mode of the key, from now on. Deliveries follow Standard Webhooks. ' +
            'The answer is the only place where the secret is shown.',
          body: views.NewEndpointBody,
          response: { 201: views.NewSecretSchema },
        },
      },
      async (request, reply) => {
        const { body } = request;
        await refuse(body);
        const input = {
          url: body.url,
          events: body.events ?? ['*'],
          description: body.description ?? null,
          headers: lowerNames(body.headers ?? {}),
          format: body.format ?? 'json',
          ordering: body.ordering ?? 'none',
          signature: body.signature ?? 'hmac',
          apiVersion: body.api_version ?? NEWEST_API_VERSION,
        };
        const seed = request.idempotency?.seed;
        const owner = ownerOf(request);
        const made = await createEndpoint(deps, owner, input, endpointsPerProject, actorOf(request), now(), seed);
        if (!made) {
          throw new Problem('invalid_request', { detail: `A project has at most ${endpointsPerProject} endpoints.` });
        }
        reply.code(201).header('location', `${app.prefix}/v1/webhook-endpoints/${made.row.id}`);
        return viewMade(made);
      },
    );

    app.get(
      '/v1/webhook-endpoints',
      {
        config: READ,
        schema: {
          operationId: 'listWebhookEndpoints',
          tags,
          summary: 'Endpoints, newest first',
          querystring: Type.Object(pageQuery, closed),
          response: { 200: listOf(views.EndpointSchema) },
        },
      },
      async (request) => {
        const limit = request.query.limit ?? DEFAULT_LIMIT;
        const [at, id] = cursors.decode(request.query.cursor) ?? [];
        const before = at === undefined ? null : { at: Number(at), id: String(id) };
        const rows = await listEndpoints(db.kysely, ownerOf(request), before, limit + 1);
        return toPage(rows, limit, cursors, (row) => [row.created_at, row.id], view);
      },
    );

    app.get(
      '/v1/webhook-endpoints/:id',
      {
        config: READ,
        schema: {
          operationId: 'getWebhookEndpoint',
          tags,
          summary: 'One endpoint',
          params,
          response: { 200: views.EndpointSchema },
        },
      },
      async (request) => view(found(await findEndpoint(db.kysely, ownerOf(request), request.params.id))),
    );

    app.patch(
      '/v1/webhook-endpoints/:id',
      {
        config: WRITE,
        schema: {
          operationId: 'updateWebhookEndpoint',
          tags,
          summary: 'Change an endpoint',
          description:
            'Members that are given replace those in force, headers all together. What is under way goes on.',
          params,
          body: views.EndpointPatchBody,
          response: { 200: views.EndpointSchema },
        },
      },
      async (request) => {
        const { headers, api_version: apiVersion, ...same } = request.body;
        await refuse(request.body);
        const patch = {
          ...same,
          ...(apiVersion && { apiVersion }),
          ...(headers && { headers: lowerNames(headers) }),
        };
        const { id } = request.params;
        return view(found(await changeEndpoint(deps, ownerOf(request), id, patch, actorOf(request), now())));
      },
    );

    app.delete(
      '/v1/webhook-endpoints/:id',
      {
        config: WRITE,
        schema: {
          operationId: 'deleteWebhookEndpoint',
          tags,
          summary: 'Delete an endpoint, and what became of its deliveries',
          params,
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        if (!(await deleteEndpoint(deps, ownerOf(request), id, actorOf(request), now())))
          throw new Problem('not_found');
        return reply.code(204).send(null);
      },
    );

    for (const { verb, status, summary, description } of SWITCHES) {
      app.post(
        `/v1/webhook-endpoints/:id/${verb}`,
        {
          config: WRITE,
          schema: {
            operationId: `${verb}WebhookEndpoint`,
            tags,
            summary,
            description,
            params,
            response: { 200: views.EndpointSchema },
          },
        },
        async (request) => {
          const { id } = request.params as Static<typeof params>;
          return view(found(await switchEndpoint(deps, ownerOf(request), id, status, actorOf(request), now())));
        },
      );
    }

    app.post(
      '/v1/webhook-endpoints/:id/rotate-secret',
      {
        config: { ...WRITE, idempotent: true },
        // Without a body it is the usual rotation.
        preValidation: async (request) => {
          request.body ??= {};
        },
        schema: {
          operationId: 'rotateWebhookSecret',
          tags,
          summary: 'Sign with a new secret',
          description:
            'Until the overlap is over deliveries carry a signature by each secret, so that none is refused.',
          params,
          body: views.RotationBody,
          response: { 200: views.NewSecretSchema },
        },
      },
      async (request) => {
        const { overlap_seconds: overlapSeconds = views.OVERLAP_SECONDS, signature } = request.body;
        const rotation = { overlapSeconds, ...(signature && { signature }) };
        const { id } = request.params;
        const rotated = await rotateSecret(deps, ownerOf(request), id, rotation, actorOf(request), now());
        if (rotated === 'not_found') throw new Problem('not_found');
        if (rotated === 'too_many') {
          throw new Problem('invalid_request', {
            detail: 'Too many secrets are valid: wait for the end of an overlap.',
          });
        }
        return viewMade(rotated);
      },
    );
  };

  /** What the schemas cannot say. */
  async function refuse(body: Static<typeof views.EndpointPatchBody>): Promise<void> {
    const errors: FieldError[] = [
      ...(body.events ?? []).flatMap((pattern, at) =>
        EVENT_TYPES.some((type) => wantsType([pattern], type))
          ? []
          : [{ pointer: `/events/${at}`, message: 'is no type of event' }],
      ),
      ...checkHeaders(body.headers ?? {}),
    ];
    const refusal = body.url === undefined ? null : await guard.look(body.url);
    if (refusal !== null) errors.push({ pointer: '/url', message: refusal });
    if (errors.length > 0) throw new Problem('invalid_request', { errors });
  }

  function view(row: EndpointRow): Static<typeof views.EndpointSchema> {
    return views.viewEndpoint(toEndpoint(keyring, row, now()));
  }

  function viewMade({ row, secret }: MadeEndpoint): Static<typeof views.NewSecretSchema> {
    return { ...view(row), ...(secret.startsWith('whsec_') && { secret }) };
  }
}

const SWITCHES = [
  {
    verb: 'enable',
    status: 'enabled',
    summary: 'Deliver again',
    description: 'From now on, and what was waiting for a retry. What happened meanwhile is for a replay.',
  },
  { verb: 'disable', status: 'disabled', summary: 'Deliver no more', description: 'Events are kept all the same.' },
] as const;

function ownerOf({ auth }: FastifyRequest): EndpointOwner {
  return { project: auth.projectId, mode: auth.mode };
}

function found<T>(row: T | null | undefined): T {
  if (!row) throw new Problem('not_found');
  return row;
}
