import type { AuditEvent } from '../audit/event.ts';
import { viewEvent } from '../audit/event-view.ts';
import { toXml } from './to-xml.ts';

/** What a body looks like is fixed by its date; an endpoint keeps the one that it was made with. */
export const API_VERSIONS = ['2026-11-22'] as const;
export type ApiVersion = (typeof API_VERSIONS)[number];
export const NEWEST_API_VERSION: ApiVersion = '2026-11-22';

export const WEBHOOK_FORMATS = ['json', 'xml'] as const;
export type WebhookFormat = (typeof WEBHOOK_FORMATS)[number];

export interface WebhookBody {
  type: string;
  timestamp: string;
  api_version: ApiVersion;
  /** The event as the API shows it; `truncated` when its own `data` would have been too much. */
  data: ReturnType<typeof viewEvent> & { truncated?: true };
}

export interface RenderedEvent {
  contentType: string;
  body: string;
}

/** Standard Webhooks, "payload": bodies should be smaller than 20 kB. */
export const MAX_BODY_BYTES = 20_000;

export function renderEvent(event: AuditEvent, format: WebhookFormat, version: ApiVersion): RenderedEvent {
  const write = format === 'xml' ? toXml : JSON.stringify;
  const whole = bodyOf(event, version);
  const body = write(whole);
  return {
    contentType: format === 'xml' ? 'application/xml' : 'application/json',
    body: Buffer.byteLength(body) < MAX_BODY_BYTES ? body : write(truncate(whole)),
  };
}

function bodyOf(event: AuditEvent, version: ApiVersion): WebhookBody {
  const data = viewEvent(event);
  return { type: event.type, timestamp: data.created_at, api_version: version, data };
}

/** Its id finds the whole of it in the API. */
function truncate(body: WebhookBody): WebhookBody {
  const { client: _, ...data } = body.data;
  return { ...body, data: { ...data, data: {}, truncated: true } };
}
