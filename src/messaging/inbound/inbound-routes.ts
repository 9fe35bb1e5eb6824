import type { KeyObject } from 'node:crypto';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Kysely } from 'kysely';
import { type Static, Type } from 'typebox';
import type { Schema } from '../../db/schema.ts';
import type { InboundRow } from '../../delivery/messages/keep-inbound.ts';
import { createCursors, DEFAULT_LIMIT, pageQuery, toPage } from '../../http/pagination.ts';
import { closed, listOf, NullableTimestampSchema, TimestampSchema } from '../../http/schemas.ts';
import { CHANNELS, type Channel } from '../../lib/channels.ts';
import { toTimestamp } from '../../lib/clock.ts';
import { Problem } from '../../lib/errors.ts';
import { type Owner, readAddressee } from '../consent/subject.ts';
import type { Place } from '../contacts/contacts-table.ts';
import { found, ownerOf, placeOf } from '../contacts/request-routes.ts';
import { idParams } from '../contacts/views.ts';
import { KEYWORD_ID } from './keyword.ts';
import type { TwoWayRoutesDeps } from './keyword-routes.ts';
import type { Survey } from './survey.ts';
import { listResponses, type SurveyResponseRow } from './survey-responses.ts';

const tags = ['Two-way'];
const nullable = Type.Union([Type.String(), Type.Null()]);

const InboundSchema = Type.Object(
  {
    id: Type.String(),
    channel: Type.Enum([...CHANNELS]),
    from: Type.String(),
    to: Type.String(),
    text: Type.String(),
    status: Type.Enum(['waiting', 'handled', 'failed']),
    handled_by: Type.Union([Type.String(), Type.Null()], {
      description: '`consent`, `keyword`, `survey`, …; null: nothing took it, a person may answer.',
    }),
    reason: Type.Union([Type.String(), Type.Null()], { description: 'Why it failed, or was not answered.' }),
    conversation_id: nullable,
    at: Type.Union([TimestampSchema, Type.Null()], { description: 'The carrier’s time.' }),
    received_at: TimestampSchema,
    handled_at: NullableTimestampSchema,
  },
  { ...closed, title: 'InboundMessage' },
);

const STATUSES = ['running', 'completed', 'expired', 'abandoned'] as const;

const ResponseSchema = Type.Object(
  {
    id: Type.String(),
    keyword_id: Type.String(),
    channel: Type.Enum([...CHANNELS]),
    from: Type.String(),
    to: Type.String(),
    status: Type.Enum([...STATUSES], { description: '`abandoned`: by STOP, or by answers that were none.' }),
    answers: Type.Array(Type.Object({ name: Type.String(), value: Type.String() }, closed)),
    created_at: TimestampSchema,
    updated_at: TimestampSchema,
  },
  { ...closed, title: 'SurveyResponse' },
);

export function inboundRoutes(deps: TwoWayRoutesDeps & { hashKey: KeyObject }): FastifyPluginAsyncTypebox {
  const { kysely } = deps.db;
  const cursors = createCursors(deps.keyring, 'inbound');
  const responseCursors = createCursors(deps.keyring, 'survey_responses');

  return async (app) => {
    app.get(
      '/v1/inbound',
      {
        config: { scope: 'messages:read' },
        schema: {
          operationId: 'listInboundMessages',
          tags,
          summary: 'Messages from phones, newest first',
          querystring: Type.Object(
            { from: Type.Optional(Type.String({ maxLength: 40, description: 'Who wrote.' })), ...pageQuery },
            closed,
          ),
          response: { 200: listOf(InboundSchema) },
        },
      },
      async (request) => {
        const { limit = DEFAULT_LIMIT, cursor, from } = request.query;
        // A `+` that was not percent-encoded arrives as a space.
        const who = from === undefined ? undefined : readAddressee(deps.hashKey, from.replace(/^ /, '+'));
        if (who === null) {
          throw new Problem('invalid_request', { errors: [{ pointer: 'from', message: 'is not a number' }] });
        }
        const rows = await listInbound(kysely, ownerOf(request), who?.hash, placeOf(cursors, cursor), limit + 1);
        return toPage(rows, limit, cursors, (row) => [row.received_at, row.id], viewInbound);
      },
    );

    app.get(
      '/v1/inbound/:id',
      {
        config: { scope: 'messages:read' },
        schema: {
          operationId: 'getInboundMessage',
          tags,
          summary: 'One message from a phone',
          params: idParams('^msg_[0-9a-hjkmnp-tv-z]{26}$'),
          response: { 200: InboundSchema },
        },
      },
      async (request) => {
        const own = ownInbound(kysely, ownerOf(request)).where('id', '=', request.params.id);
        return viewInbound(found(await own.executeTakeFirst()));
      },
    );

    app.get(
      '/v1/survey-responses',
      {
        config: { scope: 'conversations:read' },
        schema: {
          operationId: 'listSurveyResponses',
          tags,
          summary: 'What was answered to surveys, newest first',
          querystring: Type.Object(
            {
              keyword_id: Type.Optional(Type.String({ pattern: KEYWORD_ID })),
              status: Type.Optional(Type.Enum([...STATUSES])),
              ...pageQuery,
            },
            closed,
          ),
          response: { 200: listOf(ResponseSchema) },
        },
      },
      async (request) => {
        const { limit = DEFAULT_LIMIT, cursor, keyword_id: keywordId, status } = request.query;
        const place = placeOf(responseCursors, cursor);
        const rows = await listResponses(kysely, ownerOf(request), { keywordId, status }, place, limit + 1);
        return toPage(rows, limit, responseCursors, (row) => [row.created_at, row.id], viewResponse);
      },
    );
  };
}

function ownInbound(db: Kysely<Schema>, { project, mode }: Owner) {
  return db.selectFrom('inbound_messages').selectAll().where('project_id', '=', project).where('mode', '=', mode);
}

function listInbound(
  db: Kysely<Schema>,
  owner: Owner,
  from: string | undefined,
  before: Place | null,
  limit: number,
): Promise<InboundRow[]> {
  let query = ownInbound(db, owner);
  if (from !== undefined) query = query.where('sender_hash', '=', from);
  if (before) query = query.where((eb) => eb(eb.refTuple('received_at', 'id'), '<', eb.tuple(before.at, before.id)));
  return query.orderBy('received_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
}

export function viewInbound(row: InboundRow): Static<typeof InboundSchema> {
  const { id, channel, sender, recipient, text, due_at, handled_by, handled_at, reason, conversation_id } = row;
  return {
    ...{ id, channel: channel as Channel, from: sender, to: recipient, text },
    status: due_at !== null ? 'waiting' : handled_at === null ? 'failed' : 'handled',
    ...{ handled_by, reason, conversation_id },
    at: timeOf(row.at),
    received_at: toTimestamp(row.received_at),
    handled_at: timeOf(handled_at),
  };
}

export function viewResponse(row: SurveyResponseRow): Static<typeof ResponseSchema> {
  const { id, keyword_id, channel, address, number, status, created_at, updated_at } = row;
  const { questions }: Survey = JSON.parse(row.survey);
  const answers: string[] = JSON.parse(row.answers);
  return {
    ...{ id, keyword_id, channel: channel as Channel, from: address, to: number, status },
    answers: answers.map((value, index) => ({ name: questions[index]?.name ?? '', value })),
    ...{ created_at: toTimestamp(created_at), updated_at: toTimestamp(updated_at) },
  };
}

const timeOf = (ms: number | null) => (ms === null ? null : toTimestamp(ms));
