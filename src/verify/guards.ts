import { createHmac, type KeyObject } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Mode } from '../audit/event.ts';
import { phonePrefix } from '../lib/phone.ts';
import type { Budget, Limit } from './challenge.ts';
import { FAILURES_IN_A_ROW, type Policy } from './policy.ts';

/**
 * Which counters a verification touches. All keys are keyed hashes: a dump of the store names nobody.
 * The mode is part of every key, so that test traffic can neither use up nor unlock anything live.
 */
export interface GuardSubject {
  project: string;
  mode: Mode;
  to: string;
  subject?: string | undefined;
  ip?: string | undefined;
  deviceId?: string | undefined;
}

export interface CustomLimit {
  key: string;
  max: number;
  window_seconds: number;
}

const TEN_MINUTES_MS = 600_000;
const DAY_MS = 86_400_000;

export function createGuards(hashKey: KeyObject) {
  const hash = (kind: string, ...parts: string[]) =>
    createHmac('sha256', hashKey)
      .update(JSON.stringify([kind, ...parts]))
      .digest('base64url')
      .slice(0, 27);

  /** Counters of one recipient are shared by all projects: nobody is bombed through several apps. */
  function recipientLimits(who: GuardSubject, policy: Policy): Limit[] {
    const recipient = hash('recipient', who.mode, who.to);
    const limits: Limit[] = [
      {
        name: 'recipient_10_minutes',
        key: `r10:${recipient}`,
        max: policy.limits.recipient_10_minutes,
        windowMs: TEN_MINUTES_MS,
      },
      { name: 'recipient_day', key: `r24:${recipient}`, max: policy.limits.recipient_day, windowMs: DAY_MS },
      {
        name: 'prefix',
        key: `p:${hash('prefix', who.mode, phonePrefix(who.to))}`,
        max: policy.limits.prefix.max,
        windowMs: policy.limits.prefix.window_seconds * 1000,
      },
    ];
    if (policy.resend_cooldown_seconds === 0) return limits;
    return [
      { name: 'recipient_cooldown', key: `r0:${recipient}`, max: 1, windowMs: policy.resend_cooldown_seconds * 1000 },
      ...limits,
    ];
  }

  /** Every limit that a new verification, or a resend of one, takes. */
  function sendLimits(who: GuardSubject, policy: Policy, custom: readonly CustomLimit[] = []): Limit[] {
    const scoped = (name: 'project' | 'ip' | 'subject', ...parts: string[]): Limit => ({
      name,
      key: `${name[0]}:${hash(name, who.mode, ...parts)}`,
      max: policy.limits[name].max,
      windowMs: policy.limits[name].window_seconds * 1000,
    });
    const limits = [...recipientLimits(who, policy), scoped('project', who.project)];
    if (who.ip) limits.push(scoped('ip', who.project, networkOf(who.ip)));
    if (who.subject) limits.push(scoped('subject', who.project, who.subject));
    for (const limit of custom) {
      limits.push({
        name: `custom:${limit.key}`,
        key: `c:${hash('custom', who.mode, who.project, limit.key)}`,
        max: limit.max,
        windowMs: limit.window_seconds * 1000,
      });
    }
    return limits;
  }

  /**
   * Budgets of failed guesses. A device that was approved for this recipient before has a budget of its own, so that
   * a stranger who burns the shared one does not lock its owner out; the run of failures in a row is always shared.
   */
  function guessBudgets(who: GuardSubject, policy: Policy, deviceKnown: boolean): Budget[] {
    const { recipient, subject, project } = policy.guesses;
    const recipientKey = budgetKey('recipient', who.mode, who.to);
    const window = (of: { failures: number; window_seconds: number; lock_seconds: number }) => ({
      max: of.failures,
      windowMs: of.window_seconds * 1000,
      lockMs: of.lock_seconds * 1000,
    });
    const budgets: Budget[] = [
      {
        name: 'recipient',
        key: recipientKey,
        ...window(recipient),
        ...(deviceKnown && { max: 0 }),
        hardMax: FAILURES_IN_A_ROW,
      },
    ];
    if (deviceKnown && who.deviceId) {
      budgets.push({ name: 'recipient', key: `d:${deviceKey(who, who.deviceId)}`, ...window(recipient), hardMax: 0 });
    }
    if (who.subject) {
      const key = budgetKey('subject', who.mode, who.project, who.subject);
      budgets.push({
        name: 'subject',
        key,
        ...window(subject),
        ...(deviceKnown && { max: 0 }),
        hardMax: FAILURES_IN_A_ROW,
      });
    }
    budgets.push({ name: 'project', key: budgetKey('project', who.mode, who.project), ...window(project), hardMax: 0 });
    return budgets;
  }

  function budgetKey(name: 'recipient' | 'subject' | 'project', ...parts: string[]): string {
    return `${name[0]}:${hash(`guesses-${name}`, ...parts)}`;
  }

  function deviceKey(who: Pick<GuardSubject, 'project' | 'mode' | 'to'>, deviceId: string): string {
    return hash('device', who.mode, who.project, who.to, deviceId);
  }

  return { sendLimits, guessBudgets, budgetKey, deviceKey };
}

export type Guards = ReturnType<typeof createGuards>;

/** An IPv6 subscriber owns a /64, so that is what is counted; an IPv4 address counts itself. */
function networkOf(ip: string): string {
  if (!isIPv6(ip)) return ip;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip);
  if (mapped?.[1]) return mapped[1];
  const [head = '', tail = ''] = ip.toLowerCase().split('::');
  const left = head ? head.split(':') : [];
  const right = tail ? tail.split(':') : [];
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  return [...left, ...(ip.includes('::') ? zeros : []), ...right]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
