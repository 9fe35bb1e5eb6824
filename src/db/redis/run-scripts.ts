import { Cluster, type Redis } from 'ioredis';
import { replyCode } from './errors.ts';
import { type ScriptName, scripts } from './scripts.ts';

type Argument = string | number;
export type RunScript = (name: ScriptName, keys: readonly string[], args: readonly Argument[]) => Promise<unknown>;

interface Call {
  keys: readonly string[];
  args: readonly Argument[];
  resolve(reply: unknown): void;
  reject(error: unknown): void;
}

/** In one command: Redis does nothing else meanwhile. */
const MOST_CALLS = 64;

/**
 * Calls of one script in one turn of the event loop travel as one command, and the commands of that turn in one write.
 * On Cluster, where a command touches one slot only, each call is a command of its own.
 */
export function createScriptRunner(client: Redis | Cluster): RunScript {
  if (client instanceof Cluster) return (name, keys, args) => evaluate(client, name, keys, [...args, '']);
  let waiting = new Map<ScriptName, Call[]>();

  function send(): void {
    const turn = waiting;
    waiting = new Map();
    const { stream } = client as Redis;
    stream?.cork();
    for (const [name, calls] of turn) {
      for (let at = 0; at < calls.length; at += MOST_CALLS) {
        void runTogether(client as Redis, name, calls.slice(at, at + MOST_CALLS));
      }
    }
    stream?.uncork();
  }

  return (name, keys, args) =>
    new Promise((resolve, reject) => {
      if (waiting.size === 0) setImmediate(send);
      const calls = waiting.get(name) ?? [];
      waiting.set(name, calls);
      calls.push({ keys, args, resolve, reject });
    });
}

async function runTogether(client: Redis, name: ScriptName, calls: readonly Call[]): Promise<void> {
  const keys: string[] = [];
  const args: Argument[] = [];
  let sizes = '';
  for (const call of calls) {
    keys.push(...call.keys);
    args.push(...call.args);
    if (calls.length > 1) sizes += `${call.keys.length} ${call.args.length};`;
  }
  args.push(sizes);
  try {
    const reply = await evaluate(client, name, keys, args);
    const replies = calls.length === 1 ? [reply] : (reply as unknown[]);
    // A master that was demoted: ioredis sees it only in the answer to a whole command.
    if (replies.some((one) => replyCode(one) === 'READONLY')) client.disconnect(true);
    for (const [index, call] of calls.entries()) {
      const own = replies[index];
      if (own instanceof Error) call.reject(own);
      else call.resolve(own);
    }
  } catch (error) {
    for (const call of calls) call.reject(error);
  }
}

async function evaluate(
  client: Redis | Cluster,
  name: ScriptName,
  keys: readonly string[],
  args: readonly Argument[],
): Promise<unknown> {
  const { sha, lua } = scripts[name];
  try {
    return await client.evalsha(sha, keys.length, ...keys, ...args);
  } catch (error) {
    // Redis was restarted or is another one; it has not run anything.
    if (replyCode(error) !== 'NOSCRIPT') throw error;
    return client.eval(lua, keys.length, ...keys, ...args);
  }
}
