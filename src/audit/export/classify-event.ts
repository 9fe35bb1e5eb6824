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
const TRAFFIC = new Set(['message', 'campaign', 'contact', 'conversation', 'webhook']);

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

export function classifyEvent({ type }: { type: string }): EventClass {
  const [family = '', verb = ''] = type.split('.');
  const kind = AUTHENTICATION.has(family) ? 'authentication' : TRAFFIC.has(family) ? 'other' : 'administration';
  const outcome = kind === 'administration' ? null : outcomeOf(verb);
  const words = type.replaceAll(/[._]/g, ' ');
  return {
    family,
    kind,
    outcome,
    severity: outcome !== 'failure' ? 'informational' : MEDIUM.has(verb) ? 'medium' : 'low',
    title: words.charAt(0).toUpperCase() + words.slice(1),
  };
}

function outcomeOf(verb: string): EventClass['outcome'] {
  if (SUCCESS.has(verb)) return 'success';
  return FAILURE.has(verb) ? 'failure' : null;
}
