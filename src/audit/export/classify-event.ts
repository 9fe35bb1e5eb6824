import type { AuditEvent } from '../event.ts';

/** What other schemas want to know of an event. */
export interface EventClass {
  /** `key` of `key.created`. */
  family: string;
  kind: 'authentication' | 'administration' | 'other';
  /** Null: neither, as for a message that was sent. */
  outcome: 'success' | 'failure' | null;
  severity: 'informational' | 'low' | 'medium';
  /** For people: `Key created`. */
  title: string;
}

const AUTHENTICATION = new Set(['verification', 'token', 'authentication', 'authorization', 'rate_limit']);
/** What happens to messages; every other family is about what administrators do. */
const TRAFFIC = new Set(['message', 'recipient', 'campaign', 'contact', 'conversation', 'webhook']);

const SUCCESS = new Set(['approved', 'redeemed', 'delivered', 'read']);
const FAILURE = new Set([
  'attempt_failed',
  'replayed',
  'exhausted',
  'expired',
  'blocked',
  'locked',
  'undeliverable',
  'undelivered',
  'failed',
  'denied',
  'exceeded',
]);
/** What somebody on watch should look at, if it happens often. */
const MEDIUM = new Set(['replayed', 'locked', 'exhausted', 'denied', 'exceeded']);

export function classifyEvent({ type }: Pick<AuditEvent, 'type'>): EventClass {
  const [family = '', verb = ''] = type.split('.');
  const outcome = SUCCESS.has(verb) ? 'success' : FAILURE.has(verb) ? 'failure' : null;
  const words = type.replaceAll(/[._]/g, ' ');
  return {
    family,
    kind: AUTHENTICATION.has(family) ? 'authentication' : TRAFFIC.has(family) ? 'other' : 'administration',
    outcome,
    severity: MEDIUM.has(verb) ? 'medium' : outcome === 'failure' ? 'low' : 'informational',
    title: words.charAt(0).toUpperCase() + words.slice(1),
  };
}
