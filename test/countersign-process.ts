import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { FROM_SOURCE } from './from-source.ts';
import { atFileEnd } from './rig/file-end.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const READY_MS = 60_000;

export interface CountersignProcess {
  url: string;
  key: string;
  pid: number;
  /** Everything it wrote to stdout and stderr. */
  output(): string;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what came back is what the test is about
  body: any;
  headers: Headers;
}

/** A real `countersign serve` (or what else Node is to run) with this environment, on a port of its own. */
export async function startCountersign(env: Record<string, string>, args = [MAIN]): Promise<CountersignProcess> {
  const key = env.COUNTERSIGN_API_KEY ?? `cs_test_${randomBytes(24).toString('base64url')}`;
  const child = spawn(process.execPath, [...FROM_SOURCE, ...args], {
    env: { PATH: process.env.PATH, PORT: '0', COUNTERSIGN_API_KEY: key, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const collect = (chunk: Buffer) => {
    output += chunk;
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const stop = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return ended;
  };
  ended.then(atFileEnd(() => stop('SIGKILL')));
  const url = await waitFor(
    () => /countersign(?: worker)? is ready: (\S+)/.exec(output)?.[1],
    ended,
    () => output,
  );

  return {
    url,
    key,
    pid: child.pid ?? 0,
    output: () => output,
    async call(method, path, body, headers = {}) {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '') && text !== '';
      return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers };
    },
    stop: (signal = 'SIGTERM') => stop(signal),
  };
}

async function waitFor(read: () => string | undefined, ended: Promise<unknown>, output: () => string): Promise<string> {
  let gone = false;
  ended.then(() => {
    gone = true;
  });
  for (const end = Date.now() + READY_MS; Date.now() < end && !gone; ) {
    const value = read();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`countersign did not become ready:\n${output()}`);
}

/** Waits for what another process will do. */
export async function eventually<T>(read: () => Promise<T | undefined | null | false>, seconds = 45): Promise<T> {
  for (const end = Date.now() + seconds * 1000; ; ) {
    const value = await read();
    if (value) return value;
    if (Date.now() > end) throw new Error('it never happened');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
