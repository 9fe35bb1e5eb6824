import { findProblem } from '../../delivery/messages/create.ts';
import type { FieldError } from '../../lib/errors.ts';
import type { CampaignContent, CampaignRow } from './campaign.ts';
import type { CampaignInput } from './campaign-schemas.ts';
import type { CampaignDraft } from './campaigns-table.ts';
import { checkSchedule } from './schedule.ts';
import { toMicros } from './spend.ts';
import type { Experiment } from './split.ts';
import { checkExperiment, toExperiment } from './split-schemas.ts';

type Input = Partial<CampaignInput>;

const CHANNEL = 'sms';
const PURPOSE = 'marketing';
const VALIDITY_SECONDS = 259_200;

export function toDraft(input: CampaignInput): CampaignDraft {
  return {
    name: input.name,
    channel: input.channel ?? CHANNEL,
    purpose: input.purpose ?? PURPOSE,
    sender: input.sender ?? null,
    audience: JSON.stringify(input.audience),
    content: JSON.stringify(toContent(input)),
    ...{ schedule: null, experiment: null, ...toPlan(input) },
    validity_seconds: input.validity_seconds ?? VALIDITY_SECONDS,
    ...{ per_second: null, spend_cap: null, spend_currency: null, ...toLimits(input) },
  };
}

/** Members that are not given stay; of the words all are replaced. */
export function toChange(input: Input, before: CampaignRow): Partial<CampaignDraft> {
  const { name, channel, purpose, sender, audience, validity_seconds } = input;
  const words = toContent(input);
  return {
    ...(name !== undefined && { name }),
    ...(channel !== undefined && { channel }),
    ...(purpose !== undefined && { purpose }),
    ...(sender !== undefined && { sender }),
    ...(audience !== undefined && { audience: JSON.stringify(audience) }),
    ...(validity_seconds !== undefined && { validity_seconds }),
    ...(Object.keys(words).length > 0 && { content: JSON.stringify(merge(JSON.parse(before.content), words)) }),
    ...toPlan(input),
    ...toLimits(input),
  };
}

function toPlan({ schedule, experiment }: Pick<Input, 'schedule' | 'experiment'>) {
  return {
    ...(schedule !== undefined && { schedule: schedule === null ? null : JSON.stringify(schedule) }),
    ...(experiment !== undefined && {
      experiment: experiment === null ? null : JSON.stringify(toExperiment(experiment)),
    }),
  };
}

/** One kind of words takes the other's place. */
function merge(before: CampaignContent, { ...words }: CampaignContent): CampaignContent {
  const { template, text, subject, variables, ...rest } = before;
  if (words.template) return { ...rest, ...(variables && { variables }), ...words };
  if (words.text !== undefined) return { ...rest, ...(subject !== undefined && { subject }), ...words };
  return { ...before, ...words };
}

function toContent({ template, template_version, ...input }: Input): CampaignContent {
  const { variables, text, subject, locale, smart_encoding, shorten_links, utm } = input;
  return {
    ...(template !== undefined && { template: { id: template, version: template_version ?? null } }),
    ...(variables !== undefined && { variables }),
    ...(text !== undefined && { text }),
    ...(subject !== undefined && { subject }),
    ...(locale !== undefined && { locale }),
    ...(smart_encoding !== undefined && { smart_encoding }),
    ...(shorten_links !== undefined && { shorten_links }),
    ...(utm !== undefined && { utm }),
  };
}

export function toLimits({
  per_second,
  spend_cap,
}: Pick<Input, 'per_second' | 'spend_cap'>): Partial<
  Pick<CampaignDraft, 'per_second' | 'spend_cap' | 'spend_currency'>
> {
  return {
    ...(per_second !== undefined && { per_second }),
    ...(spend_cap !== undefined && {
      spend_cap: spend_cap === null ? null : toMicros(spend_cap.amount),
      spend_currency: spend_cap === null ? null : spend_cap.currency,
    }),
  };
}

type Drafted = Pick<CampaignRow, 'channel' | 'content' | 'audience' | 'schedule' | 'experiment'>;

/** What is wrong with a draft by itself, whatever else there is. */
export function findDraftErrors(
  { channel, content, audience, schedule, experiment }: Drafted,
  canShorten: boolean,
  now: number,
): FieldError[] {
  const said = JSON.parse(content) as CampaignContent;
  const { template, text, subject, variables, shorten_links } = said;
  const { lists = [], segments = [], tags = [] } = JSON.parse(audience) as Record<string, string[] | undefined>;
  const errors: FieldError[] = [
    ...(schedule === null ? [] : checkSchedule(JSON.parse(schedule))),
    ...(experiment === null ? [] : checkExperiment(JSON.parse(experiment) as Experiment, said)),
  ];
  if (lists.length + segments.length + tags.length === 0) {
    errors.push({ pointer: '/audience', message: 'names no list, segment or tag' });
  }
  if (shorten_links && !canShorten) {
    errors.push({ pointer: '/shorten_links', message: 'needs links.base_url in the configuration' });
  }
  if (template) {
    if (text !== undefined) errors.push({ pointer: '/text', message: 'is the template’s to say: give one of them' });
    if (subject !== undefined) errors.push({ pointer: '/subject', message: 'is the template’s to say' });
    return errors;
  }
  if (variables) errors.push({ pointer: '/variables', message: 'goes with a template' });
  const words = { to: '', ...(text !== undefined && { text }), ...(subject !== undefined && { subject }) };
  const problem = findProblem(words, channel, now);
  return problem ? [...errors, problem] : errors;
}
