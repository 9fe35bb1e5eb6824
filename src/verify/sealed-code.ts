import type { Keyring } from '../lib/keyring.ts';
import { open, seal } from '../lib/seal.ts';
import type { Context } from './context.ts';

/** What a later send needs; kept sealed beside the hash and erased with it. */
export interface SealedCode {
  code: string;
  context: Context | null;
}

export function sealCode(keyring: Keyring, challengeId: string, sealed: SealedCode): string {
  return seal(keyring, challengeId, JSON.stringify(sealed));
}

/** Null when it cannot be opened any more: its master secret was taken away. */
export function openCode(keyring: Keyring, challengeId: string, sealed: string): SealedCode | null {
  const opened = open(keyring, challengeId, sealed);
  return opened === null ? null : (JSON.parse(opened) as SealedCode);
}
