import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, inject, it } from 'vitest';
import { borrow } from './borrow.ts';
import { Missing } from './broker.ts';
import type { ToolName } from './find-binary.ts';
import { migrateDatabase } from './migrated.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';
import {
  type RedisCluster,
  type RedisSentinel,
  type RedisServer,
  startRedis,
  startRedisCluster,
  startRedisSentinel,
} from './redis-server.ts';
import { newFolder } from './run-folder.ts';

/**
 * `describe` for a suite that needs programs of this machine. Where one is missing and cannot be installed,
 * the suite is skipped by name; with CI=true it fails instead.
 *
 *     await describeWith(['redis', 'postgres'], 'recorder', () => { … });
 */
export async function describeWith(needs: readonly ToolName[], suite: string, body: () => void): Promise<void> {
  const missing: string[] = [];
  for (const need of needs) {
    try {
      (await borrow('need', JSON.stringify([need, suite]))).giveBack();
    } catch (error) {
      if (!(error instanceof Missing)) throw error;
      missing.push(error.message);
    }
  }
  if (missing.length === 0) {
    describe(suite, body);
  } else if (process.env.CI === 'true') {
    describe(suite, () => it('has what it needs', () => Promise.reject(new Error(missing.join(', ')))));
  } else {
    describe.skip(`${suite} (SKIPPED: ${missing.join(', ')})`, body);
  }
}

export interface Fresh {
  url: string;
  /** Gives it back; happens by itself when the test file ends. */
  close(): void;
}

/** A new database that nobody else uses, migrated unless asked otherwise. */
export async function freshDatabase(
  dialect: 'sqlite' | 'postgres',
  kind: 'migrated' | 'empty' = 'migrated',
): Promise<Fresh> {
  if (dialect === 'postgres') return fresh('postgres', kind);
  const file = join(privateFolder('sqlite'), 'test.db');
  if (kind === 'migrated') copyFileSync(await migratedFile(), file);
  return { url: `sqlite:${file}`, close: () => {} };
}

let migrated: Promise<string> | undefined;

/** Made once in a process; closed, it is all in one file. */
function migratedFile(): Promise<string> {
  migrated ??= (async () => {
    const file = join(privateFolder('sqlite'), 'migrated.db');
    await migrateDatabase(`sqlite:${file}`);
    return file;
  })();
  return migrated;
}

/** A flushed logical database of a shared Redis. */
export const freshRedis = (): Promise<Fresh> => fresh('redis');

/** A flushed three-node cluster; other files wait until it is closed. */
export const freshRedisCluster = (): Promise<Fresh> => fresh('redis-cluster');

async function fresh(name: string, argument?: string): Promise<Fresh> {
  const { value, giveBack } = await borrow(name, argument);
  return { url: value, close: giveBack };
}

/** A folder that is removed at the end of the run. */
export function privateFolder(name: string): string {
  return newFolder(inject('rig').runFolder, name);
}

/** Servers of one's own, to be stopped, paused and restarted; whatever is left running ends with the run. */
export async function privateRedis(args: string[] = []): Promise<RedisServer> {
  return startRedis({ ...(await rig('redis')), args });
}

export async function privateRedisCluster(args: string[] = []): Promise<RedisCluster> {
  return startRedisCluster({ ...(await rig('redis')), args });
}

export async function privateRedisSentinel(args: string[] = []): Promise<RedisSentinel> {
  return startRedisSentinel({ ...(await rig('redis')), args });
}

export async function privatePostgres(): Promise<PostgresServer> {
  const { runFolder, binary } = await rig('postgres');
  return startPostgres(runFolder, binary);
}

/** The path of a program, installed if need be; throws when there is none. */
export async function findTool(name: ToolName): Promise<string> {
  const { value, giveBack } = await borrow('binary', name);
  giveBack();
  return value;
}

async function rig(tool: ToolName): Promise<{ runFolder: string; binary: string }> {
  return { runFolder: inject('rig').runFolder, binary: await findTool(tool) };
}
