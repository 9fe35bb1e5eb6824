import { takeRandom } from './take-random.ts';

/** Crockford base 32, lower case: no look-alikes, selects with a double click. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const CHARACTERS = 26; // 26 × 5 = 130 random bits

export type IdPrefix =
  | 'ver'
  | 'msg'
  | 'evt'
  | 'key'
  | 'prj'
  | 'whk'
  | 'rec'
  | 'era'
  | 'con'
  | 'cns'
  | 'sup'
  | 'lst'
  | 'seg'
  | 'imp'
  | 'tpl'
  | 'cmp'
  | 'lnk'
  | 'cnv'
  | 'kwd'
  | 'srv'
  | 'apt'
  | 'aut'
  | 'run'
  | 'req';

/** 32 divides 256, so taking five bits of each byte is unbiased. */
export function encodeId(bytes: Uint8Array): string {
  let out = '';
  for (const byte of bytes) out += ALPHABET[byte & 31];
  return out;
}

export function newId(prefix: IdPrefix): string {
  return `${prefix}_${encodeId(takeRandom(CHARACTERS))}`;
}

/** 40 bits, in units of 8 ms: enough for 278 years. */
const TIME_CHARACTERS = 8;
const TIME_UNIT_MS = 8;

/**
 * One that sorts behind those made before it, and is longer by that: rows inserted by the thousand then stand together in
 * every index that has their ids. As hard to guess as any other; for things that tell when they were made in any case.
 */
export function newOrderedId(prefix: IdPrefix, now: number): string {
  return `${prefix}_${encodeTime(now)}${encodeId(takeRandom(CHARACTERS))}`;
}

/** As long as any other id, in the order of the times, and the same for the same bytes (at least 18 of them). */
export function orderedIdOf(prefix: IdPrefix, at: number, bytes: Uint8Array): string {
  return `${prefix}_${encodeTime(at)}${encodeId(bytes.subarray(0, CHARACTERS - TIME_CHARACTERS))}`;
}

function encodeTime(at: number): string {
  let time = '';
  let rest = Math.floor(at / TIME_UNIT_MS);
  for (let left = TIME_CHARACTERS; left > 0; left -= 1) {
    time = ALPHABET.charAt(rest % 32) + time;
    rest = Math.floor(rest / 32);
  }
  return time;
}

/** Shards of the challenge keyspace: the slot a challenge lives in on Redis Cluster. Never change it on live data. */
export const SHARDS = 32;

/** `bytes` (at least 26 of them) makes the id reproducible: an idempotent rerun must name the same challenge. */
export function newChallengeId(shard: number, bytes: Uint8Array = takeRandom(CHARACTERS)): string {
  return `ver_${ALPHABET[shard]}${encodeId(bytes.subarray(0, CHARACTERS))}`;
}

/** The form of a challenge's id; routes answer 404 to any other. */
export const CHALLENGE_ID = /^ver_[0-9a-hjkmnp-tv-z]{27}$/;

/** The shard written into a challenge id. */
export function shardOfChallenge(id: string): number {
  return ALPHABET.indexOf(id.charAt(4));
}
