import type { Mode } from '../lib/mode.ts';

/**
 * One row per transition. The events table is both the audit log and the webhook outbox.
 * No code, no key and no full number ever enters an event.
 */
export const EVENT_TYPES = [
  'verification.created',
  'verification.sent',
  'verification.delivered',
  'verification.undelivered',
  'verification.attempt_failed',
  'verification.approved',
  'verification.approval_resumed',
  'verification.expired',
  'verification.exhausted',
  'verification.canceled',
  'verification.undeliverable',
  'verification.blocked',
  'verification.replayed',
  'verification.locked',
  'verification.lock_warning',
  'recipient.rebound',
  'recipient.opted_out',
  'recipient.opted_in',
  'consent.requested',
  'consent.granted',
  'consent.revoked',
  'consent_settings.updated',
  'sending_rules.updated',
  'suppression.added',
  'suppression.confirmed',
  'suppression.removed',
  'message.accepted',
  'message.scheduled',
  'message.sent',
  'message.delivered',
  'message.undelivered',
  'message.partially_delivered',
  'message.failed',
  'message.expired',
  'message.canceled',
  'message.blocked',
  'message.unknown',
  'message.read',
  'message.received',
  'keyword.created',
  'keyword.updated',
  'keyword.deleted',
  'number.claimed',
  'number.released',
  'survey.completed',
  'survey.expired',
  'survey.abandoned',
  'conversation.opened',
  'conversation.updated',
  'token.redeemed',
  'token.replayed',
  'project.created',
  'project.updated',
  'key.created',
  'key.revoked',
  'signing_key.rotated',
  'audit_key.rotated',
  'audit.exported',
  'routes.updated',
  'recording.created',
  'recording.deleted',
  'code_message.updated',
  'code_message.deleted',
  'template.created',
  'template.updated',
  'template.submitted',
  'template.approved',
  'template.rejected',
  'template.deleted',
  'link.created',
  'link.clicked',
  'origin.added',
  'origin.verified',
  'origin.deleted',
  'android_app.added',
  'android_app.deleted',
  'webhook_endpoint.created',
  'webhook_endpoint.updated',
  'webhook_endpoint.enabled',
  'webhook_endpoint.disabled',
  'webhook_endpoint.secret_rotated',
  'webhook_endpoint.tested',
  'webhook_endpoint.replayed',
  'webhook_endpoint.deleted',
  'webhook_endpoint.failing',
  'webhook.retried',
  'webhook.exhausted',
  'webhook.test',
  'authentication.failed',
  'authorization.denied',
  'rate_limit.exceeded',
  'configuration.changed',
  'erasure.requested',
  'erasure.applied',
  'erasure.completed',
  'subject.exported',
  'recipient.unmasked',
  'retention.applied',
  'contact.created',
  'contact.updated',
  'contact.deleted',
  'contact_attributes.updated',
  'contacts.exported',
  'contact_import.started',
  'contact_import.completed',
  'contact_import.failed',
  'contact_import.canceled',
  'list.created',
  'list.updated',
  'list.deleted',
  'list.members_changed',
  'segment.created',
  'segment.updated',
  'segment.deleted',
  'campaign.created',
  'campaign.updated',
  'campaign.scheduled',
  'campaign.started',
  'campaign.paused',
  'campaign.resumed',
  'campaign.canceled',
  'campaign.completed',
  'campaign.failed',
  'campaign.winner_chosen',
  'campaign.repeated',
  'campaign.tested',
  'campaign.converted',
  'appointment.created',
  'appointment.updated',
  'appointment.rescheduled',
  'appointment.reminded',
  'appointment.reminder_skipped',
  'appointment.confirmed',
  'appointment.reschedule_requested',
  'appointment.canceled',
  'appointment.completed',
  'appointment.missed',
  'appointment.expired',
  'appointment_settings.updated',
  'automation.created',
  'automation.updated',
  'automation.started',
  'automation.paused',
  'automation.resumed',
  'automation.stopped',
  'automation.deleted',
  'automation.secret_rotated',
  'automation.run_started',
  'automation.run_ended',
  'automation.run_stopped',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

export type { Mode };

export interface MaskedRecipient {
  /** Country code and the last two digits, the rest starred. */
  masked: string;
  /** HMAC-SHA-256 of the E.164 number under the installation's hash key, base64url. */
  hash: string;
}

/** Of a verification: the person's device, as the app tells it. Of what a key does: where the request came from. */
export interface ClientInfo {
  ip?: string;
  user_agent?: string;
  /** The rest of it was cut off: what one request writes is bounded. */
  user_agent_truncated?: true;
  device_id?: string;
}

export interface AuditEvent {
  id: string;
  type: EventType;
  /** Milliseconds since the epoch. */
  at: number;
  project: string;
  mode: Mode;
  /** Who caused it: an API key id, a client token, `system`, or `unknown`. */
  actor: string;
  verificationId?: string;
  messageId?: string;
  recipient?: MaskedRecipient;
  client?: ClientInfo;
  data: Record<string, unknown>;
  /** Place among the events of its verification, from 1, without gaps; set by the store. */
  sequence?: number;
}
