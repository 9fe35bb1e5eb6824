import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Scripts in ../lua, each with the libraries that are put before it. What each does is written at its top. */
const libraries = {
  create: ['challenge', 'budgets', 'limits'],
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
  'take-tokens': [],
  'idempotency-begin': [],
  'idempotency-finish': [],
  'idempotency-release': [],
  'idempotency-replace': [],
} satisfies Record<string, string[]>;

export type ScriptName = keyof typeof libraries;

export interface Script {
  lua: string;
  sha: string;
}

/**
 * A script is written for one call and run for many in one command: what a command costs, here and in Redis, is paid
 * once for all of them. The last argument says of each call how many keys and arguments are its own; it is empty when
 * there is one only. A call that fails answers with its error and leaves the others alone.
 */
const HEAD = `
local all_keys, all_argv = KEYS, ARGV
local KEYS, ARGV
`;
const TAIL = `
local sizes = table.remove(all_argv)
if sizes == '' then
  KEYS, ARGV = all_keys, all_argv
  return call()
end
local replies, key, arg = {}, 0, 0
for keys, args in string.gmatch(sizes, '(%d+) (%d+)') do
  KEYS, ARGV = { unpack(all_keys, key + 1, key + keys) }, { unpack(all_argv, arg + 1, arg + args) }
  key, arg = key + keys, arg + args
  local ok, reply = pcall(call)
  replies[#replies + 1] = ok and reply or redis.error_reply(type(reply) == 'table' and reply.err or reply)
end
return replies
`;

export const scripts = Object.fromEntries(
  Object.entries(libraries).map(([name, used]) => {
    const libs = used.map((library) => readLua(`lib-${library}`));
    const lua = [HEAD, ...libs, 'local function call()', readLua(name), 'end', TAIL].join('\n');
    return [name, { lua, sha: createHash('sha1').update(lua).digest('hex') }];
  }),
) as Record<ScriptName, Script>;

function readLua(name: string): string {
  return readFileSync(new URL(`../lua/${name}.lua`, import.meta.url), 'utf8');
}
