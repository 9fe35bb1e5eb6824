import type { AuditEvent, Mode } from '../audit/event.ts';
import type { BudgetState } from './budgets.ts';
import type { Challenge, ChallengeSecrets, Limit, Send, Status } from './challenge.ts';

/** An attempt is one run of a request. What comes before a full stop in its name is the request's. */
export function requestOf(attempt: string): string {
  return attempt.split('.', 1)[0] ?? attempt;
}

/** How long after its end a challenge with unjudged attempts is looked at again (their process may have died). */
export const RECONCILE_MS = 60_000;

/**
 * Where challenges, limits and guess budgets live. Two adapters: SQL (SQLite and PostgreSQL) and Redis.
 * Every method is one atomic step and records its events in that same step; `now` is always the caller's.
 * All methods throw StoreUnavailable when the store does not answer. One contract suite runs on every adapter.
 *
 * Windows: a limit's window opens at the first use and lasts `windowMs`; the counter then starts again.
 */
export interface ChallengeStore {
  /**
   * Takes every limit or none, checks (without counting) that no budget of the challenge is locked, stores the
   * challenge and `created`. When refused, stores nothing, counts nothing and records `refused` with
   * `data.limit` set to the limit's or budget's name. `exists`: a challenge with this id is there already (a replay).
   */
  create(challenge: Challenge, limits: Limit[], events: CreateEvents, now: number): Promise<CreateResult>;

  /** Null when unknown. Callers check project and mode. */
  get(id: string): Promise<Challenge | null>;

  /**
   * Counts one attempt and one failure against every budget, *before* anything is judged, and hands out the hash.
   * Anything but `ok` counts nothing and, except for `gone` and `malformed`, records `refused` with `data.reason`
   * (`verification.replayed` instead when the challenge is approved; nothing when `withdrawn` is not given and another
   * request has approved it: then somebody looks again). A context that differs, or one given where
   * none is bound, kills the challenge. One that was approved by an attempt that counts for nothing is judged as if
   * it were pending, but its hash is not there any more and nothing kills it.
   * The caller does not know the challenge yet: the store completes its two events by `completeEvent` (events.ts).
   */
  spend(id: string, spend: Spend, now: number): Promise<SpendResult>;

  /**
   * After a wrong answer: counts it as judged (also on an ended challenge), records `failed`, and ends the challenge as
   * exhausted when no attempt is left. `withdrawn`: as for `consume`; what one of them has approved is told as pending.
   */
  fail(
    id: string,
    events: FailEvents,
    now: number,
    withdrawn?: readonly string[],
  ): Promise<{ status: Status; attemptsRemaining: number }>;

  /**
   * After a right answer: counts it as judged and approves. True for exactly one caller ever. Gives this attempt's failure back to the
   * budgets, ends their runs of failures in a row, erases the secrets, remembers `attempt` as the approving one.
   * dueAt becomes now + RECONCILE_MS when other attempts are still unjudged, else null.
   * `withdrawn`: approving attempts that count for nothing, because they were never answered. What one of them has
   * approved is this one's now, and recorded as `verification.approval_resumed`.
   */
  consume(id: string, attempt: string, event: AuditEvent, now: number, withdrawn?: readonly string[]): Promise<boolean>;

  /**
   * Gives back an attempt that nobody could judge, or that was right and could not be accepted, and its failures in the
   * budgets. Also one that has approved it: whoever asks for that is going to answer with an error, and then nobody
   * has a proof for it; to the budgets `consume` has given theirs. Once for each attempt: the store does not remember.
   */
  refund(id: string, attempt: string, now: number): Promise<void>;

  /**
   * Changes the flow if `rev` is still the current one. With `limits`: takes all or none as in `create`.
   * A status other than pending ends the challenge and erases its secrets. An ended challenge may still change
   * (late receipts), but its status stays.
   */
  advance(id: string, rev: number, change: FlowChange, now: number): Promise<AdvanceResult>;

  /** The first of its budgets that allows no guess now, as `create` would find it. Counts and records nothing. */
  findLock(challenge: Pick<Challenge, 'id' | 'budgets'>, now: number): Promise<Locked | null>;

  /** Takes up to `max` challenges whose dueAt has come: raises rev and sets dueAt to now + leaseMs on each. */
  claimDue(now: number, leaseMs: number, max: number): Promise<Challenge[]>;

  /** When the challenge that has waited longest was due, ms; null when none waits. For metrics. */
  oldestDue(now: number): Promise<number | null>;

  /** Clears a budget after the recipient or subject was bound anew. */
  resetBudget(key: string, event: AuditEvent, now: number): Promise<void>;

  /** Records an event outside any transition (kept in order with the others of its verification). */
  record(event: AuditEvent): Promise<void>;
}

/** Of both the store may take from the challenge whatever its facts say as well. */
export interface CreateEvents {
  created: AuditEvent;
  /** Names no verification: none came to be. */
  refused: AuditEvent;
}

export type LimitHit = { kind: 'limited'; limit: string; retryAt: number };
/** `until` null: disabled, only re-binding clears it. */
export type Locked = { kind: 'locked'; budget: 'recipient' | 'subject' | 'project'; until: number | null };
export type CreateResult = { kind: 'created' } | { kind: 'exists' } | LimitHit | Locked;

export interface Spend {
  project: string;
  mode: Mode;
  /** Length of the submitted code, already known to be ASCII digits. */
  codeLength: number;
  /** Digest of the submitted context; null when none was submitted. */
  contextDigest: string | null;
  /** Names this attempt, by one word: another run of the approving request learns that it was approved. */
  attempt: string;
  /** As for `consume`. Not given: nobody has looked for them yet. */
  withdrawn?: readonly string[];
  /** Recorded when the attempt is refused unjudged: type `verification.attempt_failed` or, if already approved, `verification.replayed`. */
  refused: AuditEvent;
  /** Recorded when the context did not match and the challenge dies. */
  canceled: AuditEvent;
}

export type SpendResult =
  /** `budgets`: as this attempt left them, by key. `withdrawn`: for `fail`, where there are such attempts. */
  | { kind: 'ok'; challenge: Challenge; budgets: ReadonlyMap<string, BudgetState>; withdrawn?: readonly string[] }
  /** A run of this very request approved it before; answer as then. */
  | { kind: 'approved'; challenge: Challenge }
  /** Unknown, or of another project or mode. */
  | { kind: 'gone' }
  /** Wrong code length; nothing counted. */
  | { kind: 'malformed' }
  /** A context is bound and none was given; nothing counted. */
  | { kind: 'context_required' }
  | {
      kind: 'refused';
      reason: 'expired' | 'exhausted' | 'already_used' | 'canceled' | 'undeliverable' | 'context_mismatch';
      challenge: Challenge;
    }
  | (Locked & { challenge: Challenge });

export interface FailEvents {
  failed: AuditEvent;
  /** Recorded after `failed`: what the failure brought about. */
  notices: AuditEvent[];
  exhausted: AuditEvent;
}

export interface FlowChange {
  sends: Send[];
  step: number;
  nextSendAt: number | null;
  dueAt: number | null;
  status: Status;
  /** Set when unjudged attempts of a process that died are written off. */
  judged?: number;
  /** New code (policy `resend_code: new`); absent = keep. */
  secrets?: ChallengeSecrets;
  limits?: Limit[];
  events: AuditEvent[];
  /** Recorded instead of `events` when a limit is hit. */
  refused?: AuditEvent;
}

/** `conflict`: someone changed the flow first; read again and decide anew. */
export type AdvanceResult = { kind: 'ok'; rev: number } | { kind: 'conflict' } | LimitHit;
