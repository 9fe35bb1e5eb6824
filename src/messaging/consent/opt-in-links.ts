import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Keyring } from '../../lib/keyring.ts';

/** What confirms an entry of the ledger: known to who got it at the address, and to us. */
export interface OptInLinks {
  /** The last part of the path. */
  make(entryId: string): string;
  /** Null: we have not made it. */
  read(token: string): string | null;
}

const ID = /^[0-9a-hjkmnp-tv-z]{26}$/;
const ID_LENGTH = 26;
const MAC_BYTES = 16;

/** Short, as it goes into a text: the entry's id without its prefix, and 128 bits of a MAC. It expires with the entry. */
export function createOptInLinks(keyring: Keyring): OptInLinks {
  const mac = (keyId: string, id: string): Buffer | undefined => {
    const key = keyring.key('consent-link', keyId);
    return key && createHmac('sha256', key).update(id).digest().subarray(0, MAC_BYTES);
  };
  return {
    make(entryId) {
      const id = entryId.replace('cns_', '');
      return `${id}${mac(keyring.current, id)?.toString('base64url')}`;
    },
    read(token) {
      const id = token.slice(0, ID_LENGTH);
      const given = Buffer.from(token.slice(ID_LENGTH), 'base64url');
      if (!ID.test(id) || given.length !== MAC_BYTES) return null;
      const isOurs = keyring.ids.some((keyId) => {
        const expected = mac(keyId, id);
        return expected !== undefined && timingSafeEqual(expected, given);
      });
      return isOurs ? `cns_${id}` : null;
    },
  };
}
