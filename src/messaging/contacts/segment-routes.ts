import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type Static, Type } from 'typebox';
import { analyzeNew } from '../../db/analyze-new.ts';
import { createCursors, DEFAULT_LIMIT, pageQuery, toPage } from '../../http/pagination.ts';
import { closed, listOf, TimestampSchema } from '../../http/schemas.ts';
import { toTimestamp } from '../../lib/clock.ts';
import { Problem } from '../../lib/errors.ts';
import { loadAttributes } from './attributes.ts';
import { countContacts, FILTERED_TABLES, filterCondition } from './audience.ts';
import type { Owner } from './contact.ts';
import type { ContactRoutesDeps } from './contact-routes.ts';
import { listContacts } from './contacts-table.ts';
import { checkFilter } from './filter/check-filter.ts';
import type { Filter } from './filter/filter.ts';
import { byOf, found, ownerOf, placeOf } from './request-routes.ts';
import { seededId } from './seeded-id.ts';
import * as table from './segments-table.ts';
import { ContactSchema, idParams, NamePattern, SEGMENT_ID, viewContact } from './views.ts';

const tags = ['Contacts'];
const READ = { scope: 'contacts:read' } as const;
const WRITE = { scope: 'contacts:write' } as const;
const params = idParams(SEGMENT_ID);
const MAX_SAMPLE = 20;

/** Checked by checkFilter, which says more than a schema that calls itself could. */
const FilterSchema = Type.Unknown({
  description:
    '`{ "all": […] }`, `{ "any": […] }`, `{ "not": … }` over conditions such as ' +
    '`{ "attribute": "age", "op": "gte", "value": 18 }`, `{ "tag": "vip" }`, `{ "country": ["FR", "BE"] }`, ' +
    '`{ "event": "replied", "last_days": 30 }`.',
  examples: [{ all: [{ tag: 'vip' }, { not: { country: 'FR' } }] }],
});

const SegmentSchema = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    filter: FilterSchema,
    created_at: TimestampSchema,
    updated_at: TimestampSchema,
  },
  { ...closed, title: 'Segment' },
);

const PreviewSchema = Type.Object(
  { count: Type.Integer(), sample: Type.Array(ContactSchema) },
  { ...closed, title: 'SegmentPreview' },
);

const sample = Type.Optional(Type.Integer({ minimum: 0, maximum: MAX_SAMPLE, default: 5 }));

export function segmentRoutes({ db, keyring, now }: Omit<ContactRoutesDeps, 'hashKey'>): FastifyPluginAsyncTypebox {
  const cursors = createCursors(keyring, 'segments');

  async function readFilter(owner: Owner, value: unknown): Promise<Filter> {
    const checked = checkFilter(value, await loadAttributes(db.kysely, owner));
    if ('errors' in checked) throw new Problem('invalid_request', { errors: checked.errors });
    return checked.filter;
  }

  async function preview(owner: Owner, filter: Filter, size: number): Promise<Static<typeof PreviewSchema>> {
    await analyzeNew(db, FILTERED_TABLES);
    const attributes = await loadAttributes(db.kysely, owner);
    const condition = await filterCondition(db, owner, filter, now(), attributes);
    const contacts = size === 0 ? [] : await listContacts(db, owner, [condition], null, size);
    return {
      count: await countContacts(db, owner, condition),
      sample: contacts.map((contact) => viewContact(contact, attributes)),
    };
  }

  return async (app) => {
    app.post(
      '/v1/segments',
      {
        config: { ...WRITE, idempotent: true },
        schema: {
          operationId: 'createSegment',
          tags,
          summary: 'Keep a filter: its contacts are found anew each time it is used',
          body: Type.Object({ name: Type.String(NamePattern), filter: FilterSchema }, closed),
          response: { 201: SegmentSchema },
        },
      },
      async (request, reply) => {
        const by = byOf(request);
        const filter = await readFilter(by.owner, request.body.filter);
        const id = seededId('seg', request.idempotency);
        const row = await table.createSegment(db, by, { id, name: request.body.name, filter }, now());
        reply.code(201).header('location', `${app.prefix}/v1/segments/${id}`);
        return view(row);
      },
    );

    app.post(
      '/v1/segments/preview',
      {
        config: READ,
        schema: {
          operationId: 'previewFilter',
          tags,
          summary: 'How many contacts a filter finds, and the newest of them',
          body: Type.Object({ filter: FilterSchema, sample }, closed),
          response: { 200: PreviewSchema },
        },
      },
      async (request) => {
        const owner = ownerOf(request);
        return preview(owner, await readFilter(owner, request.body.filter), request.body.sample ?? 5);
      },
    );

    app.get(
      '/v1/segments',
      {
        config: READ,
        schema: {
          operationId: 'listSegments',
          tags,
          summary: 'Segments, newest first',
          querystring: Type.Object(pageQuery, closed),
          response: { 200: listOf(SegmentSchema) },
        },
      },
      async (request) => {
        const { limit = DEFAULT_LIMIT, cursor } = request.query;
        const rows = await table.listSegments(db.kysely, ownerOf(request), placeOf(cursors, cursor), limit + 1);
        return toPage(rows, limit, cursors, (row) => [row.created_at, row.id], view);
      },
    );

    app.get(
      '/v1/segments/:id',
      {
        config: READ,
        schema: { operationId: 'getSegment', tags, summary: 'One segment', params, response: { 200: SegmentSchema } },
      },
      async (request) => view(found(await table.findSegment(db.kysely, ownerOf(request), request.params.id))),
    );

    app.get(
      '/v1/segments/:id/preview',
      {
        config: READ,
        schema: {
          operationId: 'previewSegment',
          tags,
          summary: 'How many contacts a segment has now, and the newest of them',
          params,
          querystring: Type.Object({ sample }, closed),
          response: { 200: PreviewSchema },
        },
      },
      async (request) => {
        const owner = ownerOf(request);
        const row = found(await table.findSegment(db.kysely, owner, request.params.id));
        return preview(owner, JSON.parse(row.filter) as Filter, request.query.sample ?? 5);
      },
    );

    app.patch(
      '/v1/segments/:id',
      {
        config: WRITE,
        schema: {
          operationId: 'updateSegment',
          tags,
          summary: 'Change a segment',
          params,
          body: Type.Object(
            { name: Type.Optional(Type.String(NamePattern)), filter: Type.Optional(FilterSchema) },
            { ...closed, minProperties: 1 },
          ),
          response: { 200: SegmentSchema },
        },
      },
      async (request) => {
        const by = byOf(request);
        const { name, filter } = request.body;
        const change = {
          ...(name !== undefined && { name }),
          ...(filter !== undefined && { filter: await readFilter(by.owner, filter) }),
        };
        return view(found(await table.changeSegment(db, by, request.params.id, change, now())));
      },
    );

    app.delete(
      '/v1/segments/:id',
      {
        config: WRITE,
        schema: {
          operationId: 'deleteSegment',
          tags,
          summary: 'Delete a segment',
          params,
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => {
        if (!(await table.deleteSegment(db, byOf(request), request.params.id, now()))) throw new Problem('not_found');
        return reply.code(204).send(null);
      },
    );
  };
}

function view({ id, name, filter, created_at, updated_at }: table.SegmentRow): Static<typeof SegmentSchema> {
  return {
    id,
    name,
    filter: JSON.parse(filter),
    created_at: toTimestamp(created_at),
    updated_at: toTimestamp(updated_at),
  };
}
