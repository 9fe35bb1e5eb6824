import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { newFolder, registerPid } from '../test/rig/run-folder.ts';
import { openConnection } from './http-connection.ts';

export interface Running {
  pid: number;
  port: number;
  /** In good order. */
  stop(): Promise<void>;
}

export interface Script {
  runFolder: string;
  /** Below the repository. */
  path: string;
  args?: string[];
  execArgv?: string[];
  env?: Record<string, string>;
  port: number;
}

const READY_WITHIN_MS = 30_000;

/** Its log goes to a file, as it would in production to something that takes lines for nothing. */
export async function startServer(script: Script): Promise<Running> {
  const folder = newFolder(script.runFolder, 'server');
  const logPath = join(folder, 'log');
  const log = openSync(logPath, 'w');
  const child = spawn(process.execPath, [...(script.execArgv ?? []), fromRoot(script.path), ...(script.args ?? [])], {
    cwd: folder,
    stdio: ['ignore', log, log],
    env: { PATH: process.env.PATH ?? '', PORT: String(script.port), ...script.env },
  });
  const pid = registered(child, script.runFolder);
  await untilListening(child, script.port, logPath);
  return { pid, port: script.port, stop: () => stop(child) };
}

export interface Worker {
  pid: number;
  ask<Answer>(question: object): Promise<Answer>;
  stop(): Promise<void>;
}

export function startWorker(runFolder: string, path: string, args: string[]): Worker {
  const child = fork(fromRoot(path), args, { cwd: newFolder(runFolder, 'worker') });
  /** It answers in the order in which it is asked. */
  const waiting: PromiseWithResolvers<unknown>[] = [];
  child.on('message', (answer) => waiting.shift()?.resolve(answer));
  child.on('exit', () => {
    for (const { reject } of waiting) reject(new Error(`${path} ended`));
  });
  return {
    pid: registered(child, runFolder),
    async ask<Answer>(question: object) {
      const asked = Promise.withResolvers<unknown>();
      waiting.push(asked);
      child.send(question);
      return (await asked.promise) as Answer;
    },
    stop: () => stop(child),
  };
}

export function fromRoot(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}

/** The rig's guardian ends it if this process dies. */
function registered(child: ChildProcess, runFolder: string): number {
  if (child.pid === undefined) throw new Error(`cannot start ${child.spawnfile}`);
  registerPid(runFolder, child.pid);
  return child.pid;
}

async function untilListening(child: ChildProcess, port: number, logPath: string): Promise<void> {
  for (const end = Date.now() + READY_WITHIN_MS; ; await sleep(20)) {
    try {
      return (await openConnection(port)).close();
    } catch (error) {
      if (child.exitCode !== null || Date.now() > end) {
        throw new Error(`${child.spawnargs.join(' ')} does not listen:\n${readFileSync(logPath, 'utf8')}`, {
          cause: error,
        });
      }
    }
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}
