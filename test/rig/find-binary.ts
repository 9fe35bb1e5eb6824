import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, globSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface Tool {
  /** Names it goes by; the first one found is taken. */
  names: readonly string[];
  /** Looked into after the PATH; may hold `*`, the highest version first. */
  folders: readonly string[];
  /** Debian packages that bring it. */
  packages: readonly string[];
  /** A library: its file is read, not run. */
  isLibrary?: true;
}

export const tools = {
  redis: {
    names: ['redis-server', 'valkey-server'],
    folders: ['/usr/bin', '/usr/local/bin'],
    packages: ['redis-server'],
  },
  // The PATH often lacks it on Debian, or holds wrappers without the other programs beside them.
  postgres: { names: ['postgres'], folders: ['/usr/lib/postgresql/*/bin', '/usr/local/bin'], packages: ['postgresql'] },
  'net-smpp': {
    names: ['SMPP.pm'],
    folders: ['/usr/share/perl5/Net', '/usr/local/share/perl/*/Net'],
    packages: ['libnet-smpp-perl'],
    isLibrary: true,
  },
  baresip: { names: ['baresip'], folders: ['/usr/bin'], packages: ['baresip-core'] },
  sipp: { names: ['sipp'], folders: ['/usr/bin'], packages: ['sip-tester'] },
  'espeak-ng': { names: ['espeak-ng'], folders: ['/usr/bin'], packages: ['espeak-ng'] },
  ffmpeg: { names: ['ffmpeg'], folders: ['/usr/bin'], packages: ['ffmpeg'] },
  sox: { names: ['sox'], folders: ['/usr/bin'], packages: ['sox', 'libsox-fmt-mp3'] },
  chromium: { names: ['chromium', 'chromium-browser', 'google-chrome'], folders: ['/usr/bin'], packages: ['chromium'] },
} as const satisfies Record<string, Tool>;

export type ToolName = keyof typeof tools;

/** Null when it is not on this machine. */
export function findBinary(tool: Tool, path = process.env.PATH ?? ''): string | null {
  const folders = [...path.split(delimiter).filter(Boolean), ...tool.folders.flatMap(expand)];
  for (const folder of folders) {
    for (const name of tool.names) {
      if (mayUse(join(folder, name), tool)) return join(folder, name);
    }
  }
  return null;
}

/** Root on Debian or Ubuntu installs what is missing; elsewhere null says that it is missing. */
export function findOrInstall(tool: Tool, path = process.env.PATH ?? '', policy = POLICY): string | null {
  const found = findBinary(tool, path);
  if (found || process.getuid?.() !== 0) return found;
  const aptGet = findBinary({ names: ['apt-get'], folders: [], packages: [] }, path);
  if (!aptGet) return null;
  withoutServices(policy, () => {
    const options = { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const;
    spawnSync(aptGet, ['update'], options);
    spawnSync(aptGet, ['install', '-y', '--no-install-recommends', ...tool.packages], options);
  });
  return findBinary(tool, path);
}

/** Debian asks this script before it starts a freshly installed service; 101 is "no" (Debian policy, invoke-rc.d). */
const POLICY = '/usr/sbin/policy-rc.d';

function withoutServices(policy: string, install: () => void): void {
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    install();
  } finally {
    if (ours) rmSync(policy, { force: true });
  }
}

function expand(folder: string): string[] {
  if (!folder.includes('*')) return [folder];
  return globSync(folder).sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
}

function mayUse(file: string, { isLibrary }: Tool): boolean {
  try {
    accessSync(file, isLibrary ? constants.R_OK : constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
