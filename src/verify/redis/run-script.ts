import { keys, type Tag } from '../../db/redis/keys.ts';
import type { ScriptName } from '../../db/redis/scripts.ts';
import type { RedisHandle } from '../../db/redis.ts';
import { StoreUnavailable } from '../../lib/errors.ts';
import type { WarmUp } from './warm-up.ts';

/** Runs a script in one shard. The generation's key and value and `now` go before what is given. */
export type RunScript = (
  script: ScriptName,
  tag: Tag,
  keys: readonly string[],
  args: readonly (string | number)[],
  now: number,
) => Promise<unknown>;

/**
 * Every script compares the generation first (see db/redis/generation.ts) and does nothing when Redis may have
 * forgotten budgets. Then they are put back from SQL, and the script is run again if that was quick.
 */
export function createRunScript(redis: RedisHandle, warmUp: WarmUp): RunScript {
  return async (script, tag, names, args, now) => {
    const attempt = async () => {
      const generation = redis.generation(tag);
      if (generation === null) throw new StoreUnavailable('redis');
      return redis.run(script, [keys.generation(tag), ...names], [generation, now, ...args]);
    };
    const reply = await attempt();
    if (reply !== 'COLD') return reply;
    await warmUp.ensure(now);
    const again = await attempt();
    if (again === 'COLD') throw new StoreUnavailable('redis');
    return again;
  };
}
