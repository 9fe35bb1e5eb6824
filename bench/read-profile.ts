import { readFileSync } from 'node:fs';
import { fromRoot } from './child-process.ts';

/**
 * Where the time of a CPU profile went: `node bench/read-profile.ts <file.cpuprofile> [rows] [seconds to skip]`.
 * Shares are of the time in which the process did something. `self` counts a function's own time, `total` also what it
 * called, and `on behalf of` gives the time of dependencies and of Node to the file of ours that called them, else to
 * the dependency that was called first.
 */
interface CpuProfile {
  nodes: ProfileNode[];
  samples: number[];
  /** µs since the sample before. */
  timeDeltas: number[];
}

interface ProfileNode {
  id: number;
  callFrame: { functionName: string; url: string; lineNumber: number };
  children?: number[];
}

const [file = '', rows = '40', skipSeconds = '0'] = process.argv.slice(2);
const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile;
const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
const selfUs = new Map<number, number>();
let clockUs = 0;
for (const [index, id] of profile.samples.entries()) {
  const deltaUs = profile.timeDeltas[index] ?? 0;
  clockUs += deltaUs;
  if (clockUs > Number(skipSeconds) * 1e6) selfUs.set(id, (selfUs.get(id) ?? 0) + deltaUs);
}

const byPackage = new Map<string, number>();
const byCaller = new Map<string, number>();
const self = new Map<string, number>();
const total = new Map<string, number>();
let busyUs = 0;

function visit(node: ProfileNode, callers: ReadonlySet<string>, caller: string): number {
  const own = selfUs.get(node.id) ?? 0;
  const name = nameOf(node);
  const idle = node.callFrame.functionName === '(idle)';
  const behalf = callerOf(node, caller);
  if (!idle) {
    busyUs += own;
    add(self, name, own);
    add(byPackage, packageOf(node), own);
    add(byCaller, behalf, own);
  }
  const within = new Set(callers).add(name);
  let sum = idle ? 0 : own;
  for (const id of node.children ?? []) {
    const child = nodes.get(id);
    if (child) sum += visit(child, within, behalf);
  }
  if (!callers.has(name)) add(total, name, sum);
  return sum;
}

function add(sums: Map<string, number>, name: string, us: number): void {
  sums.set(name, (sums.get(name) ?? 0) + us);
}

function nameOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const place = url && ` ${url.replace(`file://${fromRoot('')}`, '')}:${lineNumber + 1}`;
  return `${functionName || '(anonymous)'}${place}`;
}

function packageOf({ callFrame: { functionName, url } }: ProfileNode): string {
  const dependency = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (dependency) return dependency;
  if (url.startsWith('node:')) return 'node';
  const own = /\/(src\/[^/]+)/.exec(url)?.[1];
  return own ?? (functionName.startsWith('(') ? functionName : 'native');
}

function callerOf(node: ProfileNode, caller: string): string {
  const own = ownFile(node);
  if (own) return own;
  if (caller && caller !== 'node' && caller !== 'native') return caller;
  return node.callFrame.functionName === '(root)' ? '' : packageOf(node);
}

/** Below the repository; null for everybody else's. */
function ownFile({ callFrame: { url } }: ProfileNode): string | null {
  return url.includes('node_modules') ? null : (/\/(src\/.+)$/.exec(url)?.[1] ?? null);
}

function print(title: string, sums: Map<string, number>, count: number): void {
  console.log(`\n${title}`);
  for (const [name, us] of [...sums].sort((a, b) => b[1] - a[1]).slice(0, count)) {
    console.log(`${((us / busyUs) * 100).toFixed(1).padStart(6)} %  ${name}`);
  }
}

const called = new Set(profile.nodes.flatMap((node) => node.children ?? []));
for (const root of profile.nodes.filter(({ id }) => !called.has(id))) visit(root, new Set(), '');
console.log(`busy ${(busyUs / 1e6).toFixed(2)} s`);
print('self, by package', byPackage, 30);
print('on behalf of', byCaller, Number(rows));
print('self, by function', self, Number(rows));
print('total, own functions', new Map([...total].filter(([name]) => / src\//.test(name))), Number(rows));
