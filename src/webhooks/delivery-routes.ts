import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { actorOf } from '../audit/admin-event.ts';
import type { EventType } from '../audit/event.ts';
import { insertEvents } from '../audit/insert-events.ts';
import type { Database } from '../db/open.ts';
import { writeTransaction } from '../db/transaction.ts';
import { createCursors, DEFAULT_LIMIT, pageQuery, toPage } from '../http/pagination.ts';
import { closed, listOf, TimestampSchema } from '../http/schemas.ts';
import { type Now, toTimestamp } from '../lib/clock.ts';
import { Problem } from '../lib/errors.ts';
import type { Keyring } from '../lib/keyring.ts';
import { listDeliveries, replayDeliveries, retryDelivery } from './delivery/deliveries.ts';
import { DeliveriesQuery, DeliverySchema, TestResultSchema, viewDelivery, viewTestResult } from './delivery-views.ts';
import type { EndpointRow } from './endpoints/endpoint.ts';
import { endpointEvent } from './endpoints/endpoint-event.ts';
import { findEndpoint } from './endpoints/endpoints-table.ts';
import { EndpointParams } from './endpoints/views.ts';
import type { Webhooks } from './open-webhooks.ts';

export interface DeliveryRoutesDeps {
  db: Database;
  keyring: Keyring;
  now: Now;
  test: Webhooks['test'];
}

const tags = ['Webhooks'];
const params = EndpointParams;
const DeliveryParams = Type.Object(
  { ...EndpointParams.properties, delivery: Type.String({ pattern: '^dlv_[0-9a-hjkmnp-tv-z]{26}$' }) },
  closed,
);
const Since = Type.Object({ since: Type.Optional(TimestampSchema) }, closed);

export function deliveryRoutes({ db, keyring, now, test }: DeliveryRoutesDeps): FastifyPluginAsyncTypebox {
  const cursors = createCursors(keyring, 'webhook-deliveries');

  return async (app) => {
    app.get(
      '/v1/webhook-endpoints/:id/deliveries',
      {
        config: { scope: 'webhooks:read' },
        schema: {
          operationId: 'listWebhookDeliveries',
          tags,
          summary: 'What was sent to an endpoint, newest event first',
          description: 'With the newest attempts. An event that only waits for its turn is not in it yet.',
          params,
          querystring: Type.Object({ ...DeliveriesQuery, ...pageQuery }, closed),
          response: { 200: listOf(DeliverySchema) },
        },
      },
      async (request) => {
        const { status, cursor, limit = DEFAULT_LIMIT } = request.query;
        const { id } = await endpointOf(request);
        const [before] = cursors.decode(cursor) ?? [];
        const filter = { ...(status && { status }), ...(before !== undefined && { before: Number(before) }) };
        const rows = await listDeliveries(db, id, { ...filter, limit: limit + 1 });
        return toPage(rows, limit, cursors, (row) => [row.log_index], viewDelivery);
      },
    );

    app.post(
      '/v1/webhook-endpoints/:id/deliveries/:delivery/retry',
      {
        config: { scope: 'webhooks:write' },
        schema: {
          operationId: 'retryWebhookDelivery',
          tags,
          summary: 'Send one again',
          description: 'As soon as may be, with the same `webhook-id`, whatever became of it.',
          params: DeliveryParams,
          response: { 202: DeliverySchema },
        },
      },
      async (request, reply) => {
        const endpoint = await endpointOf(request);
        const { delivery } = request.params;
        const event = eventOf('webhook.retried', endpoint, request, { delivery_id: delivery });
        const asked = await retryDelivery(db, endpoint.id, delivery, now(), [event]);
        if (asked.kind === 'not_found') throw new Problem('not_found');
        if (asked.kind === 'disabled') throw new Problem('webhook_endpoint_disabled');
        reply.code(202);
        return viewDelivery(asked.delivery);
      },
    );

    app.post(
      '/v1/webhook-endpoints/:id/replay',
      {
        config: { scope: 'webhooks:write' },
        // The time may be in the query alone.
        preValidation: async (request) => {
          request.body ??= {};
        },
        schema: {
          operationId: 'replayWebhooks',
          tags,
          summary: 'Send everything that has not arrived since a time',
          description:
            'Each event once, in the order of the log; also of the time in which the endpoint was disabled, ' +
            'as far back as it is kept what was delivered (`retention.webhook_deliveries_days`). `since` is in the body ' +
            'or in the query.',
          params,
          querystring: Since,
          body: Since,
          response: { 202: Type.Object({ since: TimestampSchema }, closed) },
        },
      },
      async (request, reply) => {
        const endpoint = await endpointOf(request);
        const since = sinceOf(request.body.since ?? request.query.since, now());
        const event = eventOf('webhook_endpoint.replayed', endpoint, request, { since: toTimestamp(since) });
        const asked = await replayDeliveries(db, endpoint.id, since, now(), [event]);
        if (asked.kind === 'disabled') throw new Problem('webhook_endpoint_disabled');
        if (asked.kind === 'too_old') {
          const message = `of events up to ${toTimestamp(asked.until)} nobody knows any more what was delivered`;
          throw new Problem('invalid_request', { errors: [{ pointer: '/since', message }] });
        }
        reply.code(202);
        return { since: toTimestamp(since) };
      },
    );

    app.post(
      '/v1/webhook-endpoints/:id/test',
      {
        config: { scope: 'webhooks:write' },
        schema: {
          operationId: 'testWebhookEndpoint',
          tags,
          summary: 'Send a sample and say what came of it',
          description: 'An event `webhook.test`, signed like any other. It is neither repeated nor counted.',
          params,
          response: { 200: TestResultSchema },
        },
      },
      async (request) => {
        const endpoint = await endpointOf(request);
        const result = await test(endpoint);
        if (!result) throw new Error('no master secret opens the secrets of a webhook endpoint');
        const { delivered, status } = result;
        const event = eventOf('webhook_endpoint.tested', endpoint, request, { delivered, status });
        await writeTransaction(db, {}, (trx) => insertEvents(trx, [event]));
        return viewTestResult(result);
      },
    );
  };

  async function endpointOf(request: FastifyRequest): Promise<EndpointRow> {
    const { auth, params } = request;
    const { id } = params as Static<typeof EndpointParams>;
    const endpoint = await findEndpoint(db.kysely, { project: auth.projectId, mode: auth.mode }, id);
    if (!endpoint) throw new Problem('not_found');
    return endpoint;
  }

  function eventOf(type: EventType, endpoint: EndpointRow, request: FastifyRequest, data: Record<string, unknown>) {
    return endpointEvent(type, endpoint, actorOf(request), now(), data);
  }
}

function sinceOf(timestamp: string | undefined, now: number): number {
  const since = timestamp === undefined ? Number.NaN : Date.parse(timestamp);
  if (since >= 0 && since <= now) return since;
  const message = timestamp === undefined ? 'is required' : 'must be a time in the past';
  throw new Problem('invalid_request', { errors: [{ pointer: '/since', message }] });
}
