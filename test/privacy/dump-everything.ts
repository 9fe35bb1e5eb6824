import { Cluster } from 'ioredis';
import { sql } from 'kysely';
import type { RedisHandle } from '../../src/db/redis.ts';
import type { TestService } from '../service.ts';

/** Every row of every table, and every value in Redis, as text; by the name of the table or key. */
export async function dumpEverything({ services: { db, redis } }: TestService): Promise<Map<string, string>> {
  const dump = new Map<string, string>();
  const { rows: tables } =
    db.dialect === 'postgres'
      ? await sql<{ name: string }>`select tablename as name from pg_tables where schemaname = 'public'`.execute(
          db.kysely,
        )
      : await sql<{ name: string }>`select name from sqlite_master where type = 'table'`.execute(db.kysely);
  for (const { name } of tables) {
    const { rows } = await sql`select * from ${sql.table(name)}`.execute(db.kysely);
    dump.set(name, JSON.stringify(rows));
  }
  if (redis) for (const [key, value] of await dumpRedis(redis)) dump.set(key, value);
  return dump;
}

/** Which of these tables and keys hold one of these texts, in the name of a key too. */
export function whereIs(dump: ReadonlyMap<string, string>, texts: readonly string[]): string[] {
  return [...dump].flatMap(([name, text]) =>
    texts.some((wanted) => text.includes(wanted) || name.includes(wanted)) ? [name] : [],
  );
}

async function dumpRedis({ client }: RedisHandle): Promise<[string, string][]> {
  const masters = client instanceof Cluster ? client.nodes('master') : [client];
  const keys = (await Promise.all(masters.map((master) => master.keys('*')))).flat();
  return Promise.all(
    keys.map(async (key): Promise<[string, string]> => {
      switch (await client.type(key)) {
        case 'string':
          return [key, (await client.get(key)) ?? ''];
        case 'hash':
          return [key, JSON.stringify(await client.hgetall(key))];
        case 'stream':
          return [key, JSON.stringify(await client.xrange(key, '-', '+'))];
        case 'zset':
          return [key, JSON.stringify(await client.zrange(key, '0', '-1'))];
        default:
          return [key, JSON.stringify(await client.smembers(key))];
      }
    }),
  );
}
