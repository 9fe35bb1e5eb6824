import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { actorOf } from '../../audit/admin-event.ts';
import type { Database } from '../../db/open.ts';
import { createCursors, DEFAULT_LIMIT, pageQuery, toPage } from '../../http/pagination.ts';
import { closed, listOf } from '../../http/schemas.ts';
import type { Now } from '../../lib/clock.ts';
import { Problem } from '../../lib/errors.ts';
import type { Keyring } from '../../lib/keyring.ts';
import { parsePhone } from '../../lib/phone.ts';
import { checkTable } from './check-table.ts';
import type { OpenRouting } from './create-routing.ts';
import type { RouteFacts } from './router.ts';
import {
  ProvidersSchema,
  RoutesSchema,
  SimulationSchema,
  VersionSchema,
  viewProviders,
  viewRoutes,
  viewSimulation,
  viewVersion,
} from './routing-views.ts';
import { senderProblem } from './sender-kinds.ts';
import { ChannelSchema, PurposeSchema, RoutingTableSchema, SenderValueSchema } from './table-schema.ts';
import { findVersion, listVersions } from './table-versions.ts';

export interface RoutingRoutesDeps {
  routing: OpenRouting;
  db: Database;
  keyring: Keyring;
  now: Now;
  /** An onRequest hook that lets administrators through. */
  requireAdministrator: (request: FastifyRequest) => Promise<void>;
}

const tags = ['Routing'];
const config = { scope: 'admin' } as const;
/** A table may have some hundred rules. */
const TABLE_BYTES = 512 * 1024;

const SimulateBody = Type.Object(
  {
    to: Type.String({ minLength: 3, maxLength: 254, description: 'A phone number, or an e-mail address.' }),
    purpose: PurposeSchema,
    channel: ChannelSchema,
    sender: Type.Optional(SenderValueSchema),
    project: Type.Optional(
      Type.String({ minLength: 1, maxLength: 64, description: 'Default: the project of the key that asks.' }),
    ),
    mcc_mnc: Type.Optional(Type.String({ pattern: '^\\d{5,6}$', description: 'Network of the recipient, if known.' })),
  },
  closed,
);

export function routingRoutes(deps: RoutingRoutesDeps): FastifyPluginAsyncTypebox {
  const { routing, db, now } = deps;
  const cursors = createCursors(deps.keyring, 'routes');

  return async (app) => {
    app.addHook('onRequest', deps.requireAdministrator);

    app.get(
      '/v1/routes',
      {
        config,
        schema: {
          operationId: 'getRoutes',
          tags,
          summary: 'The routing table in force',
          description:
            'Of this instance. Another one that was told of a new table a moment ago is at most two seconds ahead.',
          response: { 200: RoutesSchema },
        },
      },
      async () => viewRoutes(routing.table.version()),
    );

    app.put(
      '/v1/routes',
      {
        config,
        bodyLimit: TABLE_BYTES,
        schema: {
          operationId: 'putRoutes',
          tags,
          summary: 'Replace the routing table',
          description:
            'Makes a new version, which all instances take up within two seconds; the table in force already makes none. ' +
            'Refused with `routes_in_file` while the configuration file has a table.',
          body: RoutingTableSchema,
          response: { 200: RoutesSchema },
        },
      },
      async (request) => {
        const { body } = request;
        if (routing.table.isInFile) throw new Problem('routes_in_file');
        const errors = checkTable(body, routing.providers);
        if (errors.length > 0) throw new Problem('invalid_request', { errors });
        const made = await routing.table.put(body, actorOf(request), now());
        if (!made) throw new Problem('conflict');
        return viewRoutes(made);
      },
    );

    app.get(
      '/v1/routes/versions',
      {
        config,
        schema: {
          operationId: 'listRoutesVersions',
          tags,
          summary: 'Versions of the routing table, newest first',
          querystring: Type.Object(pageQuery, closed),
          response: { 200: listOf(VersionSchema) },
        },
      },
      async ({ query }) => {
        const limit = query.limit ?? DEFAULT_LIMIT;
        const [below] = cursors.decode(query.cursor) ?? [];
        const rows = await listVersions(db.kysely, below === undefined ? null : Number(below), limit + 1);
        return toPage(rows, limit, cursors, ({ version }) => [version], viewVersion);
      },
    );

    app.get(
      '/v1/routes/versions/:version',
      {
        config,
        schema: {
          operationId: 'getRoutesVersion',
          tags,
          summary: 'One version of the routing table',
          params: Type.Object({ version: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }) }, closed),
          response: { 200: RoutesSchema },
        },
      },
      async ({ params }) => {
        const found = await findVersion(db.kysely, params.version);
        if (!found) throw new Problem('not_found');
        return viewRoutes(found);
      },
    );

    app.post(
      '/v1/routes/simulate',
      {
        config,
        schema: {
          operationId: 'simulateRoute',
          tags,
          summary: 'Which way a message would take, and why',
          description:
            'Decides as for a message, and sends nothing. With the strategy `weighted`, and where figures are explored, ' +
            'chance has its part: two calls may differ as two messages do.',
          body: SimulateBody,
          response: { 200: SimulationSchema },
        },
      },
      async ({ body, auth }) => {
        const { purpose, channel, sender, project = auth.projectId, mcc_mnc: mccMnc } = body;
        const facts = {
          ...recipientOf(body),
          purpose,
          channel,
          project,
          ...(sender !== undefined && { sender }),
          ...(mccMnc !== undefined && { mccMnc }),
        };
        return viewSimulation(routing, facts, now());
      },
    );

    app.get(
      '/v1/providers',
      {
        config,
        schema: {
          operationId: 'listProviders',
          tags,
          summary: 'The carriers, and how they do',
          description: 'Circuits are those of the instance that answers; figures are those of all instances.',
          response: { 200: ProvidersSchema },
        },
      },
      async () => viewProviders(routing, now()),
    );
  };
}

function recipientOf({
  to,
  channel,
}: {
  to: string;
  channel: RouteFacts['channel'];
}): Pick<RouteFacts, 'to' | 'country'> {
  if (channel === 'email') {
    const problem = senderProblem('email', to);
    if (problem) throw new Problem('invalid_request', { errors: [{ pointer: '/to', message: problem }] });
    return { to, country: null };
  }
  const phone = parsePhone(to);
  if (!phone) {
    throw new Problem('invalid_phone_number', { errors: [{ pointer: '/to', message: 'is not a valid phone number' }] });
  }
  return { to: phone.e164, country: phone.country };
}
