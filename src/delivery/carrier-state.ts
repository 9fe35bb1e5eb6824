import type { Keyring } from '../lib/keyring.ts';
import { open, seal } from '../lib/seal.ts';

/** What a carrier keeps for us and hands back: only we read it, only for the provider it was made for, and not for ever. */
export interface CarrierState {
  /** Text that is safe in a URL. */
  seal(value: string, ttlMs: number, now: number): string;
  /** Null when it is over, somebody else's or not ours. */
  open(sealed: string, now: number): string | null;
}

export function createCarrierState(keyring: Keyring, provider: string): CarrierState {
  const record = `carrier state/${provider}`;
  return {
    seal: (value, ttlMs, now) => seal(keyring, record, `${now + ttlMs}/${value}`),
    open(sealed, now) {
      const opened = open(keyring, record, sealed) ?? '';
      const slash = opened.indexOf('/');
      return slash > 0 && now < Number(opened.slice(0, slash)) ? opened.slice(slash + 1) : null;
    },
  };
}
