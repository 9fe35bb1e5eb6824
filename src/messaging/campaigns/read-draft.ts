import { findProblem } from '../../delivery/messages/create.ts';
import { findCallMember } from '../../delivery/messages/read-call.ts';
import { defined } from '../../delivery/providers/support/defined.ts';
import type { FieldError } from '../../lib/errors.ts';
import { checkCalls } from './calls.ts';
import { type CampaignContent, type CampaignRow, readCampaignContent } from './campaign.ts';
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
  const isWorded = Object.keys(words).length > 0 || channel !== undefined;
  return {
    ...(name !== undefined && { name }),
    ...(channel !== undefined && { channel }),
    ...(purpose !== undefined && { purpose }),
    ...(sender !== undefined && { sender }),
    ...(audience !== undefined && { audience: JSON.stringify(audience) }),
    ...(validity_seconds !== undefined && { validity_seconds }),
    ...(isWorded && { content: JSON.stringify(merge(saidBy(channel ?? before.channel, before), words)) }),
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

/** What only calls say goes with the channel. */
function saidBy(channel: CampaignRow['channel'], before: CampaignRow): CampaignContent {
  const { recording, calls, ...content } = readCampaignContent(before);
  if (channel !== 'voice') return content;
  return { ...content, ...(recording !== undefined && { recording }), ...(calls && { calls }) };
}

/** One kind of words takes the other's place. */
function merge(before: CampaignContent, { ...words }: CampaignContent): CampaignContent {
  if (before.calls && words.calls) words.calls = { ...before.calls, ...words.calls };
  const { template, text, subject, recording, variables, ...rest } = before;
  if (words.template) return { ...rest, ...(variables && { variables }), ...words };
  if (words.text !== undefined) return { ...rest, ...(subject !== undefined && { subject }), ...words };
  if (words.recording !== undefined) return { ...rest, ...words };
  return { ...before, ...words };
}

function toContent({ template, template_version, ...input }: Input): CampaignContent {
  const { variables, text, subject, recording, locale, smart_encoding, shorten_links, utm } = input;
  const { repeats, press_key, opt_out_key, retry } = input;
  const calls = defined({ repeats, press_key, opt_out_key, retry });
  return {
    ...(template !== undefined && { template: { id: template, version: template_version ?? null } }),
    ...(variables !== undefined && { variables }),
    ...(text !== undefined && { text }),
    ...(subject !== undefined && { subject }),
    ...(recording !== undefined && { recording }),
    ...(Object.keys(calls).length > 0 && { calls }),
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

type Drafted = Pick<CampaignRow, 'channel' | 'purpose' | 'content' | 'audience' | 'schedule' | 'experiment'>;

/** What is wrong with a draft by itself, whatever else there is. */
export function findDraftErrors(
  { channel, purpose, content, audience, schedule, experiment: variants }: Drafted,
  canShorten: boolean,
  now: number,
): FieldError[] {
  const said = JSON.parse(content) as CampaignContent;
  const { template, text, subject, recording, variables, calls, shorten_links } = said;
  const experiment = variants === null ? null : (JSON.parse(variants) as Experiment);
  const { lists = [], segments = [], tags = [] } = JSON.parse(audience) as Record<string, string[] | undefined>;
  const errors: FieldError[] = [
    ...(schedule === null ? [] : checkSchedule(JSON.parse(schedule))),
    ...(experiment ? checkExperiment(experiment, said) : []),
    ...(channel === 'voice' ? checkCalls(said, purpose, experiment) : []),
  ];
  if (lists.length + segments.length + tags.length === 0) {
    errors.push({ pointer: '/audience', message: 'names no list, segment or tag' });
  }
  if (shorten_links && !canShorten && channel !== 'voice') {
    errors.push({ pointer: '/shorten_links', message: 'needs links.base_url in the configuration' });
  }
  if (!template) {
    if (variables) errors.push({ pointer: '/variables', message: 'goes with a template' });
    const words = { to: '', ...defined({ text, subject, recording }), ...calls };
    const problem = findProblem(words, channel, now);
    return problem ? [...errors, problem] : errors;
  }
  const member = channel === 'voice' ? undefined : findCallMember({ ...calls });
  if (member !== undefined) errors.push({ pointer: `/${member}`, message: 'is for calls only' });
  for (const [name, value] of Object.entries({ text, subject, recording })) {
    if (value !== undefined)
      errors.push({ pointer: `/${name}`, message: 'is the template’s to say: give one of them' });
  }
  return errors;
}
