import type { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { createOpenExports } from '../../../audit/export/open-exports.ts';
import { createCursors, DEFAULT_LIMIT, pageQuery, toPage } from '../../../http/pagination.ts';
import { closed, listOf } from '../../../http/schemas.ts';
import { bytesOf, fileOfForm } from '../../../http/upload-body.ts';
import type { JobQueue } from '../../../jobs/queue.ts';
import { Problem } from '../../../lib/errors.ts';
import { newId } from '../../../lib/ids.ts';
import { MAX_TAGS, TAG_PATTERN } from '../contact.ts';
import type { ContactRoutesDeps } from '../contact-routes.ts';
import { findList } from '../lists-table.ts';
import { isCountry } from '../read-contact.ts';
import { byOf, found, ownerOf, placeOf, refuseErrors } from '../request-routes.ts';
import { IMPORT_ID, idParams } from '../views.ts';
import { MAX_BYTES } from './import.ts';
import { importErrors } from './import-errors.ts';
import { hasEnded, ImportQuery, ImportSchema, viewImport } from './import-views.ts';
import { cancelImport, findImport, listImports } from './imports-table.ts';
import { keepUpload } from './keep-upload.ts';
import { createProgressStreams } from './progress-stream.ts';

export interface ImportRoutesDeps extends Omit<ContactRoutesDeps, 'hashKey'> {
  imports: { queue: JobQueue };
}

const tags = ['Contacts'];
const READ = { scope: 'contacts:read' } as const;
const WRITE = { scope: 'contacts:write' } as const;
const params = idParams(IMPORT_ID);
const text = { schema: Type.Unsafe<Readable>(Type.String()) };
const body = Type.Unsafe<AsyncIterable<Buffer>>({});
/** How old the answer may be whether a key still holds. */
const CHECK_MS = 500;

export function importRoutes(deps: ImportRoutesDeps): FastifyPluginAsyncTypebox {
  const { db, keyring, now } = deps;
  const cursors = createCursors(keyring, 'contact-imports');
  const streams = createProgressStreams();
  const downloads = createOpenExports();

  return async (app) => {
    app.addHook('preClose', async () => streams.closeAll());
    await app.register(uploads(deps));

    app.get(
      '/v1/contacts/imports',
      {
        config: READ,
        schema: {
          operationId: 'listContactImports',
          tags,
          summary: 'Imports, newest first',
          querystring: Type.Object(pageQuery, closed),
          response: { 200: listOf(ImportSchema) },
        },
      },
      async (request) => {
        const { limit = DEFAULT_LIMIT, cursor } = request.query;
        const rows = await listImports(db.kysely, ownerOf(request), placeOf(cursors, cursor), limit + 1);
        return toPage(rows, limit, cursors, (row) => [row.created_at, row.id], viewImport);
      },
    );

    app.get(
      '/v1/contacts/imports/:id',
      {
        config: READ,
        schema: {
          operationId: 'getContactImport',
          tags,
          summary: 'One import',
          params,
          response: { 200: ImportSchema },
        },
      },
      async (request) => viewImport(found(await findImport(db.kysely, ownerOf(request), request.params.id))),
    );

    app.get(
      '/v1/contacts/imports/:id/stream',
      {
        config: READ,
        exposeHeadRoute: false,
        schema: {
          operationId: 'streamContactImport',
          tags,
          summary: 'An import while it goes on, as server-sent events',
          description: 'Each is the import as it is then. The stream ends with the import.',
          params,
          response: { 200: { content: { 'text/event-stream': text } } },
        },
      },
      async (request, reply) => {
        const [owner, { id }] = [ownerOf(request), request.params];
        found(await findImport(db.kysely, owner, id));
        const read = async () => {
          const row = await findImport(db.kysely, owner, id);
          return row ? { view: viewImport(row), ended: hasEnded(row) } : null;
        };
        const stream = streams.open(read, () => request.isStillAllowed(CHECK_MS));
        if (!stream) throw new Problem('overloaded', { detail: 'Too many streams are open.', retryAfterSeconds: 5 });
        return reply.header('content-type', 'text/event-stream').header('x-accel-buffering', 'no').send(stream);
      },
    );

    app.get(
      '/v1/contacts/imports/:id/errors',
      {
        config: READ,
        exposeHeadRoute: false,
        schema: {
          operationId: 'getContactImportErrors',
          tags,
          summary: 'Rows that were not taken, and why, as CSV',
          description: 'Safe to open in a spreadsheet. Row 1 is the first one after the header. Kept for 30 days.',
          params,
          response: { 200: { content: { 'text/csv': text } } },
        },
      },
      async (request, reply) => {
        const { id } = found(await findImport(db.kysely, ownerOf(request), request.params.id));
        const stream = downloads.open(importErrors(db.kysely, id), () => request.isStillAllowed(CHECK_MS));
        if (!stream) throw new Problem('overloaded', { detail: 'Too many downloads are open.', retryAfterSeconds: 30 });
        return reply
          .header('content-type', 'text/csv; charset=utf-8; header=present')
          .header('content-disposition', `attachment; filename="${id}-errors.csv"`)
          .send(stream);
      },
    );

    app.post(
      '/v1/contacts/imports/:id/cancel',
      {
        config: WRITE,
        schema: {
          operationId: 'cancelContactImport',
          tags,
          summary: 'Stop an import; what was worked in stays',
          params,
          response: { 200: ImportSchema },
        },
      },
      async (request) => viewImport(found(await cancelImport(db, byOf(request), request.params.id, now()))),
    );
  };
}

/** In a context of its own, where a body is a stream. */
function uploads({ db, now, imports }: ImportRoutesDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('text/csv', (_request, body, done) => done(null, bytesOf(body)));
    app.addContentTypeParser('multipart/form-data', (request, body, done) =>
      done(null, fileOfForm(body, request.headers['content-type'] ?? '')),
    );

    app.post(
      '/v1/contacts/import',
      {
        config: { ...WRITE, anyContent: true },
        bodyLimit: MAX_BYTES,
        schema: {
          operationId: 'importContacts',
          tags,
          summary: 'Import contacts from CSV',
          description:
            'As the body, or as the one file of a form. UTF-8, UTF-16 or Windows-1252, with a header; delimiter and ' +
            'charset are found out. The answer comes when the file is there; it is worked in afterwards, by any ' +
            'process, and survives each of them. Contacts are ' +
            `told by external id and addresses, so that a file may be imported again. At most ${MAX_BYTES / 1024 / 1024} MiB.`,
          querystring: ImportQuery,
          body: { content: { 'text/csv': { schema: body }, 'multipart/form-data': { schema: body } } },
          response: { 202: ImportSchema },
        },
      },
      async (request, reply) => {
        const { query } = request;
        const by = byOf(request);
        if (!request.body) throw new Problem('unsupported_media_type', { detail: NOT_CSV });
        if (query.list_id !== undefined && !(await findList(db.kysely, by.owner, query.list_id))) {
          refuseErrors([{ pointer: 'list_id', message: 'is no list' }]);
        }
        if (query.country !== undefined && !isCountry(query.country)) {
          refuseErrors([{ pointer: 'country', message: 'is not a country of ISO 3166-1' }]);
        }
        const options = {
          onConflict: query.on_conflict ?? 'update',
          dryRun: query.dry_run ?? false,
          list: query.list_id ?? null,
          tags: readTags(query.tags),
          country: query.country ?? null,
        };
        const charset = readCharset(request.headers['content-type']);
        const wanted = {
          ...{ id: newId('imp'), options, mapping: readMapping(query.mapping) },
          ...(query.delimiter !== undefined && { delimiter: query.delimiter }),
          ...(charset !== undefined && { charset }),
        };
        const kept = await keepUpload(
          { db, queue: imports.queue },
          by,
          wanted,
          request.body as AsyncIterable<Buffer>,
          now,
        );
        switch (kept.kind) {
          case 'too_large':
            throw new Problem('body_too_large');
          case 'refused':
            throw new Problem('invalid_request', { errors: kept.errors });
          case 'kept':
            reply.code(202).header('location', `${app.prefix}/v1/contacts/imports/${kept.row.id}`);
            return viewImport(kept.row);
        }
      },
    );
  };
}

const NOT_CSV = 'It must be text/csv, or multipart/form-data with one file.';
const TAG = new RegExp(TAG_PATTERN, 'u');

function readTags(text: string | undefined): string[] {
  const given = (text ?? '').split(',').map((tag) => tag.trim());
  const wanted = given.filter((tag) => tag !== '');
  if (wanted.length > MAX_TAGS || wanted.some((tag) => !TAG.test(tag))) {
    refuseErrors([{ pointer: 'tags', message: 'are not tags' }]);
  }
  return [...new Set(wanted)];
}

function readMapping(text: string | undefined): Record<string, string | null> {
  if (text === undefined) return {};
  const value = parse(text);
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const entries = isObject ? Object.entries(value) : [];
  if (!isObject || !entries.every(([, field]) => field === null || typeof field === 'string')) {
    refuseErrors([{ pointer: 'mapping', message: 'must be a JSON object of texts' }]);
  }
  return Object.fromEntries(entries) as Record<string, string | null>;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const CHARSETS = ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252', 'iso-8859-1'];

/** RFC 7111 §5.1 */
function readCharset(contentType: string | undefined): string | undefined {
  const charset = /;\s*charset="?([^";\s]+)/i.exec(contentType ?? '')?.[1]?.toLowerCase();
  if (charset === undefined || CHARSETS.includes(charset)) return charset;
  throw new Problem('unsupported_media_type', { detail: `The charset must be one of ${CHARSETS.join(', ')}.` });
}
