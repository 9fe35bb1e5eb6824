import { type FieldError, Problem } from '../../lib/errors.ts';
import type { CompiledTemplate } from '../templates/compile-template.ts';
import type { TemplateReader } from '../templates/template-reader.ts';
import { needsReview, type ReviewRule } from '../templates/word-message.ts';
import type { ReadCalls } from './calls.ts';
import { type CampaignContent, type CampaignRow, readCampaignContent } from './campaign.ts';
import { contentOf, type Experiment, readExperiment } from './split.ts';

export interface PinDeps {
  reader: TemplateReader;
  rule: ReviewRule;
  readCalls: ReadCalls;
}

/** The words as they are when it starts: what was approved then is what goes out. Throws what keeps it from starting. */
export async function pinWords(deps: PinDeps, campaign: CampaignRow): Promise<CampaignContent> {
  const content = await pinTemplate(deps, campaign);
  if (campaign.channel !== 'voice') return content;
  const read = await deps.readCalls(campaign, content);
  if (read.kind === 'invalid') throw refuse([{ pointer: read.pointer, message: read.message }]);
  return { ...content, call: read.call };
}

async function pinTemplate({ reader, rule }: PinDeps, campaign: CampaignRow): Promise<CampaignContent> {
  const { project_id: project, mode, purpose, channel } = campaign;
  const content = readCampaignContent(campaign);
  const reviewed = needsReview(rule, purpose);
  if (!content.template) {
    if (!reviewed) return content;
    const detail = 'The project’s policy lets such campaigns out in an approved template only.';
    throw new Problem('policy_violation', { detail });
  }
  const { id, version } = content.template;
  const found = await reader.find({ project, mode }, id, version);
  if (!found) throw refuse([{ pointer: '/template', message: 'there is none of this project' }]);
  if (found.status === 'rejected' || (reviewed && found.status !== 'approved')) {
    throw new Problem('policy_violation', { detail: `Version ${found.version} of the template is not approved.` });
  }
  if (!speaks(found.compiled, channel))
    throw refuse([{ pointer: '/template', message: `has no words for ${channel}` }]);
  return { ...content, template: { id, version: found.version }, ...(reviewed && { reviewed }) };
}

/** What has words for a channel has them in the default locale. */
const speaks = (compiled: CompiledTemplate, channel: CampaignRow['channel']) =>
  compiled.has(channel, compiled.defaultLocale);

const refuse = (errors: FieldError[]) => new Problem('invalid_request', { errors });

/** The same for each variant that has words of its own. */
export async function pinVariants(deps: PinDeps, campaign: CampaignRow): Promise<Experiment | null> {
  const experiment = readExperiment(campaign);
  if (!experiment) return null;
  const variants = await Promise.all(
    experiment.variants.map(async (variant) => {
      const content = JSON.stringify(contentOf(campaign, variant.id));
      const { template } = await pinWords(deps, { ...campaign, content });
      return variant.content.template && template ? { ...variant, content: { ...variant.content, template } } : variant;
    }),
  );
  return { ...experiment, variants };
}
