import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished, vi } from 'vitest';

/** What the SMSC in smsc.pl tells. */
export interface SmscEvent {
  event: string;
  [name: string]: unknown;
}

export interface Submitted extends SmscEvent {
  event: 'submit';
  connection: number;
  id: number;
  status: number;
  /** Whether it sends an answer at all. */
  answers: boolean;
  time: number;
  source_addr_ton: number;
  source_addr_npi: number;
  source_addr: string;
  destination_addr: string;
  esm_class: number;
  data_coding: number;
  registered_delivery: number;
  validity_period: string;
  /** Hex. */
  octets: Record<string, string>;
}

export interface Smsc {
  port: number;
  /** What it has told so far. */
  events: readonly SmscEvent[];
  /** All that came until now. */
  submits(): Promise<Submitted[]>;
  count(event: string): number;
  /** Resolves when it was carried out. */
  tell(command: object): Promise<void>;
  set(settings: object): Promise<void>;
  /** Waits for so many events of a kind. */
  until(event: string, count?: number): Promise<SmscEvent>;
}

const SCRIPT = fileURLToPath(new URL('smsc.pl', import.meta.url));

export async function startSmsc(): Promise<Smsc> {
  const child = spawn('perl', [SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => end(child));
  const events: SmscEvent[] = [];
  createInterface(child.stdout).on('line', (line) => events.push(JSON.parse(line) as SmscEvent));
  const count = (event: string) => events.filter((each) => each.event === event).length;
  let tokens = 0;

  async function until(event: string, times = 1): Promise<SmscEvent> {
    await vi.waitFor(() => {
      if (count(event) < times) throw new Error(`the SMSC saw ${count(event)} of ${times} ${event}`);
    }, WAIT);
    return events.filter((each) => each.event === event)[times - 1] as SmscEvent;
  }

  async function tell(command: object): Promise<void> {
    const token = ++tokens;
    child.stdin.write(`${JSON.stringify({ ...command, token })}\n`);
    await vi.waitFor(() => {
      if (!events.some((each) => each.event === 'done' && each.token === token)) throw new Error('the SMSC is silent');
    }, WAIT);
  }

  const { port } = (await until('listening')) as SmscEvent & { port: number };
  return {
    port,
    events,
    async submits() {
      await tell({});
      return events.filter((each) => each.event === 'submit') as Submitted[];
    },
    count,
    tell,
    set: (settings) => tell({ set: settings }),
    until,
  };
}

export const WAIT = { timeout: 40_000, interval: 5 };

async function end(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.stdin?.end();
  await gone;
}
