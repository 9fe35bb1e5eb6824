import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Everything a run leaves on disk; `pids/` names the servers that must not outlive it. */
export interface RunFolder {
  path: string;
  /** Ends whatever still runs and removes the folder. */
  close(): Promise<void>;
}

export function openRunFolder(): RunFolder {
  const path = mkdtempSync(join(realpathSync(tmpdir()), 'countersign-test-'));
  chmodSync(path, 0o711); // PostgreSQL runs as another user inside
  mkdirSync(join(path, 'pids'));
  const script = fileURLToPath(new URL('guardian.sh', import.meta.url));
  const guardian = spawn('sh', [script, path], { stdio: ['pipe', 'ignore', 'inherit'], detached: true });
  return {
    path,
    async close() {
      guardian.stdin.end();
      if (guardian.exitCode === null) await once(guardian, 'exit');
    },
  };
}

export function newFolder(runFolder: string, name: string): string {
  const path = mkdtempSync(join(runFolder, `${name}-`));
  chmodSync(path, 0o700);
  return path;
}

export function registerPid(runFolder: string, pid: number): void {
  writeFileSync(join(runFolder, 'pids', String(pid)), '');
}

export function forgetPid(runFolder: string, pid: number): void {
  rmSync(join(runFolder, 'pids', String(pid)), { force: true });
}
