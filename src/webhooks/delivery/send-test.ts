import type { AuditEvent } from '../../audit/event.ts';
import { newId } from '../../lib/ids.ts';
import { type AttemptDeps, attemptDelivery, type Target } from './attempt.ts';
import type { AttemptRecord } from './delivery.ts';

/** What came of it, at once: it is neither recorded nor repeated, and counts for nothing. */
export async function sendTest(deps: AttemptDeps, target: Target): Promise<AttemptRecord & { delivered: boolean }> {
  const attempt = await attemptDelivery(deps, target, sampleEvent(target, deps.now()), new AbortController().signal);
  if (!attempt) throw new Error('a test is never given up');
  const { at, status, durationMs, error, excerpt, verdict } = attempt;
  return { delivered: verdict === 'delivered', at, status, duration_ms: durationMs, error, excerpt };
}

/** Marked in its type, and in its data for receivers that look nowhere else. */
function sampleEvent({ id, project, mode }: Target, now: number): AuditEvent {
  return {
    id: newId('evt'),
    type: 'webhook.test',
    at: now,
    project,
    mode,
    actor: 'system',
    data: { endpoint_id: id, test: true },
  };
}
