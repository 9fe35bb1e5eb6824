import type { KeyObject } from 'node:crypto';
import type { Mode } from '../audit/event.ts';
import type { Now } from '../lib/clock.ts';
import type { Keyring } from '../lib/keyring.ts';
import type { AcceptingStore } from './acceptance-ledger.ts';
import type { Challenge, ChallengeFacts } from './challenge.ts';
import type { CodeHasher } from './code.ts';
import type { Unserved } from './count-unserved.ts';
import type { CodeMessage, Deliver } from './deliver.ts';
import type { Guards } from './guards.ts';

/** What the lifecycle needs; put together in open.ts. */
export interface VerifyDeps {
  /** Read where work begins or goes on after a wait, then handed down. */
  now: Now;
  store: AcceptingStore;
  hasher: CodeHasher;
  keyring: Keyring;
  /** Keys the hashes of numbers, subjects and addresses. */
  hashKey: KeyObject;
  guards: Guards;
  deliver: Deliver;
  /** Told of sends whose process died, before they are marked as unknown. */
  lost?(message: CodeMessage): Promise<void>;
  /** Told of every approval: which sends brought it about is what routes are judged by. */
  approved?(challenge: Challenge): void;
  /** The signed proof of an approved challenge. */
  signProof(challenge: ChallengeFacts & { channel: string }, now: number): Promise<string>;
  identities: Identities;
  devices: KnownDevices;
  records: Records;
  /** Work that goes on after the answer; awaited when the process drains. */
  background(task: Promise<unknown>): void;
  metrics: VerifyMetrics;
}

/** The pages and apps that a project may bind codes to. */
export interface Identities {
  refusalOf(
    who: { project: string; mode: Mode },
    named: { origin?: string; androidAppHash?: string },
  ): Promise<IdentityRefusal | null>;
}

export type IdentityRefusal = 'origin_not_verified' | 'app_not_registered';

/** Devices that were approved for a recipient before. */
export interface KnownDevices {
  /** `owners`: the recipient and the subject it would be for, by the keys of their budgets. */
  isKnown(device: string, owners: readonly string[], now: number): Promise<boolean>;
  remember(device: string, now: number): Promise<void>;
  /** Those of this owner. */
  forgetAll(owner: string, now: number): Promise<void>;
}

/** Ended verifications that the store has let go of, and lists. */
export interface Records {
  get(who: { id: string; project: string; mode: Mode }): Promise<Challenge | null>;
}

export interface VerifyMetrics {
  started(result: 'created' | 'limited' | 'locked' | Unserved): void;
  checked(result: string): void;
  sent(channel: string, provider: string, country: string | null, outcome: string): void;
}

/** Who calls. */
export interface Caller {
  project: string;
  mode: Mode;
  /** API key id, or `client:<verification id>` for a client token. */
  actor: string;
}
