import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { AuditEvent } from '../../../src/audit/event.ts';
import type { Attempt, Target } from '../../../src/webhooks/delivery/attempt.ts';
import { newDelivery } from '../../../src/webhooks/delivery/delivery.ts';
import { createHostSlots } from '../../../src/webhooks/delivery/host-slots.ts';
import { createRunner } from '../../../src/webhooks/delivery/runner.ts';
import type { Item } from '../../../src/webhooks/delivery/supply.ts';

const LEASE_MS = 30_000;

it('a lease whose renewal could not be written is not longer for it', async () => {
  let clock = 0;
  const owner = { project: 'prj_1', mode: 'test' as const };
  const target: Target = {
    ...{ id: 'whk_1', ...owner, url: 'https://example.com', events: ['*'], headers: {}, format: 'json' },
    ...{ apiVersion: '2026-11-22', ordered: false, keys: () => [], revision: 0 },
  };
  const event: AuditEvent = { id: 'evt_1', type: 'verification.approved', at: 0, actor: 'system', data: {}, ...owner };
  const items = Array.from({ length: 9 }, (_, index): Item => {
    return { delivery: newDelivery(target, index, event, clock), event, isRetry: false };
  });
  const underWay: (() => void)[] = [];
  const taken = { at: 0, durationMs: 1, verdict: 'delivered', status: 200, error: null, excerpt: null } as const;
  const runner = createRunner(
    {
      ...{ now: () => clock, random: () => 0, hosts: createHostSlots(8, 8), leaseMs: LEASE_MS, mostAtOnce: 8 },
      attempt: () =>
        new Promise<Attempt>((resolve) => {
          underWay.push(() => resolve({ ...taken, retryAfterMs: 0 }));
        }),
      ...{ changed: () => {}, reload: async () => target, onError: () => {}, onResult: () => {} },
    },
    {
      ...{ endpoint_id: target.id, project_id: owner.project, mode: owner.mode, next: 0, claim: 1 },
      ...{ leased_until: LEASE_MS, due_at: LEASE_MS, rests_until: 0, failures: 0, failing_since: null },
    },
    target,
    {
      next: async () => ({ found: items.splice(0), blocked: [] }),
      ...{ end: () => 0, replays: () => [], saved: () => {} },
    },
  );
  runner.wake();
  await nextTurn();
  expect(underWay).toHaveLength(2);
  underWay[0]?.();
  await nextTurn();
  const begun = underWay.length;
  expect(begun).toBeGreaterThan(2);

  clock += 20_000;
  const outcomes = runner.collect(clock);
  expect(outcomes?.deliveries).toHaveLength(1);
  if (outcomes) runner.putBack(outcomes);
  clock += 15_000;
  underWay[1]?.();
  await nextTurn();
  expect(underWay).toHaveLength(begun);
});
