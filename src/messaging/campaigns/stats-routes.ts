import type { KeyObject } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { actorOf } from '../../audit/admin-event.ts';
import type { Database } from '../../db/open.ts';
import { closed, NullableTimestampSchema, TimestampSchema } from '../../http/schemas.ts';
import { type Now, toTimestamp } from '../../lib/clock.ts';
import { Problem } from '../../lib/errors.ts';
import { readAddressee } from '../consent/subject.ts';
import { createProgressStreams } from '../contacts/imports/progress-stream.ts';
import { found, ownerOf } from '../contacts/request-routes.ts';
import { CONTACT_ID, idParams } from '../contacts/views.ts';
import { CAMPAIGN_ID, type CampaignRow } from './campaign.ts';
import { createSums } from './campaign-figures.ts';
import { findCampaign } from './campaigns-table.ts';
import { type Conversion, recordConversion } from './conversions.ts';
import { createProgressReader } from './progress.ts';
import { type CampaignStats, toStats } from './stats.ts';
import { CALL_ENDINGS, type Figures } from './stats-figures.ts';

const tags = ['Campaigns'];
const params = idParams(CAMPAIGN_ID);
/** Larger campaigns are not counted for each who asks. */
const COUNTED_AT_ONCE = 10_000;
/** How old the answer may be whether a key still holds. */
const CHECK_MS = 500;
/** How far the clock of whoever tells of a conversion may be ahead. */
const SKEW_MS = 300_000;

const MoneySchema = Type.Object({ amount: Type.String(), currency: Type.String() }, closed);
const Rate = (description: string) => Type.Union([Type.Number(), Type.Null()], { description });

const FiguresSchema = Type.Object(
  {
    variant: Type.Union([Type.String(), Type.Null()]),
    recipients: Type.Integer(),
    sent: Type.Integer({ description: 'A carrier took it.' }),
    unknown: Type.Integer({ description: 'It may have been sent.' }),
    delivered: Type.Integer(),
    read: Type.Integer(),
    clicked: Type.Integer({ description: 'People who followed a link; machines are told apart.' }),
    opted_out: Type.Integer({ description: 'Within seven days after it, as are replies.' }),
    replied: Type.Integer(),
    converted: Type.Integer({ description: 'People.' }),
    conversions: Type.Integer(),
    calls: Type.Optional(
      Type.Object(Object.fromEntries(CALL_ENDINGS.map((name) => [name, Type.Integer()])), {
        ...closed,
        description: 'By call: how those calls ended that were not heard to the end; those that were are `delivered`.',
      }),
    ),
    arrival_rate: Rate(
      'Delivered of sent. Rates are of those whose messages are still kept, and null where there is nothing to divide by.',
    ),
    click_rate: Rate('Clicked of delivered, as are the next ones.'),
    opt_out_rate: Rate('Opted out.'),
    reply_rate: Rate('Replied.'),
    conversion_rate: Rate('Converted.'),
  },
  { ...closed, title: 'CampaignFigures' },
);

const StatsSchema = Type.Object(
  {
    total: FiguresSchema,
    variants: Type.Array(FiguresSchema),
    winner: Type.Union([
      Type.Object(
        {
          variant: Type.Union([Type.String(), Type.Null()]),
          decided_at: NullableTimestampSchema,
          decides_at: TimestampSchema,
        },
        closed,
      ),
      Type.Null(),
    ]),
    cost: Type.Array(MoneySchema),
    value: Type.Array(MoneySchema, { description: 'Of conversions.' }),
    counted_at: TimestampSchema,
    counting: Type.Boolean({ description: 'Newer figures are being counted: ask again in a moment.' }),
  },
  { ...closed, title: 'CampaignStats' },
);

const ConversionBody = Type.Object(
  {
    reference: Type.String({ minLength: 1, maxLength: 128, description: 'Yours, for example an order’s: told once.' }),
    contact_id: Type.Optional(Type.String({ pattern: CONTACT_ID })),
    to: Type.Optional(Type.String({ maxLength: 254, description: 'In place of `contact_id`: whom it was sent to.' })),
    value: Type.Optional(
      Type.Object(
        {
          amount: Type.String({ pattern: '^\\d{1,9}(?:\\.\\d{1,6})?$' }),
          currency: Type.String({ pattern: '^[A-Z]{3}$' }),
        },
        closed,
      ),
    ),
    at: Type.Optional(TimestampSchema),
  },
  closed,
);

const ConversionSchema = Type.Object(
  {
    reference: Type.String(),
    contact_id: Type.String(),
    variant: Type.Union([Type.String(), Type.Null()]),
    value: Type.Union([MoneySchema, Type.Null()]),
    at: TimestampSchema,
  },
  { ...closed, title: 'CampaignConversion' },
);

export interface StatsRoutesDeps {
  db: Database;
  hashKey: KeyObject;
  now: Now;
}

/** How a campaign goes, and what came of it. */
export function campaignStatsRoutes({ db, hashKey, now }: StatsRoutesDeps): FastifyPluginAsyncTypebox {
  const find = async (request: FastifyRequest<{ Params: { id: string } }>) =>
    found(await findCampaign(db.kysely, ownerOf(request), request.params.id));

  function readWho({ contact_id, to }: Static<typeof ConversionBody>): Conversion['who'] {
    const refuse = (pointer: string, message: string) =>
      new Problem('invalid_request', { errors: [{ pointer, message }] });
    if ((contact_id === undefined) === (to === undefined)) throw refuse('/contact_id', 'or to: give one of them');
    if (contact_id !== undefined) return { contactId: contact_id };
    const addressee = readAddressee(hashKey, to ?? '');
    if (!addressee) throw refuse('/to', 'is not a number or an address');
    return { addressHash: addressee.hash };
  }

  function readAt({ started_at }: Pick<CampaignRow, 'started_at'>, given: string | undefined): number {
    const latest = now() + SKEW_MS;
    const at = given === undefined ? now() : Date.parse(given);
    if (at <= latest && at >= (started_at ?? 0)) return at;
    const message = at > latest ? 'is in the future' : 'is before the campaign started';
    throw new Problem('invalid_request', { errors: [{ pointer: '/at', message }] });
  }

  return async (app) => {
    const streams = createProgressStreams();
    const readProgress = createProgressReader(db, now);
    const sums = createSums(db, now, COUNTED_AT_ONCE);
    app.addHook('preClose', async () => streams.closeAll());

    app.get(
      '/v1/campaigns/:id/stats',
      {
        config: { scope: 'campaigns:read' },
        schema: {
          operationId: 'getCampaignStats',
          tags,
          summary: 'What came of a campaign: arrivals, clicks, replies, conversions, cost',
          params,
          response: { 200: StatsSchema },
        },
      },
      async (request) => {
        const campaign = await find(request);
        const { value, countedAt, counting } = await sums.read(campaign);
        return { ...viewStats(toStats(campaign, value)), counted_at: toTimestamp(countedAt), counting };
      },
    );

    app.get(
      '/v1/campaigns/:id/stream',
      {
        config: { scope: 'campaigns:read' },
        exposeHeadRoute: false,
        schema: {
          operationId: 'streamCampaign',
          tags,
          summary: 'A campaign while it goes on, as server-sent events',
          description: 'Each is the campaign as it is then. The stream ends with the campaign.',
          params,
          response: { 200: { content: { 'text/event-stream': { schema: Type.Unsafe<Readable>(Type.String()) } } } },
        },
      },
      async (request, reply) => {
        const { id } = await find(request);
        const owner = ownerOf(request);
        const stream = streams.open(
          () => readProgress(owner, id),
          () => request.isStillAllowed(CHECK_MS),
        );
        if (!stream) throw new Problem('overloaded', { detail: 'Too many streams are open.', retryAfterSeconds: 5 });
        return reply.header('content-type', 'text/event-stream').header('x-accel-buffering', 'no').send(stream);
      },
    );

    app.post(
      '/v1/campaigns/:id/conversions',
      {
        config: { scope: 'campaigns:write', idempotent: true },
        schema: {
          operationId: 'recordCampaignConversion',
          tags,
          summary: 'Somebody did what a campaign was for',
          description:
            'By its `reference` each counts once, however often it is told; `at` is after the campaign’s start. Once an ' +
            'old campaign is added up, it is too late (`wrong_campaign_state`).',
          params,
          body: ConversionBody,
          response: { 201: ConversionSchema },
        },
      },
      async (request, reply) => {
        const { reference, value = null, at } = request.body;
        const campaign = await find(request);
        const conversion = { ...{ reference, value, who: readWho(request.body) }, at: readAt(campaign, at) };
        const row = await recordConversion(db, campaign, conversion, actorOf(request), now());
        if (row === 'too_late') {
          throw new Problem('wrong_campaign_state', {
            detail: 'What came of it is added up: conversions come too late.',
            extensions: { campaign_status: campaign.status },
          });
        }
        if (!row) {
          throw new Problem('invalid_request', {
            errors: [
              { pointer: request.body.to === undefined ? '/contact_id' : '/to', message: 'was sent nothing by it' },
            ],
          });
        }
        reply.code(201);
        const { value_amount: amount, value_currency: currency } = row;
        return {
          ...{ reference: row.reference, contact_id: row.contact_id, variant: row.variant },
          value: amount === null || currency === null ? null : { amount, currency },
          at: toTimestamp(row.at),
        };
      },
    );
  };
}

function viewStats({ total, variants, winner, cost, value }: CampaignStats) {
  return {
    total: viewFigures(total),
    variants: variants.map(viewFigures),
    winner: winner && {
      variant: winner.variant,
      decided_at: winner.decidedAt === null ? null : toTimestamp(winner.decidedAt),
      decides_at: toTimestamp(winner.decidesAt),
    },
    ...{ cost, value },
  };
}

/** Rates are of those whose messages are kept: what became of the others cannot be told. */
function viewFigures({ gone, converted_gone, ...figures }: Figures): Static<typeof FiguresSchema> {
  const { sent, delivered, clicked, opted_out, replied, converted } = figures;
  return {
    ...figures,
    arrival_rate: rate(delivered, sent - gone),
    click_rate: rate(clicked, delivered),
    opt_out_rate: rate(opted_out, delivered),
    reply_rate: rate(replied, delivered),
    conversion_rate: rate(converted - converted_gone, delivered),
  };
}

const rate = (part: number, whole: number) => (whole === 0 ? null : Math.round((part / whole) * 10_000) / 10_000);
