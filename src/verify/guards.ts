import { createHmac, type KeyObject } from 'node:crypto';
import type { Mode } from '../audit/event.ts';
import { networkOf } from '../lib/network-of.ts';
import type { Budget, Limit } from './challenge.ts';
import { FAILURES_IN_A_ROW, type Policy } from './policy.ts';

/**
 * Which counters a verification touches. Whoever a key is about, it holds only as a keyed hash: a dump of the store
 * names nobody.
 * The mode is part of every key, so that test traffic can neither use up nor unlock anything live.
 */
export interface GuardSubject {
  project: string;
  mode: Mode;
  /** Keyed hash of the number. */
  recipient: string;
  /** Keyed hash of the block of numbers it belongs to. */
  prefix: string;
  /** Keyed hash of the e-mail address. */
  email?: string | undefined;
  /** Keyed hash of the app's own name for the person. */
  subject?: string | undefined;
  ip?: string | undefined;
  deviceId?: string | undefined;
}

export interface CustomLimit {
  key: string;
  max: number;
  window_seconds: number;
}

export function createGuards(hashKey: KeyObject) {
  const hash = (...parts: string[]) =>
    createHmac('sha256', hashKey).update(parts.join('\0')).digest('base64url').slice(0, 27);

  const recipientOf = ({ mode, recipient }: Pick<GuardSubject, 'mode' | 'recipient'>) => `${mode}:${recipient}`;
  /** Of the app's own names, so of no use outside its project. */
  const ownOf = (kind: string, { mode, project }: Pick<GuardSubject, 'mode' | 'project'>, name: string) =>
    hash(kind, mode, project, name);
  /** A project is nobody's personal data. */
  const projectOf = ({ mode, project }: Pick<GuardSubject, 'mode' | 'project'>) => `${mode}:${project}`;

  /** Every limit that sends take: see limits.ts. */
  function sendLimits(who: GuardSubject, policy: Policy): Limit[] {
    const { recipient_10_minutes, recipient_day, prefix, project, ip, subject } = policy.limits;
    const recipient = recipientOf(who);
    const window = (name: string, key: string, max: number, seconds: number): Limit => ({
      name,
      key,
      max,
      windowMs: seconds * 1000,
    });
    const cooldown = policy.resend_cooldown_seconds;
    // Shared by all projects: nobody is bombed through several apps.
    const windowsOf = (kind: 'recipient' | 'email', letter: string, id: string): Limit[] => [
      ...(cooldown > 0 ? [window(`${kind}_cooldown`, `${letter}:${id}:0`, 1, cooldown)] : []),
      window(`${kind}_10_minutes`, `${letter}:${id}:10`, recipient_10_minutes, 600),
      window(`${kind}_day`, `${letter}:${id}:24`, recipient_day, 86_400),
    ];
    const limits: Limit[] = [
      ...windowsOf('recipient', 'r', recipient),
      // Nor is a mailbox through several numbers.
      ...(who.email === undefined ? [] : windowsOf('email', 'e', `${who.mode}:${who.email}`)),
      // The length is in the key, so that a project with a short window cannot begin another one's anew.
      window('prefix', `p:${who.mode}:${prefix.window_seconds}:${who.prefix}`, prefix.max, prefix.window_seconds),
      window('project', `o:${projectOf(who)}`, project.max, project.window_seconds),
    ];
    if (who.ip) limits.push(window('ip', `i:${ownOf('ip', who, networkOf(who.ip))}`, ip.max, ip.window_seconds));
    if (who.subject) limits.push(window('subject', `s:${who.subject}`, subject.max, subject.window_seconds));
    return limits;
  }

  /** The caller's own limits, which only a start takes. */
  function customLimits(who: GuardSubject, custom: readonly CustomLimit[]): Limit[] {
    return custom.map(({ key, max, window_seconds }) => ({
      name: `custom:${key}`,
      key: `c:${ownOf('custom', who, key)}`,
      max,
      windowMs: window_seconds * 1000,
    }));
  }

  /**
   * Budgets of failed guesses. A device that was approved for this recipient before has a budget of its own, so that
   * a stranger who burns the shared one does not lock its owner out; the run of failures in a row is always shared.
   */
  function guessBudgets(who: GuardSubject, policy: Policy, deviceKnown: boolean): Budget[] {
    const { recipient, subject, project } = policy.guesses;
    const window = (of: GuessWindow) => ({
      max: of.failures,
      windowMs: of.window_seconds * 1000,
      lockMs: of.lock_seconds * 1000,
    });
    const shared = (of: GuessWindow) => ({ ...window(of), ...(deviceKnown && { max: 0 }), hardMax: FAILURES_IN_A_ROW });

    const budgets: Budget[] = [{ name: 'recipient', key: recipientBudget(who), ...shared(recipient) }];
    if (deviceKnown && who.deviceId) {
      budgets.push({ name: 'recipient', key: `d:${deviceKey(who, who.deviceId)}`, ...window(recipient), hardMax: 0 });
    }
    if (who.subject) budgets.push({ name: 'subject', key: subjectBudget(who.subject), ...shared(subject) });
    budgets.push({ name: 'project', key: `o:${projectOf(who)}`, ...window(project), hardMax: 0 });
    return budgets;
  }

  /** Of each project apart: none can lock, or unlock, another one's users. */
  function recipientBudget(who: Pick<GuardSubject, 'mode' | 'project' | 'recipient'>): string {
    return `r:${projectOf(who)}:${who.recipient}`;
  }

  function subjectBudget(subjectHash: string): string {
    return `s:${subjectHash}`;
  }

  function subjectHash(who: Pick<GuardSubject, 'mode' | 'project'>, subject: string): string {
    return ownOf('subject', who, subject);
  }

  function deviceKey(who: Pick<GuardSubject, 'project' | 'mode' | 'recipient'>, deviceId: string): string {
    return ownOf('device', who, `${who.recipient}\0${deviceId}`);
  }

  /** Whoever of them is bound anew, no device is known any more. */
  function deviceOwners(who: GuardSubject): string[] {
    const { subject } = who;
    return [recipientBudget(who), ...(subject === undefined ? [] : [subjectBudget(subject)])];
  }

  return {
    sendLimits,
    customLimits,
    guessBudgets,
    recipientBudget,
    subjectBudget,
    subjectHash,
    deviceKey,
    deviceOwners,
  };
}

type GuessWindow = Policy['guesses']['recipient'];

export type Guards = ReturnType<typeof createGuards>;
