import { JOSEError } from 'jose/errors';
import { SignJWT } from 'jose/jwt/sign';
import { jwtVerify } from 'jose/jwt/verify';
import type { Mode } from '../audit/event.ts';
import { type KeySet, PROOF_TYP } from './key-set.ts';
import { MAX_PROOF_SECONDS } from './signing-keys.ts';

/** What a proof says of an approved verification; a Challenge has all of it. */
export interface ProvenVerification {
  id: string;
  project: string;
  mode: Mode;
  subject?: string;
  recipientHash: string;
  purpose: string;
  channel: string;
  contextDigest: string | null;
  proofTtlSeconds: number;
}

export interface ProofClaims {
  iss: string;
  /** See audienceOf. */
  aud: string;
  /** The app's own name for the person, or the hash of the number where it gave none. */
  sub: string;
  /** The verification's id: however often its proof is made, it is redeemed once. */
  jti: string;
  iat: number;
  exp: number;
  mode: Mode;
  purpose: string;
  channel: string;
  to_hash: string;
  context_digest: string | null;
  /** RFC 8176 §2. A code that a person types is never phishing-resistant, so nothing here says so. */
  amr: string[];
}

export interface Audience {
  project: string;
  mode: Mode;
}

export interface Proofs {
  sign(verification: ProvenVerification, now: number): Promise<string>;
  /** Null unless it is an unexpired proof of ours for this audience. */
  verify(token: string, audience: Audience, now: number): Promise<ProofClaims | null>;
}

const MAX_TOKEN_CHARACTERS = 8_192;
const METHODS: Record<string, string[]> = { sms: ['otp', 'sms'], voice: ['otp', 'tel'] };

/**
 * Both modes are signed with the same keys, and a verifier that has only the JWKS checks `iss` and `aud`: so the
 * audience must tell a test proof, whose code anybody may read in the sandbox, from a live one.
 */
function audienceOf({ project, mode }: Audience): string {
  return mode === 'live' ? project : `${project}:${mode}`;
}

/** @param deps.issuer the same on every instance: see issuer.ts. */
export function createProofs(deps: { keys: KeySet; issuer: string }): Proofs {
  const { keys, issuer } = deps;

  async function sign(verification: ProvenVerification, now: number): Promise<string> {
    const key = await keys.signing(now);
    const iat = Math.floor(now / 1000);
    const claims = {
      iss: issuer,
      aud: audienceOf(verification),
      sub: verification.subject ?? verification.recipientHash,
      jti: verification.id,
      iat,
      exp: iat + Math.min(verification.proofTtlSeconds, MAX_PROOF_SECONDS),
      mode: verification.mode,
      purpose: verification.purpose,
      channel: verification.channel,
      to_hash: verification.recipientHash,
      context_digest: verification.contextDigest,
      amr: METHODS[verification.channel] ?? ['otp'],
    } satisfies ProofClaims;
    return new SignJWT(claims).setProtectedHeader(key.header).sign(key.privateKey);
  }

  async function verify(token: string, { project, mode }: Audience, now: number): Promise<ProofClaims | null> {
    if (token.length > MAX_TOKEN_CHARACTERS) return null;
    // The header must be, to the byte, one that we write. So `alg`, `kid`, `jwk`, `jku`, `crit` and the rest of what
    // a stranger could put there is not even read (RFC 8725 §3.1, §3.10).
    const key = await keys.byHeader(token.slice(0, token.indexOf('.')), now);
    if (!key) return null;
    const audience = audienceOf({ project, mode });
    try {
      const { payload } = await jwtVerify<ProofClaims>(token, key.publicKey, {
        algorithms: ['EdDSA'],
        typ: PROOF_TYP,
        issuer,
        audience,
        currentDate: new Date(now),
        requiredClaims: ['iss', 'aud', 'sub', 'jti', 'iat', 'exp'],
      });
      // jose also takes a list of audiences that has ours in it: a proof is for one project.
      const isOurs = payload.aud === audience && payload.mode === mode;
      return isOurs && readsBack(token, payload) ? payload : null;
    } catch (error) {
      if (error instanceof JOSEError) return null;
      throw error;
    }
  }

  return { sign, verify };
}

/** Duplicate members, or any spelling that is not ours, are lost in parsing and so do not read back to the same text. */
function readsBack(token: string, claims: object): boolean {
  const [, payload] = token.split('.');
  return payload === Buffer.from(JSON.stringify(claims)).toString('base64url');
}
