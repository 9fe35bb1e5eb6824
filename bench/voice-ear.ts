import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { readRtp } from '../src/delivery/rtp/packet.ts';
import { percentile } from './statistics.ts';

/** Listens to many streams and measures how evenly their packets come; does nothing else, as its delays count too. */
export interface Jitter {
  /** Of how far the time between two packets of a stream is from 20 ms. */
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
  packets: number;
  /** Numbers that were left out. */
  lost: number;
}

const FRAME_MS = 20;
let deviations: number[] | null = null;
let lost = 0;

function follow(socket: Socket): void {
  let before: { at: number; sequence: number } | null = null;
  socket.on('message', (bytes) => {
    const at = performance.now();
    const packet = readRtp(bytes);
    if (!packet) return;
    const { sequence } = packet;
    const steps = before ? (sequence - before.sequence + 0x1_0000) & 0xffff : 0;
    if (deviations && before) {
      if (steps === 1) deviations.push(Math.abs(at - before.at - FRAME_MS));
      else lost += Math.max(0, steps - 1);
    }
    before = { at, sequence };
  });
}

async function listen(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let at = 0; at < count; at++) {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1_000_000 }).bind(0, '127.0.0.1');
    await once(socket, 'listening');
    follow(socket);
    ports.push(socket.address().port);
  }
  return ports;
}

async function measure(ms: number): Promise<Jitter> {
  deviations = [];
  lost = 0;
  await sleep(ms);
  const sorted = Float64Array.from(deviations).sort();
  deviations = null;
  return {
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    maxMs: sorted.at(-1) ?? Number.NaN,
    packets: sorted.length,
    lost,
  };
}

type Question = { kind: 'listen'; count: number } | { kind: 'measure'; ms: number };

process.on('message', async (question: Question) => {
  process.send?.(question.kind === 'listen' ? await listen(question.count) : await measure(question.ms));
});
