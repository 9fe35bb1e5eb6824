import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../test/rig/free-ports.ts';
import { newFolder, registerPid } from '../test/rig/run-folder.ts';
import { fromRoot } from './child-process.ts';
import { rssMbOf } from './cpu-meter.ts';

export interface StartUp {
  name: 'first start' | 'later start';
  /** From spawn to the line that says it is ready, ms. */
  readyMs: number;
  rssMb: number;
}

/** What `npm start` runs: `exec node` and these. */
const { scripts } = JSON.parse(readFileSync(fromRoot('package.json'), 'utf8')) as { scripts: { start: string } };
const [, , ...START] = scripts.start.split(' ').map((word) => (/^\.?\w*\//.test(word) ? fromRoot(word) : word));

/** The embedded profile with nothing set, in an empty folder and then in the same one again. */
export async function measureStartUps(runFolder: string, times: number): Promise<StartUp[]> {
  const measured: StartUp[] = [];
  for (let i = 0; i < times; i += 1) {
    const folder = newFolder(runFolder, 'start-up');
    measured.push({ name: 'first start', ...(await startOnce(runFolder, folder)) });
    measured.push({ name: 'later start', ...(await startOnce(runFolder, folder)) });
  }
  return measured;
}

/** Garbage of the start is part of it; what the first idle second adds is, too. */
const SETTLE_MS = 1_000;

async function startOnce(runFolder: string, folder: string): Promise<Omit<StartUp, 'name'>> {
  const [port] = await freePorts(1);
  const startedAt = performance.now();
  const child = spawn(process.execPath, START, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH ?? '', PORT: String(port) },
  });
  const pid = child.pid ?? 0;
  registerPid(runFolder, pid);
  const url = `http://127.0.0.1:${port}`;
  for await (const line of createInterface(child.stdout)) if (line.includes('is ready')) break;
  const readyMs = performance.now() - startedAt;
  const answer = await fetch(`${url}/health/ready`);
  if (answer.status !== 200) throw new Error(`said to be ready, but answers ${answer.status}`);
  await sleep(SETTLE_MS);
  const rssMb = rssMbOf(pid);
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
  return { readyMs, rssMb };
}
