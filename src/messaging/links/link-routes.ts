import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { actorOf } from '../../audit/admin-event.ts';
import type { Database } from '../../db/open.ts';
import { createCursors, DEFAULT_LIMIT, pageQuery, toPage } from '../../http/pagination.ts';
import { closed, listOf, NullableTimestampSchema, TimestampSchema } from '../../http/schemas.ts';
import { type Now, toTimestamp } from '../../lib/clock.ts';
import { Problem } from '../../lib/errors.ts';
import type { Keyring } from '../../lib/keyring.ts';
import { LINK_ID, type LinkRow, linkIdOf, newLinkId, readTarget, shortUrlOf } from './link.ts';
import { createLink, findLink, type LinkOwner, linkFigures, listLinks } from './links.ts';
import type { ShortenerDeps } from './shorten.ts';

export interface LinkRoutesDeps extends Pick<ShortenerDeps, 'db' | 'hashKey' | 'days'> {
  db: Database;
  /** Null: neither it nor a public URL is configured. */
  baseUrl: string | null;
  keyring: Keyring;
  now: Now;
}

const tags = ['Links'];
const DAY_MS = 86_400_000;
const read = { scope: 'messages:read' } as const;
const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);
const UtmValue = Type.Optional(Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\p{C}]+$' }));

const LinkBody = Type.Object(
  {
    url: Type.String({ minLength: 8, maxLength: 2_000 }),
    utm: Type.Optional(
      Type.Object(
        { source: UtmValue, medium: UtmValue, campaign: UtmValue, term: UtmValue, content: UtmValue },
        { ...closed, description: 'Added to the address as `utm_…`, where it has none.' },
      ),
    ),
    expires_in_days: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 730, description: 'Default: by the configuration.' }),
    ),
  },
  closed,
);

const IdParams = Type.Object({ id: Type.String({ pattern: LINK_ID.source }) }, closed);
const filters = {
  campaign_id: Type.Optional(Type.String({ pattern: '^cmp_[0-9a-z]{26}$' })),
  message_id: Type.Optional(Type.String({ pattern: '^msg_[0-9a-z]{26}$' })),
};

const LinkSchema = Type.Object(
  {
    id: Type.String(),
    short_url: nullable(Type.String()),
    url: Type.String(),
    message_id: nullable(Type.String()),
    campaign_id: nullable(Type.String()),
    clicks: Type.Integer({ description: 'All requests for it, machines’ too.' }),
    human_clicks: Type.Integer({ description: 'Those that nothing shows to be a machine’s.' }),
    human_visitors: Type.Integer({ description: 'Different people, by network address and browser.' }),
    first_human_click_at: NullableTimestampSchema,
    last_human_click_at: NullableTimestampSchema,
    created_at: TimestampSchema,
    expires_at: TimestampSchema,
  },
  { ...closed, title: 'Link' },
);

const FiguresSchema = Type.Object(
  {
    links: Type.Integer(),
    clicks: Type.Integer(),
    human_clicks: Type.Integer(),
    human_visitors: Type.Integer({ description: 'Summed over the links.' }),
    messages_clicked: Type.Integer({ description: 'Messages of which a human followed at least one link.' }),
  },
  { ...closed, title: 'LinkFigures' },
);

export function linkRoutes(deps: LinkRoutesDeps): FastifyPluginAsyncTypebox {
  const { db, hashKey, baseUrl, days, now } = deps;
  const cursors = createCursors(deps.keyring, 'links');

  return async (app) => {
    app.post(
      '/v1/links',
      {
        config: { scope: 'messages:send', idempotent: true },
        schema: {
          operationId: 'createLink',
          tags,
          summary: 'Shorten an address',
          description: 'Needs `links.base_url` or `public_url` in the configuration.',
          body: LinkBody,
          response: { 201: LinkSchema },
        },
      },
      async (request, reply) => {
        if (baseUrl === null) throw new Problem('invalid_request', { detail: 'Links have no base_url yet.' });
        const { url, utm, expires_in_days: lifeDays = days } = request.body;
        const target = readTarget(url, utm);
        if (target.kind === 'invalid') {
          throw new Problem('invalid_request', { errors: [{ pointer: '/url', message: target.message }] });
        }
        const seed = request.idempotency?.seed;
        const at = now();
        const made = {
          id: seed === undefined ? newLinkId() : linkIdOf(hashKey, seed, 0),
          ...idsOf(ownerOf(request)),
          url: target.url,
          ...{ message_id: null, campaign_id: null, recipient_hash: null, recipient_masked: null },
          ...{ created_at: at, expires_at: at + lifeDays * DAY_MS },
          ...{ clicks: 0, human_clicks: 0, visitors: 0, first_click_at: null, last_click_at: null },
        };
        const row = await createLink(db, made, actorOf(request));
        reply.code(201).header('location', `${app.prefix}/v1/links/${row.id}`);
        return view(row);
      },
    );

    app.get(
      '/v1/links',
      {
        config: read,
        schema: {
          operationId: 'listLinks',
          tags,
          summary: 'Short links and who followed them, newest first',
          querystring: Type.Object({ ...filters, ...pageQuery }, closed),
          response: { 200: listOf(LinkSchema) },
        },
      },
      async (request) => {
        const { cursor, limit = DEFAULT_LIMIT } = request.query;
        const [at, id] = cursors.decode(cursor) ?? [];
        const before = at === undefined ? null : { at: Number(at), id: String(id) };
        const page = { before, limit: limit + 1 };
        const rows = await listLinks(db.kysely, ownerOf(request), filterOf(request.query), page);
        return toPage(rows, limit, cursors, (row) => [row.created_at, row.id], view);
      },
    );

    app.get(
      '/v1/links/figures',
      {
        config: read,
        schema: {
          operationId: 'linkFigures',
          tags,
          summary: 'Clicks of a campaign, a message or the project, summed up',
          querystring: Type.Object(filters, closed),
          response: { 200: FiguresSchema },
        },
      },
      async (request) => {
        const figures = await linkFigures(db.kysely, ownerOf(request), filterOf(request.query));
        const { links, clicks, humanClicks, visitors, messagesClicked } = figures;
        return {
          ...{ links, clicks, human_clicks: humanClicks },
          ...{ human_visitors: visitors, messages_clicked: messagesClicked },
        };
      },
    );

    app.get(
      '/v1/links/:id',
      {
        config: read,
        schema: {
          operationId: 'getLink',
          tags,
          summary: 'One link and who followed it',
          params: IdParams,
          response: { 200: LinkSchema },
        },
      },
      async (request) => {
        const found = await findLink(db.kysely, ownerOf(request), request.params.id);
        if (!found) throw new Problem('not_found');
        return view(found);
      },
    );
  };

  function view(row: LinkRow): Static<typeof LinkSchema> {
    const { id, url, message_id, campaign_id, clicks, human_clicks, visitors } = row;
    return {
      id,
      short_url: baseUrl === null ? null : shortUrlOf(baseUrl, id),
      ...{ url, message_id, campaign_id, clicks, human_clicks, human_visitors: visitors },
      first_human_click_at: timeOf(row.first_click_at),
      last_human_click_at: timeOf(row.last_click_at),
      created_at: toTimestamp(row.created_at),
      expires_at: toTimestamp(row.expires_at),
    };
  }
}

function ownerOf({ auth }: Pick<FastifyRequest, 'auth'>): LinkOwner {
  return { project: auth.projectId, mode: auth.mode };
}

const idsOf = ({ project, mode }: LinkOwner) => ({ project_id: project, mode });

function filterOf({ campaign_id, message_id }: { campaign_id?: string; message_id?: string }) {
  return { campaignId: campaign_id, messageId: message_id };
}

const timeOf = (ms: number | null) => (ms === null ? null : toTimestamp(ms));
