import type { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { adminEvent } from '../../audit/admin-event.ts';
import { createOpenExports } from '../../audit/export/open-exports.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import { writeTransaction } from '../../db/transaction.ts';
import { closed } from '../../http/schemas.ts';
import { Problem } from '../../lib/errors.ts';
import { loadAttributes } from './attributes.ts';
import type { ContactRoutesDeps } from './contact-routes.ts';
import { CONTACT_FORMATS, exportContacts } from './export-contacts.ts';
import { conditionsOf } from './find-conditions.ts';
import { byOf } from './request-routes.ts';
import { ContactsQuery } from './views.ts';

const { list_id, segment_id, tag } = ContactsQuery.properties;
const text = { schema: Type.Unsafe<Readable>(Type.String()) };
/** How old the answer may be whether a key still holds. */
const CHECK_MS = 500;

export function contactExportRoutes({
  db,
  hashKey,
  now,
}: Omit<ContactRoutesDeps, 'keyring'>): FastifyPluginAsyncTypebox {
  const exports = createOpenExports();

  return async (app) => {
    app.get(
      '/v1/contacts/export',
      {
        config: { scope: 'contacts:read' },
        exposeHeadRoute: false,
        schema: {
          operationId: 'exportContacts',
          tags: ['Contacts'],
          summary: 'Contacts as one stream, newest first',
          description:
            'CSV is safe to open in a spreadsheet, and can be imported again. An answer that breaks off ends without ' +
            'the last chunk. Each export is an event.',
          querystring: Type.Object(
            { format: Type.Optional(Type.Enum(['csv', 'ndjson'], { default: 'csv' })), list_id, segment_id, tag },
            closed,
          ),
          response: { 200: { content: { 'text/csv': text, 'application/x-ndjson': text } } },
        },
      },
      async (request, reply) => {
        const { format = 'csv', ...query } = request.query;
        const { owner, actor } = byOf(request);
        const conditions = await conditionsOf({ db, hashKey, now: now() }, owner, query);
        const attributes = await loadAttributes(db.kysely, owner);
        const pages = exportContacts(db, owner, { format, conditions, attributes });
        const stream = exports.open(pages, () => request.isStillAllowed(CHECK_MS));
        if (!stream) {
          throw new Problem('overloaded', { detail: 'Too many exports are open.', retryAfterSeconds: 30 });
        }
        try {
          // Before the first row leaves: what was not recorded is not exported.
          const event = adminEvent('contacts.exported', owner.project, actor, now(), { format, ...query });
          await writeTransaction(db, {}, (trx) => insertEvents(trx, [event]));
        } catch (error) {
          stream.destroy();
          throw error;
        }
        const { contentType, extension } = CONTACT_FORMATS[format];
        return reply
          .header('content-type', contentType)
          .header('content-disposition', `attachment; filename="contacts.${extension}"`)
          .header('x-accel-buffering', 'no')
          .send(stream);
      },
    );
  };
}
