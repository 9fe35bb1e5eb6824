import type { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Database } from '../../db/open.ts';
import { closed, TimestampSchema } from '../../http/schemas.ts';
import type { Now } from '../../lib/clock.ts';
import { Problem } from '../../lib/errors.ts';
import { actorOf } from '../admin-event.ts';
import { feedEnd } from '../feed.ts';
import { readTimeRange } from '../read-time-range.ts';
import { exportEvents } from './export-events.ts';
import { createOpenExports } from './open-exports.ts';
import { recordExport } from './record-export.ts';
import { EXPORT_FORMATS, rowFormats } from './row-format.ts';

export interface ExportRoutesDeps {
  db: Database;
  now: Now;
}

/** How old the answer may be whether a key still holds. */
const CHECK_MS = 500;
const RETRY_SECONDS = 30;

const ExportQuery = Type.Object(
  {
    format: Type.Optional(
      Type.Enum([...EXPORT_FORMATS], {
        default: 'ndjson',
        description:
          '`ndjson`: one Event a line, with `log_index` and `leaf`; `csv`: with a header, safe to open in a ' +
          'spreadsheet; `ocsf`: one event of the Open Cybersecurity Schema Framework a line; `cef`: ArcSight CEF.',
      }),
    ),
    since: Type.Optional(TimestampSchema),
    until: Type.Optional(TimestampSchema),
    cursor: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: 'Goes on after this row: the `log_index` of the last one that arrived whole.',
      }),
    ),
    proof: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'With `ndjson`: also lines that hold only hashes, of everything that is not shown, so that ' +
          '`countersign audit verify` can make the roots that checkpoints sign.',
      }),
    ),
  },
  closed,
);

export function exportRoutes({ db, now }: ExportRoutesDeps): FastifyPluginAsyncTypebox {
  const exports = createOpenExports();
  const content = { schema: Type.Unsafe<Readable>(Type.String()) };

  return async (app) => {
    app.get(
      '/v1/audit/export',
      {
        config: { scope: 'audit:read' },
        exposeHeadRoute: false,
        schema: {
          operationId: 'exportEvents',
          tags: ['Audit'],
          summary: 'Events of the project in the order of the log, as one stream',
          description:
            'Events of the key’s own project and mode, oldest first, up to what is sealed when the export ends. ' +
            '`since` is inclusive, `until` exclusive. An answer that breaks off ends without the last chunk; ' +
            'ask again with `cursor`. Each export is an event.',
          querystring: ExportQuery,
          response: {
            200: { content: { 'application/x-ndjson': content, 'text/csv': content, 'text/plain': content } },
          },
        },
      },
      async (request, reply) => {
        const { auth, query } = request;
        const { format = 'ndjson', proof = false, cursor } = query;
        if (proof && format !== 'ndjson') refuse('proof', 'is for ndjson only');
        if (cursor !== undefined && cursor >= (await feedEnd(db.kysely)))
          refuse('cursor', 'is past the end of the log');
        const time = readTimeRange(query.since, query.until);
        const range = {
          of: { project: auth.projectId, mode: auth.mode },
          since: time.since ?? null,
          until: time.until ?? null,
          after: cursor ?? null,
        };
        const options = { format, range, proof };
        const stream = exports.open(exportEvents(db.kysely, options), () => request.isStillAllowed(CHECK_MS));
        if (!stream) {
          throw new Problem('overloaded', { detail: 'Too many exports are open.', retryAfterSeconds: RETRY_SECONDS });
        }
        try {
          await recordExport(db, options, auth.projectId, actorOf(request), now());
        } catch (error) {
          stream.destroy();
          throw error;
        }
        const { contentType, extension } = rowFormats[format];
        return reply
          .header('content-type', contentType)
          .header('content-disposition', `attachment; filename="countersign-events.${extension}"`)
          .header('x-accel-buffering', 'no')
          .send(stream);
      },
    );
  };
}

function refuse(pointer: string, message: string): never {
  throw new Problem('invalid_request', { errors: [{ pointer, message }] });
}
