import { spawn } from 'node:child_process';

/** A program that reads standard input and writes standard output. */
export interface Filter {
  /** The program and its arguments; `{name}` is filled in. No shell reads them. */
  argv: readonly string[];
  timeoutMs: number;
  maxOutputBytes: number;
}

export type Filtered =
  | { kind: 'done'; output: Buffer }
  /** It took too long, wrote too much or ended badly. */
  | { kind: 'failed' }
  /** It is not there. */
  | { kind: 'missing' };

/** Environment of the program: nothing of ours, which holds secrets. */
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' };

export function runFilter(
  { argv, timeoutMs, maxOutputBytes }: Filter,
  input: string | Buffer,
  values: Readonly<Record<string, string>>,
): Promise<Filtered> {
  const [program = '', ...rest] = argv.map((argument) => fill(argument, values));
  const { promise, resolve } = Promise.withResolvers<Filtered>();
  const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'ignore'], env: ENVIRONMENT, shell: false });
  const stop = () => {
    child.kill('SIGKILL');
    // What it may have started itself can hold the pipe open.
    child.stdout.destroy();
  };
  const timer = setTimeout(stop, timeoutMs);
  const chunks: Buffer[] = [];
  let size = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= maxOutputBytes) chunks.push(chunk);
    else stop();
  });
  child.on('error', (error: NodeJS.ErrnoException) => {
    clearTimeout(timer);
    resolve({ kind: error.code === 'ENOENT' ? 'missing' : 'failed' });
  });
  child.on('close', (code) => {
    clearTimeout(timer);
    const isWhole = code === 0 && size <= maxOutputBytes;
    resolve(isWhole ? { kind: 'done', output: Buffer.concat(chunks) } : { kind: 'failed' });
  });
  child.stdin.on('error', () => {}); // A program that reads nothing: its end says whether it failed.
  child.stdin.end(input);
  return promise;
}

function fill(argument: string, values: Readonly<Record<string, string>>): string {
  return argument.replace(/\{(\w+)\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? whole) : whole,
  );
}
