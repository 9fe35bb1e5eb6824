import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { freePorts } from './free-ports.ts';
import { newFolder } from './run-folder.ts';
import { createServerProcess, type Server } from './server-process.ts';

export interface PostgresServer extends Server {
  /** Of the database `postgres`, as superuser. */
  url: string;
  port: number;
}

export async function startPostgres(
  runFolder: string,
  binary: string,
  further: Record<string, string> = {},
): Promise<PostgresServer> {
  const user = unprivilegedUser();
  const folder = newFolder(runFolder, 'postgres');
  if (user) chownSync(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  await initialize(join(dirname(binary), 'initdb'), data, folder, user);
  const [port = 0] = await freePorts(1);
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 200,
    shared_buffers: '64MB',
    // Only a crash of the whole machine could tell; what survives a kill -9 of the server is the same.
    fsync: 'off',
    ...further,
  };
  const server = createServerProcess({
    runFolder,
    command: binary,
    args: ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    folder,
    ready: 'database system is ready to accept connections',
    stopSignal: 'SIGINT', // "fast": does not wait for clients
    ...(user && { user }),
  });
  await server.start();
  return { ...server, url: `postgres://postgres@127.0.0.1:${port}/postgres`, port };
}

async function initialize(initdb: string, data: string, folder: string, user: User | undefined): Promise<void> {
  if (!existsSync(initdb)) throw new Error(`${initdb} is missing beside postgres`);
  const options = ['--username=postgres', '--auth=trust', '--encoding=UTF8', '--no-locale', '--no-sync'];
  const child = spawn(initdb, ['-D', data, ...options], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
    ...user,
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`initdb ended with ${code}`);
}

interface User {
  uid: number;
  gid: number;
}

/** PostgreSQL refuses to run as root. */
function unprivilegedUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) => Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
      return { uid: id('-u'), gid: id('-g') };
    } catch {
      // no such user: try the next
    }
  }
  throw new Error('PostgreSQL does not run as root, and neither user postgres nor nobody exists');
}
