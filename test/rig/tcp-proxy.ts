import { connect, createServer, type Socket } from 'node:net';

/** Stands between a client and a server, and can be the network's fault. */
export interface TcpProxy {
  port: number;
  /** Bytes are swallowed up, connections stay open. */
  pause(): void;
  resume(): void;
  /** Resets every connection; new ones are still taken. */
  cut(): void;
  /** Decides about everything that clients send, until it is told otherwise. */
  intercept(judge: Judge | null): void;
  close(): Promise<void>;
}

/** `pass`; `lose`: the connection is reset before it; `deafen`: it is reset when the answer comes; `hold`: nothing moves. */
export type Fate = 'pass' | 'lose' | 'deafen' | 'hold';

export type Judge = (sent: Buffer, from: object) => Fate;

export async function startProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let paused = false;
  let judge: Judge | null = null;

  const server = createServer((client) => {
    const upstream = connect(target);
    let isDeaf = false;
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => {
        const fate = from === client ? (judge?.(chunk, client) ?? 'pass') : isDeaf ? 'lose' : 'pass';
        if (fate === 'lose') return client.resetAndDestroy();
        if (fate === 'hold') return client.pause();
        isDeaf ||= fate === 'deafen';
        return to.write(chunk);
      });
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      if (paused) from.pause();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    port: (server.address() as { port: number }).port,
    pause() {
      paused = true;
      for (const socket of sockets) socket.pause();
    },
    resume() {
      paused = false;
      for (const socket of sockets) socket.resume();
    },
    cut() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    intercept(by) {
      judge = by;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
