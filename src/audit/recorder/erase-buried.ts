import { keys, tags } from '../../db/redis/keys.ts';
import type { RedisHandle } from '../../db/redis.ts';
import type { Eraser } from '../../lib/subject.ts';

/** Events that could not be recorded lie in Redis as they came. */
export function createBuriedEraser(redis: RedisHandle): Eraser {
  return {
    name: 'unrecordable_events',
    async erase({ hash, project }) {
      let count = 0;
      for (const tag of tags) {
        const name = keys.deadLetters(tag);
        const entries = await redis.call((client) => client.xrange(name, '-', '+'));
        const theirs = entries.filter(([, fields]) => {
          const text = fields.join(' ');
          return text.includes(hash) && (project === null || text.includes(project));
        });
        if (theirs.length === 0) continue;
        count += await redis.call((client) => client.xdel(name, ...theirs.map(([id]) => id)));
      }
      return { count };
    },
  };
}
