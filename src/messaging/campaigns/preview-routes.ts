import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { actorOf } from '../../audit/admin-event.ts';
import type { ProviderChoice } from '../../delivery/choose-provider.ts';
import type { MessageGate } from '../../delivery/messages/gate.ts';
import { MessagePreviewSchema, viewPreview } from '../../delivery/messages/preview-schemas.ts';
import type { BulkSender } from '../../delivery/messages/send-bulk.ts';
import { requireScope } from '../../http/auth.ts';
import { closed } from '../../http/schemas.ts';
import type { Auth } from '../../lib/auth.ts';
import type { Now } from '../../lib/clock.ts';
import { Problem } from '../../lib/errors.ts';
import { newId } from '../../lib/ids.ts';
import { found, ownerOf } from '../contacts/request-routes.ts';
import { CONTACT_ID, idParams } from '../contacts/views.ts';
import type { TemplateReader } from '../templates/template-reader.ts';
import { needsReview, type ReviewRule } from '../templates/word-message.ts';
import type { ReadCalls } from './calls.ts';
import { CAMPAIGN_ID, type CampaignRow } from './campaign.ts';
import { findCampaign } from './campaigns-table.ts';
import { previewCampaign } from './preview.ts';
import { readContacts } from './read-contacts.ts';
import { sayToContact } from './say-to-contact.ts';
import { contentOf, readExperiment } from './split.ts';
import { sendTests, type TestSendDeps, type TestSent } from './test-send.ts';
import type { Script } from './word-recipient.ts';

export interface PreviewRoutesDeps extends TestSendDeps {
  bulk: Pick<BulkSender, 'route' | 'network'>;
  gate: MessageGate;
  templateReader: TemplateReader;
  scriptOf(campaign: CampaignRow, variant: string | null): Promise<Script | { refused: string }>;
  policyOf(auth: Auth): { templateReview: ReviewRule; readCalls: ReadCalls };
  choice: Pick<ProviderChoice, 'carries' | 'route'>;
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
    segments: Type.Union([Type.Integer(), Type.Null()], { description: 'Of short messages; null for other channels.' }),
    cost: Type.Array(Type.Object({ amount: Type.String(), currency: Type.String() }, closed), {
      description: 'At most, by the prices of the routing table; of calls with those that are made again.',
    }),
    message: Type.Union([MessagePreviewSchema, Type.Null()], {
      description: 'What `contact_id` would get, as it would get it now; of a call what is spoken. Null without.',
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

  /** What it would say if it started now. */
  async function scriptNow(auth: Auth, campaign: CampaignRow, variant: string | null): Promise<Script> {
    const script = await deps.scriptOf(campaign, variant);
    if ('refused' in script) {
      const pointer = script.refused === 'recording_missing' ? '/recording' : '/template';
      throw refuse(pointer, `cannot be said: ${script.refused}`);
    }
    const { content } = script;
    if (campaign.channel !== 'voice' || content.call) return script;
    const read = await deps.policyOf(auth).readCalls(campaign, content);
    if (read.kind === 'invalid') throw refuse(read.pointer, read.message);
    return { ...script, content: { ...content, call: read.call } };
  }

  async function lacksReview(
    auth: Auth,
    campaign: CampaignRow,
    purpose: CampaignRow['purpose'],
    variant: string | null,
  ): Promise<boolean> {
    if (!needsReview(deps.policyOf(auth).templateReview, purpose)) return false;
    const { template } = contentOf(campaign, variant);
    if (!template) return true;
    const owner = { project: campaign.project_id, mode: campaign.mode };
    return (await deps.templateReader.find(owner, template.id, template.version))?.status !== 'approved';
  }

  async function say(campaign: CampaignRow, script: Script, contactId: string) {
    const [contact] = await readContacts(db, campaign, [contactId]);
    if (!contact) throw refuse('/contact_id', 'is none of this project');
    const said = await sayToContact(deps, campaign, script, contact, now());
    if (said.kind === 'skipped') throw refuse('/contact_id', `would not get it: ${said.reason}`);
    return said.message;
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
          description: 'Sends nothing. To see what a contact would get takes `contacts:read` too.',
          params,
          body: Type.Object(
            {
              variant: Variant,
              contact_id: Type.Optional(Type.String({ pattern: CONTACT_ID, description: 'For `message`.' })),
            },
            closed,
          ),
          response: { 200: PreviewSchema },
        },
      },
      async (request, reply) => {
        const { contact_id: contactId } = request.body;
        if (contactId !== undefined) requireScope(request, reply, 'contacts:read');
        const { campaign, variant } = await find(request);
        const script = await scriptNow(request.auth, campaign, variant);
        const message = contactId === undefined ? null : await say(campaign, script, contactId);
        const preview = await previewCampaign({ ...deps, script }, campaign, now());
        if (!preview) throw refuse('/audience', 'names what is not of this project');
        const lacks = await lacksReview(request.auth, campaign, campaign.purpose, variant);
        return { ...preview, needs_review: lacks, message: message && viewPreview(message) };
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
            'Worded as for a recipient with that number, as messages by themselves, with the metadata `campaign_test`: they ' +
            'are in no figure of the campaign. They are transactional, for people who know of the test.',
          params,
          body: Type.Object(
            {
              to: Type.Array(Type.String({ minLength: 3, maxLength: 254 }), {
                minItems: 1,
                maxItems: 10,
                uniqueItems: true,
              }),
              contact_id: Type.Optional(
                Type.String({
                  pattern: CONTACT_ID,
                  description: 'As to whom: whose attributes fill the template, in whose language.',
                }),
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
        const { auth } = request;
        const { to, contact_id: contactId = null } = request.body;
        if (!deps.choice.carries(campaign.mode, campaign.channel)) throw new Problem('no_provider');
        if (await lacksReview(auth, campaign, 'transactional', variant)) {
          const detail = 'The project’s policy lets messages out in an approved template only.';
          throw new Problem('policy_violation', { detail });
        }
        const script = await scriptNow(auth, campaign, variant);
        const seed = request.idempotency?.seed ?? newId('req');
        const asked = { to, contactId, variant, seed };
        const results = await sendTests(deps, campaign, script, asked, actorOf(request), now());
        reply.code(201);
        return { data: results.map((result, index) => ({ to: to[index] ?? '', ...viewResult(result) })) };
      },
    );
  };
}

function viewResult(result: TestSent) {
  if (result.kind === 'refused') return { message_id: null, status: 'refused', reason: result.reason };
  const { id, status, reason } = result.message;
  return { message_id: id, status, reason };
}

const refuse = (pointer: string, message: string) => new Problem('invalid_request', { errors: [{ pointer, message }] });
