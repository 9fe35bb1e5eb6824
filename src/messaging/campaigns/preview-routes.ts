import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { actorOf } from '../../audit/admin-event.ts';
import type { Database } from '../../db/open.ts';
import type { CreateResult, MessageCaller } from '../../delivery/messages/create.ts';
import type { MessageGate } from '../../delivery/messages/gate.ts';
import type { BulkSender } from '../../delivery/messages/send-bulk.ts';
import { closed } from '../../http/schemas.ts';
import type { Auth } from '../../lib/auth.ts';
import type { Now } from '../../lib/clock.ts';
import { Problem } from '../../lib/errors.ts';
import { newId } from '../../lib/ids.ts';
import { found, ownerOf } from '../contacts/request-routes.ts';
import { CONTACT_ID, idParams } from '../contacts/views.ts';
import type { TemplateReader } from '../templates/template-reader.ts';
import { needsReview } from '../templates/word-message.ts';
import { CAMPAIGN_ID, type CampaignRow } from './campaign.ts';
import { findCampaign } from './campaigns-table.ts';
import { previewCampaign } from './preview.ts';
import { contentOf, readExperiment } from './split.ts';
import { sendTests, type TestSendDeps } from './test-send.ts';
import type { Script } from './word-recipient.ts';

export interface PreviewRoutesDeps {
  db: Database;
  bulk: Pick<BulkSender, 'route' | 'network'>;
  gate: MessageGate;
  templateReader: TemplateReader;
  scriptOf(campaign: CampaignRow, variant: string | null): Promise<Script | { refused: string }>;
  create: TestSendDeps['create'];
  callerOf(auth: Auth): Pick<MessageCaller, 'calls' | 'templateReview'>;
  now: Now;
}

const tags = ['Campaigns'];
const params = idParams(CAMPAIGN_ID);
const Counts = Type.Record(Type.String(), Type.Integer());
const Variant = Type.Optional(
  Type.String({ pattern: '^[a-z0-9_-]{1,20}$', description: 'Default: what the campaign itself says.' }),
);

const PreviewSchema = Type.Object(
  {
    audience: Type.Integer(),
    checked: Type.Integer({ description: 'Of so many of the audience the rest is said: all, or a random 10,000.' }),
    ready: Type.Integer({ description: 'They would get it at once.' }),
    later: Type.Unsafe<Record<string, number>>({ ...Counts, description: 'They would wait, by reason.' }),
    never: Type.Unsafe<Record<string, number>>({ ...Counts, description: 'They would not get it, by reason.' }),
    needs_review: Type.Boolean({ description: 'It cannot be started before its template is approved.' }),
    segments: Type.Integer(),
    cost: Type.Array(Type.Object({ amount: Type.String(), currency: Type.String() }, closed), {
      description: 'At most, by the prices of the routing table.',
    }),
  },
  { ...closed, title: 'CampaignPreview' },
);

const TestResult = Type.Object(
  {
    to: Type.String(),
    message_id: Type.Union([Type.String(), Type.Null()]),
    status: Type.String(),
    reason: Type.Union([Type.String(), Type.Null()]),
  },
  closed,
);

/** What a campaign would do, and how it reads, before it is started. */
export function campaignPreviewRoutes(deps: PreviewRoutesDeps): FastifyPluginAsyncTypebox {
  const { db, now } = deps;

  async function find(request: FastifyRequest<{ Params: { id: string }; Body: { variant?: string } }>) {
    const campaign = found(await findCampaign(db.kysely, ownerOf(request), request.params.id));
    const { variant = null } = request.body;
    if (variant !== null && !readExperiment(campaign)?.variants.some(({ id }) => id === variant)) {
      throw refuse('/variant', 'is none of the campaign’s');
    }
    return { campaign, variant };
  }

  async function lacksReview(auth: Auth, campaign: CampaignRow, variant: string | null): Promise<boolean> {
    const { templateReview = 'none' } = deps.callerOf(auth);
    if (!needsReview(templateReview, campaign.purpose)) return false;
    const { template } = contentOf(campaign, variant);
    if (!template) return true;
    const owner = { project: campaign.project_id, mode: campaign.mode };
    return (await deps.templateReader.find(owner, template.id, template.version))?.status !== 'approved';
  }

  return async (app) => {
    app.post(
      '/v1/campaigns/:id/preview',
      {
        config: { scope: 'campaigns:read' },
        schema: {
          operationId: 'previewCampaign',
          tags,
          summary: 'Who would get a campaign that started now, who not and why, and what it would cost',
          description: 'Sends nothing.',
          params,
          body: Type.Object({ variant: Variant }, closed),
          response: { 200: PreviewSchema },
        },
      },
      async (request) => {
        const { campaign, variant } = await find(request);
        const script = await deps.scriptOf(campaign, variant);
        if ('refused' in script) throw refuse('/template', `cannot be said: ${script.refused}`);
        const preview = await previewCampaign({ ...deps, script }, campaign, now());
        if (!preview) throw refuse('/audience', 'names what is not of this project');
        return { ...preview, needs_review: await lacksReview(request.auth, campaign, variant) };
      },
    );

    app.post(
      '/v1/campaigns/:id/test',
      {
        config: { scope: 'campaigns:write', idempotent: true },
        schema: {
          operationId: 'testCampaign',
          tags,
          summary: 'Send what a campaign says to addresses of your own',
          description:
            'As messages by themselves, with the metadata `campaign_test`: they are in no figure of the campaign. They are ' +
            'transactional, for people who know of the test.',
          params,
          body: Type.Object(
            {
              to: Type.Array(Type.String({ minLength: 3, maxLength: 254 }), {
                minItems: 1,
                maxItems: 10,
                uniqueItems: true,
              }),
              contact_id: Type.Optional(
                Type.String({ pattern: CONTACT_ID, description: 'Whose attributes fill the template.' }),
              ),
              variant: Variant,
            },
            closed,
          ),
          response: { 201: Type.Object({ data: Type.Array(TestResult) }, closed) },
        },
      },
      async (request, reply) => {
        const { campaign, variant } = await find(request);
        const { to, contact_id: contactId = null } = request.body;
        const { projectId: project, mode, keyId: actor } = request.auth;
        const caller = { project, mode, actor, ...deps.callerOf(request.auth) };
        const results = await sendTests(
          deps,
          campaign,
          { to, contactId, variant },
          { caller, actor: actorOf(request), seed: request.idempotency?.seed ?? newId('req') },
          now(),
        );
        reply.code(201);
        return { data: results.map((result, index) => ({ to: to[index] ?? '', ...viewResult(result) })) };
      },
    );
  };
}

function viewResult(result: CreateResult) {
  if (result.kind === 'created') {
    const { id, status, reason } = result.message;
    return { message_id: id, status, reason };
  }
  return { message_id: null, status: 'refused', reason: reasonOf(result) };
}

function reasonOf(refused: Exclude<CreateResult, { kind: 'created' }>): string {
  if (refused.kind === 'invalid') return `${refused.pointer} ${refused.message}`;
  if (refused.kind === 'forbidden') return refused.detail;
  if (refused.kind === 'invalid_words')
    return refused.errors.map(({ pointer, message }) => `${pointer} ${message}`).join('; ');
  return refused.kind;
}

const refuse = (pointer: string, message: string) => new Problem('invalid_request', { errors: [{ pointer, message }] });
