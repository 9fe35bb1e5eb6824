import type { AuditEvent } from '../../audit/event.ts';

/** `verification.*` is all that begins with `verification.`; `*` is everything. */
export function wantsType(patterns: readonly string[], type: string): boolean {
  return patterns.some((pattern) => (pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : pattern === type));
}

/** What is told of an endpoint goes to the others: it would fail there too, and be told of. */
export function wantsEvent(target: { id: string; events: readonly string[] }, event: AuditEvent): boolean {
  return wantsType(target.events, event.type) && event.data.endpoint_id !== target.id;
}
