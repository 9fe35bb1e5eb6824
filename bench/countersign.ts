import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../test/rig/free-ports.ts';
import { newFolder } from '../test/rig/run-folder.ts';
import { type Running, startServer } from './child-process.ts';
import { openConnection } from './http-connection.ts';
import type { Installation } from './open-codes.ts';

export type Preset = 'fast' | 'standard' | 'hardened';

export interface Countersign extends Running, Installation {
  /** A live key of a new project with these settings. */
  createKey(policy: object, scopes?: readonly string[]): Promise<{ key: string; project: string }>;
}

/**
 * Every limit is in force and counted, but none is ever reached; all else is as in production. (That would refuse the
 * sandbox, which stands in for a carrier here.)
 */
const CONFIG = {
  rate_limits: { key_per_minute: 1_000_000_000, ip_per_minute: 1_000_000_000 },
  policy: {
    limits: {
      prefix: { max: 10_000_000 },
      project: { max: 10_000_000 },
      ip: { max: 10_000_000 },
    },
    guesses: { project: { failures: 10_000_000 } },
  },
};

export async function startCountersign(
  runFolder: string,
  stores: { databaseUrl: string; redisUrl?: string } | null,
  execArgv: string[] = [],
  carriers: object = {},
): Promise<Countersign> {
  const folder = newFolder(runFolder, 'countersign');
  const configPath = join(folder, 'countersign.json');
  writeFileSync(configPath, JSON.stringify({ ...CONFIG, ...carriers }));
  const secret = randomBytes(32).toString('base64');
  const adminKey = `cs_live_${randomBytes(32).toString('base64url')}`;
  const databaseUrl = stores?.databaseUrl ?? `sqlite:${join(folder, 'countersign.db')}`;
  const [port = 0] = await freePorts(1);
  const running = await startServer({
    runFolder,
    path: 'src/main.ts',
    execArgv,
    port,
    env: {
      DATABASE_URL: databaseUrl,
      COUNTERSIGN_SECRET: secret,
      COUNTERSIGN_API_KEY: adminKey,
      COUNTERSIGN_CONFIG: configPath,
      ...(stores?.redisUrl !== undefined && { REDIS_URL: stores.redisUrl }),
    },
  });

  async function create(path: string, body: object): Promise<Record<string, unknown>> {
    const connection = await openConnection(port);
    const answer = await connection.post(path, adminKey, JSON.stringify(body));
    connection.close();
    if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.body}`);
    return JSON.parse(answer.body);
  }

  return {
    ...running,
    secret,
    databaseUrl,
    redisUrl: stores?.redisUrl ?? null,
    async createKey(policy, scopes = []) {
      const project = await create('/v1/projects', { name: 'bench', policy });
      const key = await create('/v1/keys', {
        name: 'bench',
        project: project.id,
        mode: 'live',
        scopes: ['verifications:write', 'verifications:read', 'messages:send', ...scopes],
      });
      return { key: String(key.key), project: String(project.id) };
    },
  };
}
