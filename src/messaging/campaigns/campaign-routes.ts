import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import type { Database } from '../../db/open.ts';
import type { ProviderChoice } from '../../delivery/choose-provider.ts';
import { createCursors, DEFAULT_LIMIT, toPage } from '../../http/pagination.ts';
import { listOf } from '../../http/schemas.ts';
import type { Auth } from '../../lib/auth.ts';
import { type Now, toTimestamp } from '../../lib/clock.ts';
import { Problem } from '../../lib/errors.ts';
import type { Keyring } from '../../lib/keyring.ts';
import { type Audience, audience } from '../contacts/audience.ts';
import { byOf, found, ownerOf, placeOf, refuseErrors } from '../contacts/request-routes.ts';
import { seededId } from '../contacts/seeded-id.ts';
import { idParams } from '../contacts/views.ts';
import type { TemplateReader } from '../templates/template-reader.ts';
import type { ReviewRule } from '../templates/word-message.ts';
import { firstOccurrence } from './begin-occurrence.ts';
import type { ReadCalls } from './calls.ts';
import { CAMPAIGN_ID, type CampaignRow } from './campaign.ts';
import * as schemas from './campaign-schemas.ts';
import { viewCampaign, viewRecipient } from './campaign-views.ts';
import {
  createCampaign,
  findCampaign,
  listCampaigns,
  type Moved,
  moveCampaign,
  type Transition,
} from './campaigns-table.ts';
import { pinVariants, pinWords } from './pin-words.ts';
import { createWholeView } from './progress.ts';
import { findDraftErrors, toChange, toDraft, toLimits } from './read-draft.ts';
import { readRecipients } from './read-recipients.ts';
import type { Repeat } from './recurring.ts';
import { readCampaignSchedule } from './schedule.ts';

export interface CampaignRoutesDeps {
  db: Database;
  keyring: Keyring;
  now: Now;
  choice: Pick<ProviderChoice, 'carries'>;
  templateReader: TemplateReader;
  policyOf(auth: Auth): { templateReview: ReviewRule; readCalls: ReadCalls };
  /** Whether links can be shortened here. */
  canShorten: boolean;
  /** Something may be due, or has been stopped. */
  wake(): void;
}

const tags = ['Campaigns'];
const READ = { scope: 'campaigns:read' } as const;
const WRITE = { scope: 'campaigns:write', idempotent: true } as const;
const params = idParams(CAMPAIGN_ID);
/** Years of more than four digits are no timestamps (RFC 3339 §5.6). */
const FARTHEST_MS = 3_652 * 86_400_000;
const BEGUN = ['preparing', 'running', 'paused'] as const;
const OPEN = ['draft', 'scheduled', ...BEGUN] as const;

interface Ready {
  words: Pick<CampaignRow, 'content' | 'experiment'>;
  repeat: Repeat | null;
}

/** A series stays scheduled, from one time to the next. */
function scheduled(repeat: Repeat | null, at: number) {
  const starts_at = repeat ? firstOccurrence(repeat, at) : at;
  if (starts_at === null) {
    throw new Problem('invalid_request', {
      errors: [{ pointer: '/schedule/repeat/until', message: 'is before its first time' }],
    });
  }
  return { status: 'scheduled', starts_at, ...(repeat && { started_at: at }) } as const;
}

export function campaignRoutes(deps: CampaignRoutesDeps): FastifyPluginAsyncTypebox {
  const { db, keyring, now, choice } = deps;
  const cursors = createCursors(keyring, 'campaigns');
  const recipientCursors = createCursors(keyring, 'campaign-recipients');
  const find = async (request: FastifyRequest<{ Params: { id: string } }>) =>
    found(await findCampaign(db.kysely, ownerOf(request), request.params.id));
  const whole = createWholeView(db, now);

  async function move(request: FastifyRequest<{ Params: { id: string } }>, transition: Transition) {
    const row = movedOrRefused(await moveCampaign(db, byOf(request), request.params.id, transition, now()));
    deps.wake();
    return whole(row);
  }

  /** What it needs to go out, as it is now. */
  async function ready(request: FastifyRequest<{ Params: { id: string } }>): Promise<Ready> {
    const row = await find(request);
    if (row.status !== 'draft' && row.status !== 'scheduled') throw wrongState(row);
    if (!choice.carries(row.mode, row.channel)) throw new Problem('no_provider');
    await refuseMissing(row);
    const { templateReview: rule, readCalls } = deps.policyOf(request.auth);
    const pin = { reader: deps.templateReader, rule, readCalls };
    const content = await pinWords(pin, row);
    const experiment = await pinVariants(pin, row);
    return {
      repeat: readCampaignSchedule(row).repeat ?? null,
      words: { content: JSON.stringify(content), experiment: experiment && JSON.stringify(experiment) },
    };
  }

  async function refuseMissing({ project_id: project, mode, audience: wanted }: CampaignRow): Promise<void> {
    const condition = await audience(db, { project, mode }, JSON.parse(wanted) as Audience, now());
    if (!('missing' in condition)) return;
    refuseErrors(condition.missing.map((id) => ({ pointer: '/audience', message: `${id} is not of this project` })));
  }

  return async (app) => {
    app.post(
      '/v1/campaigns',
      {
        config: WRITE,
        schema: {
          operationId: 'createCampaign',
          tags,
          summary: 'Write a campaign: one message for many contacts',
          description: 'A draft: it is sent when it is started, or at the time it is scheduled for.',
          body: schemas.CampaignBody,
          response: { 201: schemas.CampaignSchema },
        },
      },
      async (request, reply) => {
        const draft = toDraft(request.body);
        refuseErrors(findDraftErrors(draft, deps.canShorten, now()));
        const id = seededId('cmp', request.idempotency);
        const row = await createCampaign(db, byOf(request), id, draft, now());
        reply.code(201).header('location', `${app.prefix}/v1/campaigns/${id}`);
        return whole(row);
      },
    );

    app.get(
      '/v1/campaigns',
      {
        config: READ,
        schema: {
          operationId: 'listCampaigns',
          tags,
          summary: 'Campaigns, newest first',
          querystring: schemas.CampaignListQuery,
          response: { 200: listOf(schemas.CampaignSchema) },
        },
      },
      async (request) => {
        const { limit = DEFAULT_LIMIT, cursor, status, series_id: seriesId } = request.query;
        const wanted = { status, seriesId };
        const rows = await listCampaigns(db.kysely, ownerOf(request), wanted, placeOf(cursors, cursor), limit + 1);
        return toPage(
          rows,
          limit,
          cursors,
          (row) => [row.created_at, row.id],
          (row) => viewCampaign(row),
        );
      },
    );

    app.get(
      '/v1/campaigns/:id',
      {
        config: READ,
        schema: {
          operationId: 'getCampaign',
          tags,
          summary: 'One campaign: how many of its recipients stand how, and why',
          params,
          response: { 200: schemas.CampaignSchema },
        },
      },
      async (request) => whole(await find(request)),
    );

    app.patch(
      '/v1/campaigns/:id',
      {
        config: { scope: 'campaigns:write' },
        schema: {
          operationId: 'updateCampaign',
          tags,
          summary: 'Change a draft; of one that has started the pace and the cap',
          params,
          body: schemas.CampaignPatch,
          response: { 200: schemas.CampaignSchema },
        },
      },
      async (request) => {
        const row = await find(request);
        const change = toChange(request.body, row);
        const data = { changed: Object.keys(request.body) };
        if (row.status === 'draft') {
          refuseErrors(findDraftErrors({ ...row, ...change }, deps.canShorten, now()));
          return move(request, { event: 'campaign.updated', from: ['draft'], change, data });
        }
        const limits = toLimits(request.body);
        if (Object.keys(change).some((name) => !(name in limits))) throw wrongState(row);
        if (row.status === 'scheduled') {
          return move(request, { event: 'campaign.updated', from: ['scheduled'], change: limits, data });
        }
        // What is spent stays in its currency, also without a cap.
        const { spend_currency: currency, ...others } = limits;
        const kept = currency ? { change: limits, currency } : { change: others };
        return move(request, { event: 'campaign.updated', from: BEGUN, ...kept, data });
      },
    );

    app.post(
      '/v1/campaigns/:id/schedule',
      {
        config: WRITE,
        schema: {
          operationId: 'scheduleCampaign',
          tags,
          summary: 'Start it at a time',
          description: 'The version of its template is set here. Its audience is found when it starts.',
          params,
          body: schemas.ScheduleBody,
          response: { 200: schemas.CampaignSchema },
        },
      },
      async (request) => {
        const { words, repeat } = await ready(request);
        const at = Date.parse(request.body.at);
        const isFar = Math.abs(at - now()) > FARTHEST_MS;
        refuseErrors(isFar ? [{ pointer: '/at', message: 'is more than ten years from now' }] : []);
        const change = { ...words, ...scheduled(repeat, at) };
        const data = { starts_at: toTimestamp(change.starts_at) };
        return move(request, { event: 'campaign.scheduled', from: ['draft', 'scheduled'], change, data });
      },
    );

    app.post(
      '/v1/campaigns/:id/start',
      {
        config: WRITE,
        schema: {
          operationId: 'startCampaign',
          tags,
          summary: 'Start it now',
          description: 'Its audience is found now; who joins a list later is not in it.',
          params,
          response: { 200: schemas.CampaignSchema },
        },
      },
      async (request) => {
        const { words, repeat } = await ready(request);
        if (repeat) {
          const change = { ...words, ...scheduled(repeat, now()) };
          const data = { starts_at: toTimestamp(change.starts_at) };
          return move(request, { event: 'campaign.scheduled', from: ['draft', 'scheduled'], change, data });
        }
        const change = { ...words, status: 'preparing', started_at: now() } as const;
        return move(request, { event: 'campaign.started', from: ['draft', 'scheduled'], change });
      },
    );

    app.post(
      '/v1/campaigns/:id/pause',
      {
        config: WRITE,
        schema: {
          operationId: 'pauseCampaign',
          tags,
          summary: 'Stop handing over, within a second; what a carrier has it has',
          params,
          response: { 200: schemas.CampaignSchema },
        },
      },
      async (request) => {
        const change = { status: 'paused', reason: 'requested' } as const;
        return move(request, { event: 'campaign.paused', from: ['preparing', 'running'], change });
      },
    );

    app.post(
      '/v1/campaigns/:id/resume',
      {
        config: WRITE,
        schema: {
          operationId: 'resumeCampaign',
          tags,
          summary: 'Go on',
          params,
          response: { 200: schemas.CampaignSchema },
        },
      },
      async (request) => {
        // It goes on writing recipients down, if it was at that.
        const change = { status: 'preparing', reason: null } as const;
        return move(request, { event: 'campaign.resumed', from: ['paused'], change });
      },
    );

    app.post(
      '/v1/campaigns/:id/cancel',
      {
        config: WRITE,
        schema: {
          operationId: 'cancelCampaign',
          tags,
          summary: 'End it: whoever waits is sent nothing',
          params,
          response: { 200: schemas.CampaignSchema },
        },
      },
      async (request) => {
        const change = { status: 'canceled', reason: 'requested', ended_at: now() } as const;
        return move(request, { event: 'campaign.canceled', from: OPEN, change });
      },
    );

    app.get(
      '/v1/campaigns/:id/recipients',
      {
        config: READ,
        schema: {
          operationId: 'listCampaignRecipients',
          tags,
          summary: 'Its recipients: what became of each, and why',
          params,
          querystring: schemas.RecipientQuery,
          response: { 200: listOf(schemas.RecipientSchema) },
        },
      },
      async (request) => {
        const { limit = DEFAULT_LIMIT, cursor, state, reason } = request.query;
        const campaign = await find(request);
        const [after] = recipientCursors.decode(cursor) ?? [];
        const filter = { state, reason, after: after === undefined ? undefined : String(after) };
        const rows = await readRecipients(db.kysely, campaign, filter, limit + 1);
        return toPage(rows, limit, recipientCursors, (row) => [row.contact_id], viewRecipient);
      },
    );
  };
}

function movedOrRefused(moved: Moved): CampaignRow {
  const { kind, row } = found(moved);
  if (kind === 'wrong_state') throw wrongState(row);
  if (kind === 'other_currency') {
    const message = `must be ${row.spend_currency}: its money has been counted in that since it started`;
    refuseErrors([{ pointer: '/spend_cap/currency', message }]);
  }
  return row;
}

function wrongState({ status }: CampaignRow): Problem {
  return new Problem('wrong_campaign_state', {
    detail: `The campaign is ${status}.`,
    extensions: { campaign_status: status },
  });
}
