import { Redis } from 'ioredis';
import { type Database, openDatabase } from '../src/db/open.ts';
import { keys, tagOfChallenge } from '../src/db/redis/keys.ts';
import { createKeyring, type Keyring } from '../src/lib/keyring.ts';
import { open } from '../src/lib/seal.ts';

export type OpenCodes = (ids: readonly string[]) => Promise<string[]>;

export interface Installation {
  secret: string;
  databaseUrl: string;
  redisUrl: string | null;
}

/**
 * The codes of pending verifications, read from the store and opened with the installation's own secret, as every
 * later send does it. So the service that is measured is the whole service and nothing else.
 */
export async function createOpenCodes(installation: Installation): Promise<OpenCodes> {
  const keyring = createKeyring([Buffer.from(installation.secret, 'base64')]);
  const read = installation.redisUrl
    ? readFromRedis(new Redis(installation.redisUrl, { enableAutoPipelining: true }))
    : readFromSql(await openDatabase(installation.databaseUrl));
  return async (ids) => (await read(ids)).map((sealed, index) => openCode(keyring, ids[index] ?? '', sealed));
}

type Read = (ids: readonly string[]) => Promise<(string | null)[]>;

function readFromRedis(redis: Redis): Read {
  return (ids) => Promise.all(ids.map(async (id) => sealedIn(await redis.get(keys.state(tagOfChallenge(id), id)))));
}

/** See src/db/lua/lib-challenge.lua. */
function sealedIn(state: string | null): string | null {
  return state?.split(' ', 2)[1] ?? null;
}

const CHUNK = 500;

function readFromSql(database: Database): Read {
  return async (ids) => {
    const sealed = new Map<string, string | null>();
    for (let at = 0; at < ids.length; at += CHUNK) {
      const chunk = ids.slice(at, at + CHUNK);
      const query = database.kysely.selectFrom('verifications').select(['id', 'sealed']).where('id', 'in', chunk);
      for (const row of await query.execute()) sealed.set(row.id, row.sealed);
    }
    return ids.map((id) => sealed.get(id) ?? null);
  };
}

function openCode(keyring: Keyring, id: string, sealed: string | null): string {
  const opened = sealed && open(keyring, id, sealed);
  if (!opened) throw new Error(`the code of ${id} cannot be opened`);
  return (JSON.parse(opened) as { code: string }).code;
}
