import { spawn } from 'node:child_process';

export interface SpeakCommand {
  /** The program and its arguments; `{voice}` and `{rate}` are filled in. No shell reads them. */
  argv: readonly string[];
  timeoutMs: number;
}

/** Of 16-bit sound at 48 kHz: 100 seconds. */
const MAX_OUTPUT_BYTES = 10_000_000;

/** Environment of the program: nothing of ours, which holds secrets. */
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' };

/** Text by standard input, WAV by standard output. Null: it failed, took too long or said too much. */
export function speakByCommand(
  { argv, timeoutMs }: SpeakCommand,
  text: string,
  values: Readonly<Record<string, string>>,
): Promise<Buffer | null> {
  const [program = '', ...rest] = argv.map((argument) => fill(argument, values));
  const { promise, resolve } = Promise.withResolvers<Buffer | null>();
  const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'ignore'], env: ENVIRONMENT, shell: false });
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const chunks: Buffer[] = [];
  let size = 0;
  let failed = false;
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= MAX_OUTPUT_BYTES) chunks.push(chunk);
    else child.kill('SIGKILL');
  });
  child.on('error', () => {
    failed = true;
    clearTimeout(timer);
    resolve(null);
  });
  child.on('close', (code) => {
    clearTimeout(timer);
    resolve(code === 0 && !failed && size <= MAX_OUTPUT_BYTES ? Buffer.concat(chunks) : null);
  });
  child.stdin.on('error', () => {}); // A program that reads nothing: its end says whether it failed.
  child.stdin.end(text);
  return promise;
}

function fill(argument: string, values: Readonly<Record<string, string>>): string {
  return argument.replace(/\{(\w+)\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? whole) : whole,
  );
}
