import type { Keyring } from '../lib/keyring.ts';
import { open, seal } from '../lib/seal.ts';
import type { Challenge, ChallengeSecrets } from './challenge.ts';
import { drawCode } from './code.ts';
import type { Context } from './context.ts';
import type { VerifyDeps } from './deps.ts';

/** What a later send needs; kept sealed beside the hash and erased with it. */
export interface SealedCode {
  code: string;
  context: Context | null;
  /** Where sends by e-mail go. */
  email?: string;
}

export function sealCode(keyring: Keyring, challengeId: string, sealed: SealedCode): string {
  return seal(keyring, challengeId, JSON.stringify(sealed));
}

/** Null when it cannot be opened any more: its master secret was taken away. */
export function openCode(keyring: Keyring, challengeId: string, sealed: string): SealedCode | null {
  const opened = open(keyring, challengeId, sealed);
  return opened === null ? null : (JSON.parse(opened) as SealedCode);
}

/**
 * For one more send: a new code where the policy wants one, undefined where the same code goes out again. So does it
 * from an instance that lacks the master secret: what else was sealed with the code would be lost.
 */
export async function renewedSecrets(
  { keyring, hasher }: Pick<VerifyDeps, 'keyring' | 'hasher'>,
  challenge: Challenge,
): Promise<ChallengeSecrets | undefined> {
  if (challenge.resendCode === 'same') return undefined;
  const opened = challenge.secrets && openCode(keyring, challenge.id, challenge.secrets.sealed);
  if (!opened) return undefined;
  const code = drawCode(challenge.codeLength);
  return {
    codeHash: await hasher.hash(challenge.id, code, challenge.hashPreset),
    sealed: sealCode(keyring, challenge.id, { ...opened, code }),
  };
}
