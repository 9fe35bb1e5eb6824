import { type Actor, adminEvent } from '../audit/admin-event.ts';
import { hashPhone, parsePhone } from '../lib/phone.ts';
import type { Caller, VerifyDeps } from './deps.ts';

/**
 * The app has bound the number or account anew, by other means (NIST SP 800-63B-4 §3.2.2): devices that were
 * known are strangers again, and locks and the run of failures are cleared. The app answers for that; the event says who asked.
 */
export async function rebind(
  deps: VerifyDeps,
  caller: Caller,
  actor: Actor,
  who: { to?: string; subject?: string },
  now: number,
): Promise<{ kind: 'rebound' } | { kind: 'invalid_phone_number' }> {
  const phone = who.to === undefined ? null : parsePhone(who.to);
  if (who.to !== undefined && !phone) return { kind: 'invalid_phone_number' };
  const event = (data: Record<string, unknown>) => ({
    ...adminEvent('recipient.rebound', caller.project, actor, now, data),
    ...(phone && { recipient: { masked: phone.masked, hash: hashPhone(deps.hashKey, phone.e164) } }),
  });
  if (phone) {
    const key = deps.guards.recipientBudget({ ...caller, recipient: hashPhone(deps.hashKey, phone.e164) });
    await deps.devices.forgetAll(key, now);
    await deps.store.resetBudget(key, event({ budget: 'recipient' }), now);
  }
  if (who.subject !== undefined) {
    const key = deps.guards.subjectBudget(deps.guards.subjectHash(caller, who.subject));
    await deps.devices.forgetAll(key, now);
    await deps.store.resetBudget(key, event({ budget: 'subject', subject: who.subject }), now);
  }
  return { kind: 'rebound' };
}
