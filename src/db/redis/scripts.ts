import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Scripts in ../lua, each with the libraries that are put before it. What each does is written at its top. */
const libraries = {
  create: ['budgets', 'limits'],
  spend: ['challenge', 'budgets'],
  fail: ['challenge'],
  consume: ['challenge', 'budgets'],
  refund: ['challenge', 'budgets'],
  advance: ['challenge', 'limits'],
  claim: ['challenge'],
  record: ['challenge'],
  'reset-budget': [],
  reserve: ['budgets', 'limits'],
  release: ['budgets'],
  'give-back': ['budgets'],
  warm: [],
  'mark-warm': [],
  lease: [],
  'put-aside': [],
  'rate-add': [],
  'idempotency-begin': [],
  'idempotency-finish': [],
  'idempotency-release': [],
} satisfies Record<string, string[]>;

export type ScriptName = keyof typeof libraries;

export interface Script {
  lua: string;
  sha: string;
}

export const scripts = Object.fromEntries(
  Object.entries(libraries).map(([name, used]) => {
    const lua = [...used.map((library) => `lib-${library}`), name].map(readLua).join('\n');
    return [name, { lua, sha: createHash('sha1').update(lua).digest('hex') }];
  }),
) as Record<ScriptName, Script>;

function readLua(name: string): string {
  return readFileSync(new URL(`../lua/${name}.lua`, import.meta.url), 'utf8');
}
