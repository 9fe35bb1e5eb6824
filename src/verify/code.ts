import { createHmac, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import argon2 from 'argon2';
import { Problem } from '../lib/errors.ts';
import type { Keyring } from '../lib/keyring.ts';
import type { Policy } from './policy.ts';

/**
 * Codes: drawn without bias, kept only as a keyed hash.
 *
 * The pepper is derived from the master secret, which is not in any store. docs/decisions/0003 does the sum of
 * what each preset costs an attacker.
 */
export type HashPreset = Policy['hash_preset'];

const ARGON = {
  standard: { memoryCost: 1_024, timeCost: 1, parallelism: 1 },
  hardened: { memoryCost: 19_456, timeCost: 2, parallelism: 1 },
} as const;
const SALT_BYTES = 16;
const HASH_BYTES = 32;

export function drawCode(length: number): string {
  return randomInt(0, 10 ** length)
    .toString()
    .padStart(length, '0');
}

/** Exactly 4 to 10 ASCII digits: the only textual form a code has. */
export function isCodeShaped(value: string): boolean {
  return /^[0-9]{4,10}$/.test(value);
}

/**
 * Answered 503: the hashing queue is full, which is better than letting memory and waiting times grow; or this instance
 * does not have the master secret (yet, or any more) that another one used.
 */
export class HashingUnavailable extends Problem {
  constructor(cause: string) {
    super('overloaded', { retryAfterSeconds: 1, cause });
  }
}

export interface CodeHasher {
  /** `<key id>$<preset>$<salt>$<hash>`; the challenge id is bound in. Throws HashingUnavailable. */
  hash(challengeId: string, code: string, preset: HashPreset): Promise<string>;
  /** Constant time in the code. Throws HashingUnavailable. */
  matches(challengeId: string, code: string, stored: string): Promise<boolean>;
  /** Hashes waiting for a thread. */
  queued(): number;
}

export interface CodeHasherOptions {
  /** argon2 runs on libuv's thread pool; this many at once. */
  concurrency?: number;
  /** More waiting than this is refused. */
  maxQueued?: number;
}

export function createCodeHasher(keyring: Keyring, options: CodeHasherOptions = {}): CodeHasher {
  const gate = createGate(options.concurrency ?? 4, options.maxQueued ?? 512);

  async function digest(id: string, code: string, preset: HashPreset, keyId: string, salt: Buffer): Promise<Buffer> {
    const pepper = keyring.key('code-pepper', keyId);
    if (!pepper) throw new HashingUnavailable('the master secret is not configured');
    if (preset === 'fast') return createHmac('sha256', pepper).update(`${id}\0${code}`).digest();
    return gate(() =>
      argon2.hash(code, {
        ...ARGON[preset],
        type: argon2.argon2id,
        hashLength: HASH_BYTES,
        salt,
        secret: pepper.export(),
        associatedData: Buffer.from(id),
        raw: true,
      }),
    );
  }

  return {
    async hash(id, code, preset) {
      // The HMAC is keyed and bound to the challenge id, so a salt would add nothing.
      const salt = preset === 'fast' ? Buffer.alloc(0) : randomBytes(SALT_BYTES);
      const hash = await digest(id, code, preset, keyring.current, salt);
      return [keyring.current, preset, salt.toString('base64url'), hash.toString('base64url')].join('$');
    },
    async matches(id, code, stored) {
      const [keyId = '', , salt = '', expected = ''] = stored.split('$');
      const actual = await digest(id, code, presetOf(stored), keyId, Buffer.from(salt, 'base64url'));
      const wanted = Buffer.from(expected, 'base64url');
      return actual.length === wanted.length && timingSafeEqual(actual, wanted);
    },
    queued: gate.queued,
  };
}

function presetOf(stored: string): HashPreset {
  const preset = stored.split('$')[1] ?? '';
  if (!isPreset(preset)) throw new Error('not a stored code hash');
  return preset;
}

function isPreset(value: string): value is HashPreset {
  return value === 'fast' || value in ARGON;
}

interface Gate {
  <T>(task: () => Promise<T>): Promise<T>;
  queued(): number;
}

/** Runs at most `concurrency` tasks at once, lets `maxQueued` wait in line and refuses the rest. */
function createGate(concurrency: number, maxQueued: number): Gate {
  let running = 0;
  const waiting: (() => void)[] = [];

  async function enter<T>(task: () => Promise<T>): Promise<T> {
    if (running >= concurrency) {
      if (waiting.length >= maxQueued) throw new HashingUnavailable('queue is full');
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      running += 1;
    }
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  }

  return Object.assign(enter, { queued: () => waiting.length });
}
