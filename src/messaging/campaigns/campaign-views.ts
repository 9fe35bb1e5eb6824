import type { Static } from 'typebox';
import { toTimestamp } from '../../lib/clock.ts';
import { type CampaignRow, RECIPIENT_STATES, readCampaignContent } from './campaign.ts';
import type { CampaignSchema, RecipientSchema } from './campaign-schemas.ts';
import type { Standing, StandingRecipient } from './read-recipients.ts';
import { fromMicros } from './spend.ts';
import { readExperiment } from './split.ts';
import { viewExperiment } from './split-schemas.ts';

const orNull = (ms: number | null) => (ms === null ? null : toTimestamp(ms));

export function viewCampaign(
  row: CampaignRow,
  standings?: readonly Standing[],
  countedAt?: number,
): Static<typeof CampaignSchema> {
  const content = readCampaignContent(row);
  const experiment = readExperiment(row);
  const { spend_currency: currency } = row;
  const money = (micros: number | null) =>
    micros === null || currency === null ? null : { amount: fromMicros(micros), currency };
  return {
    ...{ id: row.id, name: row.name, status: row.status, reason: row.reason },
    ...{ channel: row.channel, purpose: row.purpose, sender: row.sender },
    audience: JSON.parse(row.audience),
    template: content.template?.id ?? null,
    template_version: content.template?.version ?? null,
    variables: content.variables ?? {},
    ...{ text: content.text ?? null, subject: content.subject ?? null, locale: content.locale ?? null },
    smart_encoding: content.smart_encoding ?? false,
    shorten_links: content.shorten_links ?? false,
    utm: content.utm ?? {},
    ...(content.recording !== undefined && { recording: content.recording }),
    ...content.calls,
    schedule: row.schedule === null ? null : JSON.parse(row.schedule),
    experiment: experiment && viewExperiment(experiment),
    validity_seconds: row.validity_seconds,
    per_second: row.per_second,
    spend_cap: money(row.spend_cap),
    spent: money(row.spent),
    series_id: row.series_id,
    recipients: row.recipients,
    ...(standings && { counts: countsOf(standings), reasons: standings.filter(({ reason }) => reason !== null) }),
    ...(countedAt !== undefined && { counted_at: toTimestamp(countedAt) }),
    starts_at: orNull(row.starts_at),
    started_at: orNull(row.started_at),
    ended_at: orNull(row.ended_at),
    created_at: toTimestamp(row.created_at),
    updated_at: toTimestamp(row.updated_at),
  };
}

function countsOf(standings: readonly Standing[]): Record<string, number> {
  const counts: Record<string, number> = Object.fromEntries(RECIPIENT_STATES.map((state) => [state, 0]));
  for (const { state, count } of standings) counts[state] = (counts[state] ?? 0) + count;
  return counts;
}

export function viewRecipient(row: StandingRecipient): Static<typeof RecipientSchema> {
  const { contact_id, state, reason, variant, tries, message_id, cost_amount, cost_currency } = row;
  return {
    ...{ contact_id, state, reason, variant, tries: Number(tries), message_id },
    due_at: orNull(row.due_at),
    cost: cost_amount === null || cost_currency === null ? null : { amount: cost_amount, currency: cost_currency },
    updated_at: toTimestamp(row.updated_at),
  };
}
