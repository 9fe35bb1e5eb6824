import type { AuditEvent } from '../../audit/event.ts';

/** `verification.*` is all that begins with `verification.`; `*` is everything. */
export function wantsType(patterns: readonly string[], type: string): boolean {
  return patterns.some((pattern) => (pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : pattern === type));
}

/** What is told of deliveries. */
const ABOUT_DELIVERIES: readonly unknown[] = ['webhook.exhausted', 'webhook_endpoint.failing'];

/**
 * What is told of an endpoint goes to the others: it would fail there too, and be told of. That it could not be told to
 * them is told to nobody, or endpoints that all refuse it would go on telling each other, ever more of it.
 */
export function wantsEvent(target: { id: string; events: readonly string[] }, { type, data }: AuditEvent): boolean {
  const isEcho = ABOUT_DELIVERIES.includes(type) && ABOUT_DELIVERIES.includes(data.event_type);
  return wantsType(target.events, type) && data.endpoint_id !== target.id && !isEcho;
}
