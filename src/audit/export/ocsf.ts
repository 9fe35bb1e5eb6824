import { toTimestamp } from '../../lib/clock.ts';
import type { AuditEvent } from '../event.ts';
import { classifyEvent, type EventClass } from './classify-event.ts';
import { jsonLine } from './json-line.ts';
import type { ExportRow } from './row-format.ts';

/** Of https://schema.ocsf.io; later versions of 1.x read the same. */
const VERSION = '1.3.0';

const CLASSES = {
  authentication: { category_uid: 3, class_uid: 3002, class_name: 'Authentication' },
  administration: { category_uid: 3, class_uid: 3004, class_name: 'Entity Management' },
  other: { category_uid: 0, class_uid: 0, class_name: 'Base Event' },
} as const;

const OTHER = 99;
/** Authentication: what is the answer to somebody who wants in. */
const LOGON = new Set(['approved', 'attempt_failed', 'replayed', 'exhausted', 'redeemed', 'failed', 'denied']);
/** Entity Management: create, read, update, delete. */
const MANAGEMENT: Record<string, number> = {
  created: 1,
  added: 1,
  exported: 2,
  unmasked: 2,
  updated: 3,
  rotated: 3,
  verified: 3,
  changed: 3,
  enabled: 3,
  disabled: 3,
  deleted: 4,
  revoked: 4,
  erased: 4,
};
const SEVERITY = { informational: 1, low: 2, medium: 3 } as const;
const STATUS = { success: 1, failure: 2 } as const;
const FACTOR: Record<string, number> = { sms: 1, voice: 3, push: 5, totp: 7, email: 8, passkey: 10 };

/** One event of the Open Cybersecurity Schema Framework. */
export function ocsfRow({ logIndex, event }: ExportRow): string {
  const facts = classifyEvent(event);
  const { kind, outcome, severity, title } = facts;
  const verb = event.type.slice(facts.family.length + 1);
  const activity = activityOf(kind, verb);
  const { channel, reason } = event.data;
  return jsonLine({
    ...CLASSES[kind],
    activity_id: activity,
    activity_name: activity === OTHER ? event.type : undefined,
    type_uid: CLASSES[kind].class_uid * 100 + activity,
    time: event.at,
    severity_id: SEVERITY[severity],
    status_id: outcome ? STATUS[outcome] : undefined,
    status_detail: typeof reason === 'string' ? reason : undefined,
    message: title,
    metadata: {
      version: VERSION,
      product: { name: 'Countersign', vendor_name: 'Countersign' },
      uid: event.id,
      sequence: logIndex,
      event_code: event.type,
      log_name: 'audit',
      original_time: toTimestamp(event.at),
      correlation_uid: event.verificationId ?? event.messageId,
      tenant_uid: event.project,
    },
    ...(kind !== 'other' && accessOf(event)),
    ...(kind === 'authentication' && {
      user: event.recipient ? { uid: event.recipient.hash, name: event.recipient.masked } : userOf(event.actor),
      service: { name: 'Countersign', uid: event.project },
      is_mfa: event.verificationId !== undefined,
      auth_factors: typeof channel === 'string' ? [{ factor_type_id: FACTOR[channel] ?? OTHER }] : undefined,
    }),
    ...(kind === 'administration' && { entity: entityOf(facts, event) }),
    unmapped: unmappedOf(event),
  });
}

function activityOf(kind: EventClass['kind'], verb: string): number {
  if (kind === 'authentication') return LOGON.has(verb) ? 1 : OTHER;
  return kind === 'administration' ? (MANAGEMENT[verb] ?? OTHER) : OTHER;
}

/** Who, and from where: what events of this category have. */
function accessOf({ actor, client }: AuditEvent): object {
  return {
    actor: { user: userOf(actor) },
    ...(client?.ip !== undefined && { src_endpoint: { ip: client.ip } }),
    ...(client?.user_agent !== undefined && { http_request: { user_agent: client.user_agent } }),
  };
}

function userOf(actor: string): object {
  return actor === 'system' ? { uid: actor, type_id: 3 } : { uid: actor, type_id: OTHER, type: 'API key' };
}

function unmappedOf({ mode, actor, client, recipient, data }: AuditEvent): object {
  return { mode, actor, client, recipient, data };
}

function entityOf({ family }: EventClass, { project, data }: AuditEvent): object {
  const named = [data.id, data.key, data.host, data.name].find((value) => typeof value === 'string');
  return { type: family, uid: named ?? project };
}
