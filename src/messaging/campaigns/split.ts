import { hash } from 'node:crypto';
import type { CampaignContent, CampaignRow } from './campaign.ts';
import { readCampaignContent } from './campaign.ts';

/** Different words for parts of the audience; the campaign's `experiment` is JSON of it. */
export interface Experiment {
  variants: Variant[];
  /** How much of the audience gets the variants; the rest gets the winner, once it is known. 100: there is no rest. */
  sample_percent: number;
  winner_by: 'clicks' | 'conversions';
  /** From the start. */
  decide_after_seconds: number;
  winner?: string;
  decided_at?: number;
}

export interface Variant {
  id: string;
  /** Its part of the sample, in proportion to the others'. */
  weight: number;
  /** What it says in place of the campaign's. */
  content: Partial<Pick<CampaignContent, 'template' | 'variables' | 'text' | 'subject'>>;
}

export function readExperiment({ experiment }: Pick<CampaignRow, 'experiment'>): Experiment | null {
  return experiment === null ? null : (JSON.parse(experiment) as Experiment);
}

/**
 * Which variant a contact gets; null: it is of the rest. By a hash of campaign and contact: the same whoever asks,
 * however often, and after a crash.
 */
export function assignVariant(
  { variants, sample_percent }: Experiment,
  campaign: string,
  contact: string,
): string | null {
  const digest = hash('sha256', `split\0${campaign}\0${contact}`, 'buffer');
  const place = digest.readUIntBE(0, 6) / 2 ** 48;
  const sample = sample_percent / 100;
  if (place >= sample) return null;
  const total = variants.reduce((sum, { weight }) => sum + weight, 0);
  let left = (place / sample) * total;
  for (const { id, weight } of variants) {
    left -= weight;
    if (left < 0) return id;
  }
  return variants.at(-1)?.id ?? null;
}

/** When the winner is found. */
export function decisionAt(
  { decide_after_seconds }: Experiment,
  { started_at }: Pick<CampaignRow, 'started_at'>,
): number {
  return (started_at ?? 0) + decide_after_seconds * 1000;
}

/** What a variant of the campaign says; of one without variants, what the campaign says. */
export function contentOf(campaign: CampaignRow, variant: string | null): CampaignContent {
  const content = readCampaignContent(campaign);
  const found = readExperiment(campaign)?.variants.find(({ id }) => id === variant);
  if (!found) return content;
  const { text, template, ...rest } = content;
  // It has a text or a template, not the campaign's besides.
  const own = found.content.text !== undefined || found.content.template !== undefined;
  return {
    ...rest,
    ...(!own && text !== undefined && { text }),
    ...(!own && template && { template }),
    ...found.content,
  };
}
