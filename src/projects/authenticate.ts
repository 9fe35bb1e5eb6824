import type { Database } from '../db/open.ts';
import type { Auth, Authenticate, KeyExplanation, Scope } from '../lib/auth.ts';
import type { Now } from '../lib/clock.ts';
import { StoreUnavailable } from '../lib/errors.ts';
import { apiKeyPrefix, hashApiKey, modeOfApiKey } from './api-key.ts';

export interface AuthenticateOptions {
  db: Database;
  now: Now;
  /** How long an answer of the database is used without asking again; a revoked key dies within this time. */
  freshMs?: number;
  /** How long a known key stays usable while the database does not answer. */
  staleMs?: number;
  /** The database counts as not answering after this time. */
  patienceMs?: number;
  /** Keys remembered, and as many unknown ones. */
  size?: number;
}

interface Known {
  auth: Auth | null;
  row: KeyRow | undefined;
  /** When the database was asked, not when it answered: whatever was revoked before that is in the answer. */
  askedAt: number;
}

interface Lookup {
  askedAt: number;
  answer: Promise<Known>;
}

/**
 * Turns a key into who it stands for, from memory when the database was asked less than `freshMs` ago.
 * Null for a key that is unknown, revoked or expired. Throws StoreUnavailable when the database cannot be asked
 * and the key was not seen valid within `staleMs`.
 */
export function createAuthenticate(options: AuthenticateOptions): Authenticate {
  const { db, now, freshMs = 1_000, staleMs = 300_000, patienceMs = 1_000, size = 10_000 } = options;
  const valid = new Map<string, Known>();
  // Kept apart, so that a flood of made-up keys cannot push real ones out.
  const invalid = new Map<string, Known>();
  const lookups = new Map<string, Lookup>();
  /** While the database fails, one request per `freshMs` tries it; the others do not wait. */
  let failedAt = Number.NEGATIVE_INFINITY;
  let nextTryAt = 0;

  async function authenticate(key: string, maxAgeMs = freshMs): Promise<Auth | null> {
    const at = now();
    const keyHash = hashApiKey(key);
    const known = valid.get(keyHash) ?? invalid.get(keyHash);
    if (known && at - known.askedAt < Math.min(maxAgeMs, freshMs)) return usable(known, at);
    if (modeOfApiKey(key) === null) return null;
    try {
      if (at < nextTryAt && at - failedAt < 3 * freshMs) throw new StoreUnavailable('database');
      nextTryAt = at + freshMs;
      return usable(await lookUp(keyHash, known, at), now());
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      if (known?.auth && at - known.askedAt < staleMs) return usable(known, at);
      throw error;
    }
  }

  function lookUp(keyHash: string, known: Known | undefined, askedAt: number): Promise<Known> {
    const running = lookups.get(keyHash);
    if (running && askedAt - running.askedAt < freshMs) return running.answer;
    const answer = withPatience(selectKey(db, keyHash), patienceMs).then(
      (row) => {
        failedAt = Number.NEGATIVE_INFINITY;
        const fresh = known?.row && row && sameRow(known.row, row) ? { ...known, askedAt } : toKnown(row, askedAt);
        remember(keyHash, fresh);
        return fresh;
      },
      (error) => {
        if (error instanceof StoreUnavailable) failedAt = now();
        throw error;
      },
    );
    const lookup = { askedAt, answer };
    lookups.set(keyHash, lookup);
    const forget = () => lookups.get(keyHash) === lookup && lookups.delete(keyHash);
    answer.then(forget, forget);
    return answer;
  }

  function remember(keyHash: string, known: Known): void {
    const newest = valid.get(keyHash) ?? invalid.get(keyHash);
    if (newest && newest.askedAt > known.askedAt) return;
    valid.delete(keyHash);
    invalid.delete(keyHash);
    const cache = known.auth ? valid : invalid;
    cache.set(keyHash, known);
    // A Map keeps insertion order, and a key in use is inserted anew every `freshMs`: the first is the least used.
    if (cache.size > size) cache.delete(cache.keys().next().value as string);
  }

  function isKnown(key: string): boolean {
    const known = valid.get(hashApiKey(key));
    return known !== undefined && usable(known, now()) !== null;
  }

  function explain(key: string): KeyExplanation {
    const mode = modeOfApiKey(key);
    if (mode === null) return { reason: 'malformed_key' };
    const keyHash = hashApiKey(key);
    const { row } = valid.get(keyHash) ?? invalid.get(keyHash) ?? {};
    const prefix = apiKeyPrefix(key);
    if (!row) return { reason: 'unknown_key', mode, prefix };
    const reason = row.revokedAt === null ? 'expired_key' : 'revoked_key';
    return { reason, mode, prefix, owner: { id: row.keyId, project: row.projectId } };
  }

  return Object.assign(authenticate, { known: isKnown, explain });
}

const keyColumns = [
  'api_keys.id as keyId',
  'api_keys.mode as mode',
  'api_keys.scopes as scopes',
  'api_keys.expires_at as expiresAt',
  'api_keys.revoked_at as revokedAt',
  'projects.id as projectId',
  'projects.name as projectName',
  'projects.policy as policy',
] as const;

function selectKey(db: Database, keyHash: string) {
  return db.kysely
    .selectFrom('api_keys')
    .innerJoin('projects', 'projects.id', 'api_keys.project_id')
    .select(keyColumns)
    .where('api_keys.hash', '=', keyHash)
    .executeTakeFirst();
}

type KeyRow = NonNullable<Awaited<ReturnType<typeof selectKey>>>;

function toKnown(row: KeyRow | undefined, askedAt: number): Known {
  if (!row || row.revokedAt !== null) return { auth: null, row, askedAt };
  const auth: Auth = {
    keyId: row.keyId,
    projectId: row.projectId,
    projectName: row.projectName,
    mode: row.mode,
    scopes: new Set(JSON.parse(row.scopes) as Scope[]),
    policy: JSON.parse(row.policy),
  };
  return { auth, row, askedAt };
}

function usable(known: Known, at: number): Auth | null {
  const expiresAt = known.row?.expiresAt ?? Number.POSITIVE_INFINITY;
  return at < expiresAt ? known.auth : null;
}

function sameRow(a: KeyRow, b: KeyRow): boolean {
  return (Object.keys(a) as (keyof KeyRow)[]).every((column) => a[column] === b[column]);
}

async function withPatience<T>(work: Promise<T>, patienceMs: number): Promise<T> {
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new StoreUnavailable('database')), patienceMs);
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
