import type { Purpose, SendVerdict } from '../provider.ts';
import type { Reason } from '../reasons.ts';
import type { SubmitSm } from './pdu-writer.ts';
import type { SubmitOutcome } from './session.ts';
import { type Refusal, readRefusal, type StatusReasons } from './submit-status.ts';

/** One message on its way: its parts, and what is known of each. */
export interface Sending {
  readonly purpose: Purpose;
  /** The part to submit next; undefined when there is none now. */
  next(): number | undefined;
  submitted(part: number): SubmitSm;
  answered(part: number, outcome: SubmitOutcome): void;
  /** Nothing of it has left: it may wait for another link, or be given up. */
  isUntouched(): boolean;
  /** The link that carries it is gone. */
  linkLost(): void;
  /** Gives up what is untouched, and waits no longer for what is not. */
  abandon(reason: Reason): void;
  isDecided(): boolean;
}

export interface SendingOptions {
  purpose: Purpose;
  parts: readonly SubmitSm[];
  statusReasons: StatusReasons;
  /** How long a carrier that refused for its load wants to be left alone. */
  retryAfterMs: number;
  /** The verdict when all parts were taken, by the ids they were given. */
  acceptance(messageIds: readonly string[]): SendVerdict;
  /** Once. */
  decided(verdict: SendVerdict): void;
  /** After `outcome_unknown` the carrier answered all the same. */
  settledLate(verdict: SendVerdict): void;
}

/** A part that is refused for load while others were taken is offered again so often. */
const MAX_OFFERS = 10;

type PartState = 'waiting' | 'submitted' | 'accepted' | 'throttled' | 'refused' | 'unknown';

export function createSending(options: SendingOptions): Sending {
  const { purpose, parts, statusReasons } = options;
  const states: PartState[] = parts.map(() => 'waiting');
  const ids: string[] = parts.map(() => '');
  let offers = 0;
  let refusal: Refusal | null = null;
  let lost: Reason | null = null;
  let verdict: SendVerdict | null = null;

  const count = (state: PartState) => states.reduce((sum, each) => sum + (each === state ? 1 : 0), 0);

  function judge(part: number, outcome: SubmitOutcome): PartState {
    switch (outcome.kind) {
      case 'not_written':
        return 'waiting';
      case 'timeout':
      case 'lost':
        lost ??= outcome.kind === 'timeout' ? 'timeout' : 'connection_lost';
        return 'unknown';
      case 'answered': {
        if (outcome.status === 0) {
          ids[part] = outcome.messageId;
          return 'accepted';
        }
        const found = readRefusal(outcome.status, statusReasons);
        if (!refusal || refusal.isTemporary) refusal = found;
        return found.isTemporary ? 'throttled' : 'refused';
      }
    }
  }

  /** Once nothing is in flight: the verdict, or another try of what was refused for load. */
  function settle(): void {
    if (count('submitted') > 0) return;
    const accepted = count('accepted');
    if (accepted === parts.length) {
      decide(options.acceptance(ids));
      return;
    }
    const mayGoOn = lost === null && count('refused') === 0;
    if (mayGoOn && count('throttled') === 0) return;
    // Half a message is worth nothing: its other parts are offered again, which is safe as they were refused.
    if (mayGoOn && accepted > 0 && offers < MAX_OFFERS) {
      offers++;
      for (const [part, state] of states.entries()) if (state === 'throttled') states[part] = 'waiting';
      return;
    }
    decide(failure(accepted));
  }

  function failure(accepted: number): SendVerdict {
    const code = refusal && { carrierCode: refusal.carrierCode };
    if (lost !== null) return { kind: 'outcome_unknown', reason: lost, ...code };
    if (!refusal) return { kind: 'failed', reason: 'connection_failed' };
    const { kind, reason, isTemporary } = refusal;
    // Some of it may be delivered: neither sent nor not sent.
    if (accepted > 0) return { kind: 'outcome_unknown', reason, ...code };
    if (kind === 'rejected') return { kind, reason, ...code };
    return { kind, reason, ...code, ...(isTemporary && { retryAfterMs: options.retryAfterMs }) };
  }

  function decide(found: SendVerdict): void {
    if (verdict === null) {
      verdict = found;
      options.decided(found);
    } else if (verdict.kind === 'outcome_unknown' && found.kind !== 'outcome_unknown') {
      verdict = found;
      options.settledLate(found);
    }
  }

  return {
    purpose,
    next() {
      if (verdict !== null && verdict.kind !== 'outcome_unknown') return undefined;
      if (lost !== null || count('refused') > 0 || count('throttled') > 0) return undefined;
      const part = states.indexOf('waiting');
      return part === -1 ? undefined : part;
    },
    submitted(part) {
      states[part] = 'submitted';
      return parts[part] as SubmitSm;
    },
    answered(part, outcome) {
      const wasUnknown = states[part] === 'unknown';
      states[part] = judge(part, outcome);
      if (wasUnknown && count('unknown') === 0) lost = null;
      settle();
    },
    isUntouched: () => verdict === null && states.every((state) => state === 'waiting'),
    linkLost() {
      if (verdict === null && count('waiting') > 0) lost ??= 'connection_lost';
      settle();
    },
    abandon(reason) {
      if (verdict !== null) return;
      const isUntouched = states.every((state) => state === 'waiting');
      decide(isUntouched ? { kind: 'failed', reason } : { kind: 'outcome_unknown', reason: 'timeout' });
    },
    isDecided: () => verdict !== null,
  };
}
