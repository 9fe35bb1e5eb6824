import { Problem } from '../../lib/errors.ts';
import type { TemplateReader } from '../templates/template-reader.ts';
import { needsReview, type ReviewRule } from '../templates/word-message.ts';
import { type CampaignContent, type CampaignRow, readCampaignContent } from './campaign.ts';
import { contentOf, type Experiment, readExperiment } from './split.ts';

/** The words as they are when it starts: what was approved then is what goes out. Throws what keeps it from starting. */
export async function pinWords(
  reader: TemplateReader,
  { project_id: project, mode, purpose, ...campaign }: CampaignRow,
  rule: ReviewRule,
): Promise<CampaignContent> {
  const content = readCampaignContent(campaign);
  const reviewed = needsReview(rule, purpose);
  if (!content.template) {
    if (!reviewed) return content;
    const detail = 'The project’s policy lets such campaigns out in an approved template only.';
    throw new Problem('policy_violation', { detail });
  }
  const { id, version } = content.template;
  const found = await reader.find({ project, mode }, id, version);
  if (!found) {
    throw new Problem('invalid_request', {
      errors: [{ pointer: '/template', message: 'there is none of this project' }],
    });
  }
  if (found.status === 'rejected' || (reviewed && found.status !== 'approved')) {
    throw new Problem('policy_violation', { detail: `Version ${found.version} of the template is not approved.` });
  }
  return { ...content, template: { id, version: found.version }, ...(reviewed && { reviewed }) };
}

/** The same for each variant that has words of its own. */
export async function pinVariants(
  reader: TemplateReader,
  campaign: CampaignRow,
  rule: ReviewRule,
): Promise<Experiment | null> {
  const experiment = readExperiment(campaign);
  if (!experiment) return null;
  const variants = await Promise.all(
    experiment.variants.map(async (variant) => {
      const content = JSON.stringify(contentOf(campaign, variant.id));
      const { template } = await pinWords(reader, { ...campaign, content }, rule);
      return variant.content.template && template ? { ...variant, content: { ...variant.content, template } } : variant;
    }),
  );
  return { ...experiment, variants };
}
