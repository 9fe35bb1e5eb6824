import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { actorOf } from '../audit/admin-event.ts';
import type { Database } from '../db/open.ts';
import { createCursors, DEFAULT_LIMIT, pageQuery, toPage } from '../http/pagination.ts';
import { closed, listOf } from '../http/schemas.ts';
import type { Auth } from '../lib/auth.ts';
import type { Now } from '../lib/clock.ts';
import { Problem } from '../lib/errors.ts';
import type { Keyring } from '../lib/keyring.ts';
import { findErasure, listErasures } from './erasures-table.ts';
import type { PrivacyWorker } from './privacy-worker.ts';
import { requestErasure } from './request-erasure.ts';
import { AddressSchema, ERASURE_ID, ErasureSchema, EverywhereSchema, viewErasure } from './schemas.ts';
import { hashOfSubject, requireAllProjects } from './who.ts';

export interface ErasureRoutesDeps {
  db: Database;
  keyring: Keyring;
  now: Now;
  /** Keyed hash of a number or an address; null when it is neither. */
  hashOf(address: string): string | null;
  /** Throws for a key that administers nothing. */
  requireAdministrator(request: { auth: Auth }): Promise<void>;
  worker: Pick<PrivacyWorker, 'wake'>;
}

const tags = ['Privacy'];
const config = { scope: 'privacy:write' } as const;

export function erasureRoutes(deps: ErasureRoutesDeps): FastifyPluginAsyncTypebox {
  const { db, now } = deps;
  const cursors = createCursors(deps.keyring, 'erasures');

  return async (app) => {
    app.post(
      '/v1/privacy/erasures',
      {
        config: { ...config, idempotent: true },
        schema: {
          operationId: 'requestErasure',
          tags,
          summary: 'Destroy what is kept of a person',
          description:
            'Everything of the project that is filed under this number or address: verifications (open ones are ' +
            'cancelled), messages both ways, and what events say of the person. A live key reaches test data too. ' +
            'It is on record when this is answered, carried out within seconds, and repeated for what comes late.',
          body: Type.Object({ to: AddressSchema, all_projects: Type.Optional(EverywhereSchema) }, closed),
          response: { 202: ErasureSchema },
        },
      },
      async (request, reply) => {
        const { to, all_projects: everywhere = false } = request.body;
        const hash = hashOfSubject(deps.hashOf, '/to', to);
        if (everywhere) {
          requireAllProjects(request);
          await deps.requireAdministrator(request);
        }
        const seed = request.idempotency?.seed;
        const asked = { hash, project: request.auth.projectId, everywhere, seed };
        const row = await requestErasure(deps, asked, actorOf(request), now());
        deps.worker.wake();
        reply.code(202).header('location', `${app.prefix}/v1/privacy/erasures/${row.id}`);
        return viewErasure(row);
      },
    );

    app.get(
      '/v1/privacy/erasures/:id',
      {
        config,
        schema: {
          operationId: 'getErasure',
          tags,
          summary: 'How far an erasure is',
          params: Type.Object({ id: Type.String({ pattern: ERASURE_ID.source }) }, closed),
          response: { 200: ErasureSchema },
        },
      },
      async ({ auth, params }) => {
        const row = await findErasure(db.kysely, { id: params.id, project: auth.projectId, mode: auth.mode });
        if (!row) throw new Problem('not_found');
        return viewErasure(row);
      },
    );

    app.get(
      '/v1/privacy/erasures',
      {
        config,
        schema: {
          operationId: 'listErasures',
          tags,
          summary: 'Erasures, newest first',
          querystring: Type.Object(pageQuery, closed),
          response: { 200: listOf(ErasureSchema) },
        },
      },
      async ({ auth, query }) => {
        const limit = query.limit ?? DEFAULT_LIMIT;
        const [at, id] = cursors.decode(query.cursor) ?? [];
        const after = at === undefined ? null : { at: Number(at), id: String(id) };
        const whose = { project: auth.projectId, mode: auth.mode };
        const rows = await listErasures(db.kysely, { ...whose, after, limit: limit + 1 });
        return toPage(rows, limit, cursors, (row) => [row.requested_at, row.id], viewErasure);
      },
    );
  };
}
