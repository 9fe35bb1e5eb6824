import type { Mode } from './mode.ts';

/** What a key may do. `admin` implies none of the others. */
export const SCOPES = [
  'verifications:write',
  'verifications:read',
  'messages:send',
  'messages:read',
  'events:read',
  'audit:read',
  'audit:unmask',
  'webhooks:write',
  'webhooks:read',
  'privacy:write',
  'contacts:write',
  'contacts:read',
  'templates:write',
  'templates:review',
  'templates:read',
  'campaigns:write',
  'campaigns:read',
  'conversations:write',
  'conversations:read',
  'recipients:write',
  'tokens:redeem',
  'settings:write',
  'sandbox',
  'metrics:read',
  'admin',
] as const;

export type Scope = (typeof SCOPES)[number];

/** Who a request acts for. The same object is handed out as long as nothing about the key or its project changed. */
export interface Auth {
  keyId: string;
  projectId: string;
  projectName: string;
  mode: Mode;
  scopes: ReadonlySet<Scope>;
  /** The project's policy overrides, as stored. */
  policy: unknown;
  /** Set when a client token calls: it reaches this one verification only. */
  client?: { verificationId: string };
}

/** Why a key was refused. */
export interface KeyExplanation {
  reason: 'unknown_key' | 'malformed_key' | 'revoked_key' | 'expired_key' | 'invalid_client_token';
  mode?: Mode;
  /** As lists of keys show it. */
  prefix?: string;
  /** Of a key that was valid once. */
  owner?: { id: string; project: string };
}

export interface Authenticate {
  /**
   * Null for a key that is unknown, revoked or expired. Throws StoreUnavailable when that cannot be known.
   * `maxAgeMs`: the answer must not be older, if the database can be asked.
   */
  (key: string, maxAgeMs?: number): Promise<Auth | null>;
  /** False for a key that only the database can vouch for. Without this, every key may be asked for. */
  known?(key: string): boolean;
  /** About a key that was just refused, from memory. */
  explain?(key: string): KeyExplanation;
}
