import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type Static, Type } from 'typebox';
import { createCursors, DEFAULT_LIMIT, pageQuery, toPage } from '../../http/pagination.ts';
import { closed, listOf, TimestampSchema } from '../../http/schemas.ts';
import type { Auth } from '../../lib/auth.ts';
import { toTimestamp } from '../../lib/clock.ts';
import { Problem } from '../../lib/errors.ts';
import { byOf, ownerOf } from '../contacts/request-routes.ts';
import { NUMBER } from './keyword.ts';
import type { TwoWayRoutesDeps } from './keyword-routes.ts';
import { claimNumber, listNumbers, type NumberRow, releaseNumber } from './numbers-table.ts';

export interface NumberRoutesDeps extends TwoWayRoutesDeps {
  requireAdministrator(request: { auth: Auth }): Promise<void>;
}

const tags = ['Two-way'];
const WRITE = { scope: 'settings:write' } as const;
const params = Type.Object(
  { number: Type.String({ ...NUMBER, description: 'Number, short code or name, as carriers report it.' }) },
  closed,
);

const NumberSchema = Type.Object(
  { number: Type.String(), created_at: TimestampSchema },
  { ...closed, title: 'Number' },
);

export function numberRoutes(deps: NumberRoutesDeps): FastifyPluginAsyncTypebox {
  const { db, now } = deps;
  const cursors = createCursors(deps.keyring, 'numbers');

  return async (app) => {
    app.addHook('onRequest', deps.requireAdministrator);

    app.put(
      '/v1/numbers/:number',
      {
        config: WRITE,
        schema: {
          operationId: 'claimNumber',
          tags,
          summary: 'Have what is written to a number',
          description:
            'From now on, in the mode of the key; and what nobody had, the newest thousand messages of the last seven days. Of those ' +
            'STOP is acted upon, and none is answered. Without it, a message from a phone goes to the project that last wrote to ' +
            'that phone from that number.',
          params,
          response: { 200: NumberSchema },
        },
      },
      async (request) => {
        const row = await claimNumber(db, byOf(request), request.params.number, now());
        if (!row) throw new Problem('name_taken', { detail: 'The number is another project’s.' });
        return view(row);
      },
    );

    app.get(
      '/v1/numbers',
      {
        config: WRITE,
        schema: {
          operationId: 'listNumbers',
          tags,
          summary: 'Numbers of the project',
          querystring: Type.Object(pageQuery, closed),
          response: { 200: listOf(NumberSchema) },
        },
      },
      async (request) => {
        const { limit = DEFAULT_LIMIT, cursor } = request.query;
        const [after = ''] = cursors.decode(cursor) ?? [];
        const rows = await listNumbers(db.kysely, ownerOf(request), String(after), limit + 1);
        return toPage(rows, limit, cursors, (row) => [row.number_key], view);
      },
    );

    app.delete(
      '/v1/numbers/:number',
      {
        config: WRITE,
        schema: {
          operationId: 'releaseNumber',
          tags,
          summary: 'Have no more of what is written to a number',
          params,
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => {
        if (!(await releaseNumber(db, byOf(request), request.params.number, now()))) throw new Problem('not_found');
        return reply.code(204).send(null);
      },
    );
  };
}

const view = ({ number, created_at }: NumberRow): Static<typeof NumberSchema> => ({
  number,
  created_at: toTimestamp(created_at),
});
