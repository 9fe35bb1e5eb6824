import { type Actor, adminEvent } from '../../audit/admin-event.ts';
import type { AuditEvent, EventType } from '../../audit/event.ts';
import type { CampaignRow } from './campaign.ts';

export function campaignEvent(
  type: Extract<EventType, `campaign.${string}`>,
  { id, project_id, name }: Pick<CampaignRow, 'id' | 'project_id' | 'name'>,
  actor: Actor,
  now: number,
  data: Record<string, unknown> = {},
): AuditEvent {
  return adminEvent(type, project_id, actor, now, { campaign_id: id, name, ...data });
}
