import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Database } from '../db/open.ts';
import { createCursors, DEFAULT_LIMIT, pageQuery, toPage } from '../http/pagination.ts';
import { closed, listOf, TimestampSchema } from '../http/schemas.ts';
import { MAX_EMAIL_LENGTH } from '../lib/email.ts';
import { Problem } from '../lib/errors.ts';
import type { Keyring } from '../lib/keyring.ts';
import { ListedEventSchema, viewListedEvent } from './event-view.ts';
import { fromEventRow } from './events-table.ts';
import { findLogIndexes, findVerificationsOfEmail, listEvents } from './list-events.ts';
import { readTimeRange } from './read-time-range.ts';

export interface EventRoutesDeps {
  db: Database;
  keyring: Keyring;
  /** The hash under which events of this number or address are filed; null when it is neither. */
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
      Type.String({
        minLength: 3,
        maxLength: MAX_EMAIL_LENGTH,
        description: 'Phone number, in any usual spelling, or e-mail address.',
      }),
    ),
    since: Type.Optional(TimestampSchema),
    until: Type.Optional(TimestampSchema),
    ...pageQuery,
  },
  closed,
);

export function eventRoutes({ db, keyring, recipientHash: hashRecipient }: EventRoutesDeps): FastifyPluginAsyncTypebox {
  const cursors = createCursors(keyring, 'events');

  return async (app) => {
    app.get(
      '/v1/events',
      {
        config: { scope: 'events:read', orScope: 'audit:read' },
        schema: {
          operationId: 'listEvents',
          tags: ['Events'],
          summary: 'Events of the project, newest first',
          description:
            'Events of the key’s own project and mode. `since` is inclusive, `until` exclusive. The types: docs/guides/events.md.',
          querystring: ListQuery,
          response: { 200: listOf(ListedEventSchema) },
        },
      },
      async ({ auth, query }) => {
        const limit = query.limit ?? DEFAULT_LIMIT;
        const [before] = cursors.decode(query.cursor) ?? [];
        const who = { project: auth.projectId, mode: auth.mode };
        const recipientHash = query.to === undefined ? undefined : hashOf(query.to);
        const orVerificationIds =
          recipientHash !== undefined && query.to?.includes('@')
            ? await findVerificationsOfEmail(db, { ...who, emailHash: recipientHash })
            : [];
        const rows = await listEvents(db.kysely, {
          ...who,
          type: query.type,
          verificationId: query.verification_id,
          recipientHash,
          orVerificationIds,
          ...readTimeRange(query.since, query.until),
          before: before === undefined ? undefined : Number(before),
          limit: limit + 1,
        });
        const sealed = await findLogIndexes(db.kysely, rows);
        return toPage(
          rows,
          limit,
          cursors,
          (row) => [row.position],
          (row) => viewListedEvent(fromEventRow(row), sealed.get(row.id)),
        );
      },
    );
  };

  function hashOf(to: string): string {
    // `?to=+33…` that was not percent-encoded arrives with a space.
    const hash = hashRecipient(to.replace(/^ /, '+'));
    if (hash === null) {
      const [code, what] = to.includes('@')
        ? (['invalid_request', 'e-mail address'] as const)
        : (['invalid_phone_number', 'phone number'] as const);
      throw new Problem(code, { errors: [{ pointer: 'to', message: `is not a valid ${what}` }] });
    }
    return hash;
  }
}
