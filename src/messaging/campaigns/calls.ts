import { type CallPolicy, findCallProblem, type ReadCall, readCall } from '../../delivery/messages/read-call.ts';
import type { Recordings } from '../../delivery/recordings/recordings.ts';
import type { FieldError } from '../../lib/errors.ts';
import type { CampaignContent, CampaignRow } from './campaign.ts';
import type { Experiment } from './split.ts';

/** How the calls of a campaign are said, with what its project's policy says of calls. */
export type ReadCalls = (campaign: CampaignRow, content: CampaignContent) => Promise<ReadCall>;

export function createReadCalls(policy: CallPolicy, recordings: Pick<Recordings, 'find'>): ReadCalls {
  return ({ project_id: project, mode }, content) =>
    readCall(toInput(content), policy, (id) => recordings.find({ project, mode }, id));
}

/** A template’s text is judged as it is spoken, for each recipient. */
function toInput({ text, recording, locale, calls }: CampaignContent) {
  return {
    ...calls,
    ...(text !== undefined && { text }),
    ...(recording !== undefined && { recording }),
    ...(locale !== undefined && { locale }),
  };
}

/** What a campaign by call cannot be, whatever recordings there are. */
export function checkCalls(
  content: CampaignContent,
  purpose: CampaignRow['purpose'],
  experiment: Experiment | null,
): FieldError[] {
  const errors: FieldError[] = [];
  const refuse = (pointer: string, message: string) => errors.push({ pointer, message });
  const { calls, recording, shorten_links, smart_encoding, utm } = content;
  if (shorten_links) refuse('/shorten_links', 'is not for calls: nobody follows a link in one');
  if (utm) refuse('/utm', 'is not for calls: nobody follows a link in one');
  if (smart_encoding) refuse('/smart_encoding', 'is for SMS only');
  const problem = findCallProblem(toInput(content));
  if (problem) errors.push(problem);
  // Whoever is called by a machine that advertises has to be able to say no in the call (47 CFR 64.1200(b)(3)).
  if (purpose === 'marketing' && calls?.opt_out_key === undefined) {
    refuse('/opt_out_key', 'is required of marketing by call');
  }
  if (!experiment) return errors;
  if (recording !== undefined) refuse('/experiment', 'is of texts and templates, not of recordings');
  if (experiment.sample_percent < 100 && experiment.winner_by === 'clicks') {
    refuse('/experiment/winner_by', 'must be conversions: nobody follows a link in a call');
  }
  for (const [index, { content: own }] of experiment.variants.entries()) {
    if (own.subject !== undefined) refuse(`/experiment/variants/${index}/subject`, 'is for e-mail only');
  }
  return errors;
}
