import { readdirSync, readFileSync } from 'node:fs';

/** proc(5): clock ticks; USER_HZ is 100 on every Linux that Node runs on. */
const TICK_MS = 10;

interface Stat {
  parent: number;
  ownMs: number;
  /** Of children that have ended and were waited for. */
  childrenMs: number;
}

/** CPU time a process has used so far, all threads, user and system. */
export function cpuMsOf(pid: number): number {
  return readStat(pid)?.ownMs ?? 0;
}

/** CPU time of a process and all its direct children, ended ones too: PostgreSQL has one process per connection. */
export function cpuMsOfFamily(pid: number): number {
  const head = readStat(pid);
  let sumMs = head ? head.ownMs + head.childrenMs : 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readStat(Number(name));
    if (stat?.parent === pid) sumMs += stat.ownMs;
  }
  return sumMs;
}

export function parentOf(pid: number): number {
  const stat = readStat(pid);
  if (!stat) throw new Error(`there is no process ${pid}`);
  return stat.parent;
}

export function rssMbOf(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1024;
}

/** Null when the process is gone. */
function readStat(pid: number): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field, the name in brackets, may hold spaces; what follows begins with field 3.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const field = (number: number) => Number(fields[number - 3]);
    return {
      parent: field(4),
      ownMs: (field(14) + field(15)) * TICK_MS,
      childrenMs: (field(16) + field(17)) * TICK_MS,
    };
  } catch {
    return null;
  }
}
