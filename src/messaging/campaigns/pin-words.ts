import { Problem } from '../../lib/errors.ts';
import type { TemplateReader } from '../templates/template-reader.ts';
import { needsReview, type ReviewRule } from '../templates/word-message.ts';
import { type CampaignContent, type CampaignRow, readCampaignContent } from './campaign.ts';

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
