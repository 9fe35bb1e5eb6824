import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import pg from 'pg';
import { describe, expect, it, vi } from 'vitest';
import { findBinary, findOrInstall } from './find-binary.ts';
import {
  describeWith,
  findTool,
  freshDatabase,
  freshRedis,
  freshRedisCluster,
  privateFolder,
  privateRedis,
  privateRedisSentinel,
} from './stores.ts';
import { startProxy } from './tcp-proxy.ts';

function plantBinary(folder: string, name: string, script = 'exit 0'): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return file;
}

describe('a tool', () => {
  it('is found on the PATH first, then in its folders, the highest version first', () => {
    const root = privateFolder('tools');
    const tool = { names: ['tool', 'other'], folders: [`${root}/lib/*/bin`], packages: [] };
    expect(findBinary(tool, join(root, 'bin'))).toBeNull();
    plantBinary(join(root, 'lib/9/bin'), 'tool');
    const highest = plantBinary(join(root, 'lib/15/bin'), 'tool');
    expect(findBinary(tool, join(root, 'bin'))).toBe(highest);
    const onPath = plantBinary(join(root, 'bin'), 'other');
    expect(findBinary(tool, join(root, 'bin'))).toBe(onPath);
  });

  it('that is missing is installed by root, and no service is started; others do without', () => {
    const root = privateFolder('apt');
    const policy = join(root, 'policy-rc.d');
    const log = join(root, 'log');
    plantBinary(
      join(root, 'bin'),
      'apt-get',
      `echo "$@" "$(${policy}; echo $?)" >> ${log}; [ "$1" = update ] || cp "$0" ${join(root, 'bin', 'tool')}`,
    );
    const tool = { names: ['tool'], folders: [], packages: ['one', 'two'] };
    const found = findOrInstall(tool, `${root}/bin:/bin:/usr/bin`, policy);
    if (process.getuid?.() !== 0) return expect(found).toBeNull();
    expect(found).toBe(join(root, 'bin', 'tool'));
    expect(readFileSync(log, 'utf8')).toBe('update 101\ninstall -y --no-install-recommends one two 101\n');
    expect(existsSync(policy)).toBe(false);
  });

  it('is missing where there is no apt-get', () => {
    const tool = { names: ['tool'], folders: [], packages: ['one'] };
    expect(findOrInstall(tool, privateFolder('empty'))).toBeNull();
  });
});

await describeWith(['redis'], 'rig: Redis', () => {
  it('lends a logical database to each, flushed', async () => {
    const [one, two] = [await freshRedis(), await freshRedis()];
    expect(one.url).not.toBe(two.url);
    const client = new Redis(one.url);
    await client.set('key', 'value');
    client.disconnect();
    one.close();
    two.close();
  });

  it('lends the cluster to one at a time, flushed', async () => {
    const first = await freshRedisCluster();
    let lent = false;
    const waiting = freshRedisCluster().then((second) => {
      lent = true;
      return second;
    });
    expect(await Promise.race([waiting, freshRedis()])).not.toHaveProperty('url', first.url);
    expect(lent).toBe(false);
    first.close();
    (await waiting).close();
  });

  it('starts a master, a replica and three sentinels that find a new master', async () => {
    const { url, master, replica, sentinels } = await privateRedisSentinel();
    const hosts = url.slice('redis+sentinel://'.length).split('/')[0] ?? '';
    const addresses = hosts
      .split(',')
      .map((host) => ({ host: host.split(':')[0] ?? '', port: Number(host.split(':')[1]) }));
    await master.kill();
    const client = new Redis({ sentinels: addresses, name: 'countersign', maxRetriesPerRequest: null });
    client.on('error', () => {});
    expect((await client.config('GET', 'port')) as string[]).toEqual(['port', String(replica.port)]);
    client.disconnect();
    await Promise.all([replica, ...sentinels].map((server) => server.stop()));
  });

  it('ends servers and removes its folder even when the run is killed', async () => {
    const script = `
      import { openRunFolder } from './run-folder.ts';
      import { startRedis } from './redis-server.ts';
      const runFolder = openRunFolder().path;
      await startRedis({ runFolder, binary: process.argv[1] });
      console.log(runFolder);
    `;
    const args = ['--input-type=module-typescript', '-e', script, await findTool('redis')];
    const run = spawn(process.execPath, args, { cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'inherit'] });
    const [folder] = (await once(createInterface(run.stdout), 'line')) as [string];
    const [pid] = readdirSync(join(folder, 'pids')).map(Number);
    run.kill('SIGKILL');
    await vi.waitFor(() => expect(existsSync(folder)).toBe(false), { timeout: 40_000 });
    expect(isRunning(pid ?? 0)).toBe(false);
  });
});

await describeWith(['postgres'], 'rig: PostgreSQL', () => {
  it.each(['sqlite', 'postgres'] as const)('lends a new migrated database to each: %s', async (dialect) => {
    const [one, two] = [await freshDatabase(dialect), await freshDatabase(dialect)];
    expect(one.url).not.toBe(two.url);
    one.close();
    two.close();
  });

  it('drops a database that was given back', async () => {
    const [kept, dropped] = [await freshDatabase('postgres'), await freshDatabase('postgres', 'empty')];
    const client = new pg.Client(kept.url);
    await client.connect();
    const name = new URL(dropped.url).pathname.slice(1);
    const count = async () => (await client.query('select from pg_database where datname = $1', [name])).rowCount;
    expect(await count()).toBe(1);
    dropped.close();
    await vi.waitFor(async () => expect(await count()).toBe(0), { timeout: 40_000 });
    await client.end();
    kept.close();
  });
});

await describeWith(['redis'], 'rig: faults', () => {
  it('a server can be paused, killed and brought back under its address', async () => {
    const server = await privateRedis();
    const client = new Redis(server.url, { commandTimeout: 300, maxRetriesPerRequest: 0, enableOfflineQueue: false });
    client.on('error', () => {});
    await once(client, 'ready');
    server.pause();
    await expect(client.ping()).rejects.toThrow();
    server.resume();
    await vi.waitFor(async () => expect(await client.ping()).toBe('PONG'), { timeout: 40_000 });
    await server.kill();
    await server.start();
    await vi.waitFor(async () => expect(await client.ping()).toBe('PONG'), { timeout: 40_000 });
    client.disconnect();
    await server.stop();
  });

  it('a proxy can swallow and cut connections', async () => {
    const server = await privateRedis();
    const proxy = await startProxy({ host: '127.0.0.1', port: server.port });
    const client = new Redis({
      port: proxy.port,
      commandTimeout: 300,
      maxRetriesPerRequest: 0,
      retryStrategy: () => 20,
    });
    client.on('error', () => {});
    expect(await client.ping()).toBe('PONG');
    proxy.pause();
    await expect(client.ping()).rejects.toThrow();
    proxy.resume();
    await vi.waitFor(async () => expect(await client.ping()).toBe('PONG'), { timeout: 40_000 });
    proxy.cut();
    await vi.waitFor(async () => expect(await client.ping()).toBe('PONG'), { timeout: 40_000 });
    client.disconnect();
    await proxy.close();
    await server.stop();
  });
});

/** A process that ended but was not reaped does not count. */
function isRunning(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}
