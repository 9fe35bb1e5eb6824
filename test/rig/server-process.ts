import { type ChildProcess, spawn } from 'node:child_process';
import { forgetPid, registerPid } from './run-folder.ts';

export interface ServerSpec {
  runFolder: string;
  command: string;
  args: string[];
  /** Working directory; inside the run's folder, by which the guardian knows its own. */
  folder: string;
  /** Printed when it takes connections. */
  ready: string;
  /** How it is asked to stop in good order. */
  stopSignal: NodeJS.Signals;
  user?: { uid: number; gid: number };
}

/** A private server that a test may take down and bring back under the same address. */
export interface Server {
  start(): Promise<void>;
  /** In good order. */
  stop(): Promise<void>;
  /** kill -9 */
  kill(): Promise<void>;
  /** Connections stay open, nothing is answered. */
  pause(): void;
  resume(): void;
}

export function createServerProcess(spec: ServerSpec): Server {
  let running: ChildProcess | undefined;

  async function end(signal: NodeJS.Signals): Promise<void> {
    const child = running;
    if (!child) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    child.kill('SIGCONT');
    await gone;
  }

  return {
    async start() {
      running = await launch(spec);
      running.once('exit', () => {
        running = undefined;
      });
    },
    stop: () => end(spec.stopSignal),
    kill: () => end('SIGKILL'),
    pause: () => void running?.kill('SIGSTOP'),
    resume: () => void running?.kill('SIGCONT'),
  };
}

function launch(spec: ServerSpec): Promise<ChildProcess> {
  const child = spawn(spec.command, spec.args, {
    cwd: spec.folder,
    // Out of the terminal's process group: Ctrl-C is for the test runner, the guardian does the rest.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
    ...spec.user,
  });
  const { pid } = child;
  if (pid !== undefined) registerPid(spec.runFolder, pid);
  return new Promise((resolve, reject) => {
    let output = '';
    const listen = (chunk: Buffer) => {
      output = (output + chunk).slice(-10_000);
      if (!output.includes(spec.ready)) return;
      for (const stream of [child.stdout, child.stderr]) stream.off('data', listen).resume();
      resolve(child);
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (pid !== undefined) forgetPid(spec.runFolder, pid);
      reject(new Error(`${spec.command} ended (${code ?? signal}) before it was ready:\n${output}`));
    });
  });
}
