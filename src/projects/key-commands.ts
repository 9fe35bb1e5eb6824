import { SYSTEM } from '../audit/admin-event.ts';
import type { Mode } from '../audit/event.ts';
import type { Database } from '../db/open.ts';
import { SCOPES, type Scope } from '../lib/auth.ts';
import { toTimestamp } from '../lib/clock.ts';
import { createSchemaCheck } from '../lib/schema-check.ts';
import { createKey, DEFAULT_SCOPES, type KeyRecord, listKeys, type NewKey, revokeKey } from './keys.ts';
import { findProject } from './projects.ts';
import { ModeSchema, NameSchema, ScopesSchema } from './views.ts';

const PAGE = 100;

/** Keys at the command line: whoever holds the database may do what no key may. One line a key, its members separated by tabs; null when there is no such project. */
export async function printKeys(db: Database, project: string, now: number): Promise<string[] | null> {
  if (!(await findProject(db.kysely, project))) return null;
  const lines: string[] = [];
  let last: KeyRecord | undefined;
  do {
    const before: { at: number; id: string } | null = last ? { at: last.createdAt, id: last.id } : null;
    const keys = await listKeys(db.kysely, project, before, PAGE);
    lines.push(...keys.map((key) => printKey(key, now)));
    last = keys.length === PAGE ? keys.at(-1) : undefined;
  } while (last);
  return lines;
}

export interface CreateOptions {
  name?: string | undefined;
  project: string;
  mode?: string | undefined;
  /** Separated by commas; DEFAULT_SCOPES when not given. */
  scopes?: string | undefined;
  expires?: string | undefined;
}

export type Created = { kind: 'created'; line: string; secret: string } | { kind: 'refused'; why: string };

export async function createKeyFrom(db: Database, options: CreateOptions, now: number): Promise<Created> {
  const { project, name = 'made at the command line', mode = 'live', expires } = options;
  const scopes = options.scopes?.split(',') ?? DEFAULT_SCOPES;
  const expiresAt = expires === undefined ? null : Date.parse(expires);
  const refused = (why: string): Created => ({ kind: 'refused', why });
  if (!fits(NameSchema, name)) return refused('--name must be 1 to 100 printable characters');
  if (!fits(ModeSchema, mode)) return refused('--mode must be live or test');
  if (!fits(ScopesSchema, scopes)) return refused(`--scopes must be some of ${SCOPES.join(',')}`);
  if (expiresAt !== null && !(expiresAt > now))
    return refused('--expires must be a time to come, as 2030-01-31T00:00:00Z');

  const input: NewKey = { project, name, mode: mode as Mode, scopes: scopes as Scope[], expiresAt };
  const made = await createKey(db, input, SYSTEM, now);
  if (!made) return refused(`there is no project ${project}`);
  return { kind: 'created', line: printKey(made.key, now), secret: made.secret };
}

/** Null when there is no such key. */
export async function revokeKeyById(db: Database, id: string, now: number): Promise<string | null> {
  const key = await revokeKey(db, id, SYSTEM, now);
  return key && printKey(key, now);
}

function fits(schema: object, value: unknown): boolean {
  return createSchemaCheck(schema)(value).length === 0;
}

function printKey(key: KeyRecord, now: number): string {
  const state =
    key.revokedAt !== null ? 'revoked' : key.expiresAt !== null && key.expiresAt <= now ? 'expired' : 'active';
  return [key.id, `${key.prefix}…`, state, toTimestamp(key.createdAt), key.name, key.scopes.join(',')].join('\t');
}
