import { setTimeout as sleep } from 'node:timers/promises';
import { wallClockMs } from './arrivals.ts';
import { createNumbers } from './delivery-numbers.ts';
import { drive, type Load, type Slice } from './drive.ts';
import { type HttpConnection, openConnection } from './http-connection.ts';

/** The load generator of messages and of codes that are started meanwhile, a process of its own. */
export interface MessageOrder extends Load {
  kind: 'messages';
  area: string;
}

export interface MessageSlice extends Slice {
  startedAtMs: number;
}

/** Open loop: a start comes when it comes, whether the last one was answered or not. */
export interface CodeOrder {
  kind: 'codes';
  area: string;
  port: number;
  key: string;
  perSecond: number;
  durationMs: number;
}

export interface StartedCode {
  digits: string;
  requestedAtMs: number;
  /** As the answer has it. */
  createdAtMs: number;
}

const TEXT = 'Your parcel 4711 comes today between 14:00 and 16:00. Track it at https://example.com/t/4711';
const numbers = new Map<string, () => string>();

process.on('message', (order: MessageOrder | CodeOrder) => {
  const done = order.kind === 'messages' ? sendMessages(order) : startCodes(order);
  done.then(
    (answer) => process.send?.(answer),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
});

function numbersOf(area: string, purpose: 'code' | 'bulk'): () => string {
  const name = `${area} ${purpose}`;
  const made = numbers.get(name) ?? createNumbers(area, purpose);
  numbers.set(name, made);
  return made;
}

async function sendMessages(order: MessageOrder): Promise<MessageSlice> {
  const next = numbersOf(order.area, 'bulk');
  const startedAtMs = wallClockMs();
  const slice = await drive(order, () => ({
    path: '/v1/messages',
    body: JSON.stringify({ to: next(), text: TEXT, sender: 'Example' }),
    isExpected: (status) => status === 202,
  }));
  return { ...slice, startedAtMs };
}

async function startCodes({ area, port, key, perSecond, durationMs }: CodeOrder): Promise<StartedCode[]> {
  const next = numbersOf(area, 'code');
  const free: HttpConnection[] = [];
  const started: Promise<StartedCode>[] = [];

  async function startOne(): Promise<StartedCode> {
    const to = next();
    const requestedAtMs = wallClockMs();
    const connection = free.pop() ?? (await openConnection(port));
    const { status, body } = await connection.post(
      '/v1/verifications',
      key,
      JSON.stringify({ to, channel: 'sms', locale: 'pt' }),
    );
    free.push(connection);
    if (status !== 201) throw new Error(`POST /v1/verifications: ${status} ${body}`);
    const { created_at: createdAt } = JSON.parse(body) as { created_at: string };
    return { digits: to.slice(1), requestedAtMs, createdAtMs: Date.parse(createdAt) };
  }

  const beganAt = performance.now();
  const count = Math.round((perSecond * durationMs) / 1_000);
  for (let index = 0; index < count; index += 1) {
    await sleep(Math.max(0, beganAt + (index * 1_000) / perSecond - performance.now()));
    started.push(startOne());
  }
  const all = await Promise.all(started);
  for (const connection of free) connection.close();
  return all;
}
