/**
 * Words used in this folder.
 *
 * challenge   one verification as the store keeps it: who, what for, which code (hashed), how it goes on
 * recipient   the E.164 number that the verification is about; sends by e-mail go to an address beside it
 * subject     the app's own name for the person being verified (an account id), optional
 * attempt     one submitted code; counted ("spent") before it is judged
 * send        one message carrying the code
 * step        one entry of the workflow: a channel and how long to wait before the next one
 * flow        the sending side of a challenge; every change of it raises `rev` (compare and swap)
 * budget      failed guesses counted over all challenges of a recipient, subject or project
 */
import type { ClientInfo, Mode } from '../audit/event.ts';
import type { Channel } from '../lib/channels.ts';
import type { SpokenManner } from './spoken-manner.ts';

export type { Channel };

export const STATUSES = ['pending', 'approved', 'expired', 'canceled', 'exhausted', 'undeliverable'] as const;
export type Status = (typeof STATUSES)[number];

/** `unknown`: the carrier may or may not have taken it; never blindly sent again. */
export type SendStatus = 'queued' | 'sending' | 'sent' | 'delivered' | 'failed' | 'unknown' | 'skipped';

export interface Send {
  channel: Channel;
  status: SendStatus;
  /** When it was queued, ms. */
  at: number;
  /** Asked for by a start or resend, rather than planned by the workflow; these begin the cool-down. */
  requested?: boolean;
  /** While sending: when the sender's lease ends, ms; afterwards the outcome is unknown. */
  until?: number;
  provider?: string;
  reason?: string;
}

export interface WorkflowStep {
  channel: Channel;
  /** Seconds to wait for an approval before the next step; absent on a last step. */
  wait_seconds?: number;
}

/** Set at creation, never changed. */
export interface ChallengeFacts {
  id: string;
  project: string;
  mode: Mode;
  /** E.164. */
  to: string;
  recipientHash: string;
  /** Country code and last two digits, for events. */
  masked: string;
  /** ISO 3166-1 alpha-2. */
  country: string | null;
  /** Where sends by e-mail go, as events name it; the address itself is with the secrets. */
  email?: { masked: string; hash: string };
  subject?: string;
  purpose: string;
  locale: string;
  workflow: WorkflowStep[];
  codeLength: number;
  maxAttempts: number;
  maxSends: number;
  cooldownSeconds: number;
  resendCode: 'same' | 'new';
  hashPreset: 'standard' | 'hardened' | 'fast';
  fallback: 'unless_approved' | 'unless_delivered';
  /** SHA-256 over the canonical context, base64url; null when not bound to one. */
  contextDigest: string | null;
  client: ClientInfo;
  origin?: string;
  androidAppHash?: string;
  metadata: Record<string, string>;
  /** Shown name of the app. */
  brand: string;
  /** How a call says the code, where the policy differs from what is usual. */
  voice?: SpokenManner;
  /** Fixed code of a test number: nothing is sent. */
  testNumber: boolean;
  /** Life of the proof, seconds. */
  proofTtlSeconds: number;
  /** Whether an approval must also be written to the SQL ledger before it is answered. */
  ledger: boolean;
  createdAt: number;
  expiresAt: number;
  /** Budgets this challenge's guesses count against. */
  budgets: Budget[];
  /** Limits that sends take; which send takes which: limits.ts. */
  sendLimits: Limit[];
}

/** Present while the challenge is pending; erased by the store in the step that ends it. */
export interface ChallengeSecrets {
  /** Keyed hash of the code: `<key id>$<preset>$<salt>$<hash>`. */
  codeHash: string;
  /** What later sends need, sealed: see sealed-code.ts. */
  sealed: string;
}

export interface Challenge extends ChallengeFacts {
  status: Status;
  /** Attempts spent. */
  attempts: number;
  /** Attempts whose outcome is recorded; the rest are being judged, or their process died. */
  judged: number;
  sends: Send[];
  /** Index into `workflow` of the newest step begun. */
  step: number;
  /** When the next automatic send is due, ms; null when none is planned. */
  nextSendAt: number | null;
  /** When any process should next look at it (send due, lease end or expiry), ms; null once ended. */
  dueAt: number | null;
  endedAt: number | null;
  /** Raised by every change of the flow; the fencing token of leases. */
  rev: number;
  secrets: ChallengeSecrets | null;
}

/** A budget of failed guesses. `key` is stable and holds no personal data in clear. */
export interface Budget {
  name: 'recipient' | 'subject' | 'project';
  key: string;
  /** Failures allowed in the window before the lock. */
  max: number;
  windowMs: number;
  lockMs: number;
  /** Failures in a row, over any time, after which only re-binding helps (NIST SP 800-63B-4 §3.2.2); 0 = none. */
  hardMax: number;
}

/** One use of a limit on sending. Several are taken together: all or none. */
export interface Limit {
  /** Public name, e.g. `recipient_cooldown`, `custom:order-17`. */
  name: string;
  /** Counter key; shared by all projects for limits of a recipient or an e-mail address. Holds no personal data in clear. */
  key: string;
  max: number;
  windowMs: number;
}
