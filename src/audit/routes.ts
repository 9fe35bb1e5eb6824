import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Database } from '../db/open.ts';
import { createCursors, DEFAULT_LIMIT, pageQuery, toPage } from '../http/pagination.ts';
import { closed, listOf, TimestampSchema } from '../http/schemas.ts';
import { Problem } from '../lib/errors.ts';
import type { Keyring } from '../lib/keyring.ts';
import { EventSchema, viewEvent } from './event-view.ts';
import { fromEventRow } from './events-table.ts';
import { listEvents } from './list-events.ts';
import { readTimeRange } from './read-time-range.ts';

export interface EventRoutesDeps {
  db: Database;
  keyring: Keyring;
  /** The hash under which events of this number are filed; null when it is not a valid number. */
  recipientHash: (to: string) => string | null;
}

const ListQuery = Type.Object(
  {
    type: Type.Optional(
      Type.String({
        maxLength: 64,
        pattern: '^[a-z_]+\\.([a-z_]+|\\*)$',
        description: 'One type, or a family of them.',
        examples: ['verification.approved', 'verification.*'],
      }),
    ),
    verification_id: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' })),
    to: Type.Optional(
      Type.String({ minLength: 3, maxLength: 40, description: 'Phone number, in any usual spelling.' }),
    ),
    since: Type.Optional(TimestampSchema),
    until: Type.Optional(TimestampSchema),
    ...pageQuery,
  },
  closed,
);

export function eventRoutes({ db, keyring, recipientHash }: EventRoutesDeps): FastifyPluginAsyncTypebox {
  const cursors = createCursors(keyring, 'events');

  return async (app) => {
    app.get(
      '/v1/events',
      {
        config: { scope: 'events:read' },
        schema: {
          operationId: 'listEvents',
          tags: ['Events'],
          summary: 'Events of the project, newest first',
          description: 'Events of the key’s own project and mode. `since` is inclusive, `until` exclusive.',
          querystring: ListQuery,
          response: { 200: listOf(EventSchema) },
        },
      },
      async ({ auth, query }) => {
        const limit = query.limit ?? DEFAULT_LIMIT;
        const [before] = cursors.decode(query.cursor) ?? [];
        const rows = await listEvents(db.kysely, {
          project: auth.projectId,
          mode: auth.mode,
          type: query.type,
          verificationId: query.verification_id,
          recipientHash: query.to === undefined ? undefined : hashOf(query.to),
          ...readTimeRange(query.since, query.until),
          before: before === undefined ? undefined : Number(before),
          limit: limit + 1,
        });
        return toPage(
          rows,
          limit,
          cursors,
          (row) => [row.position],
          (row) => viewEvent(fromEventRow(row)),
        );
      },
    );
  };

  function hashOf(to: string): string {
    // `?to=+33…` that was not percent-encoded arrives with a space.
    const hash = recipientHash(to.replace(/^ /, '+'));
    if (hash === null) {
      throw new Problem('invalid_phone_number', {
        errors: [{ pointer: 'to', message: 'is not a valid phone number' }],
      });
    }
    return hash;
  }
}
