import { connect as connectTcp, isIP, isIPv6, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Flow, Receive, Target } from './flow.ts';
import { createStreamReader } from './stream-reader.ts';
import { boundAddress, type Transport } from './udp-transport.ts';
import { writeMessage } from './write-message.ts';

export interface StreamOptions {
  tls: { ca?: string; cert?: string; key?: string };
  connectTimeoutMs: number;
  bindAddress: string | null;
  publicAddress: string | null;
}

/** One connection to each server, kept and used for requests of both sides; dialled when it is needed. */
export function createStreamTransport(options: StreamOptions, receive: Receive): Transport {
  const flows = new Map<string, Promise<Flow | null>>();
  const sockets = new Set<Socket>();

  function dial(target: Target, gone: () => void): Promise<Flow | null> {
    const { promise, resolve } = Promise.withResolvers<Flow | null>();
    const { address: host, port, serverName } = target;
    const localAddress = boundAddress(options.bindAddress, isIPv6(host));
    const from = localAddress === undefined ? {} : { localAddress };
    const isTls = target.protocol === 'tls';
    // A certificate may be for an address, but SNI (RFC 6066) is for names.
    const name = isIP(serverName) ? {} : { servername: serverName };
    const socket = isTls
      ? connectTls({ host, port, ...from, minVersion: 'TLSv1.2', ...name, ...options.tls })
      : connectTcp({ host, port, ...from });
    sockets.add(socket);
    socket.setNoDelay(true);
    const timer = setTimeout(() => socket.destroy(), options.connectTimeoutMs);
    const reader = createStreamReader();
    const listeners = new Set<() => void>();
    let heardAt = performance.now();
    const send: Flow['send'] = (message) => void socket.write(writeMessage(message));

    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      const local = { address: options.publicAddress ?? socket.localAddress ?? host, port: socket.localPort ?? 0 };
      resolve({
        protocol: target.protocol,
        target,
        local,
        send,
        onLost(listener) {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
        doubt(since) {
          // What stands between may have forgotten it, and TCP finds out after a quarter of an hour.
          if (heardAt < since) socket.destroy();
        },
      });
    });
    socket.on('data', (chunk) => {
      heardAt = performance.now();
      const messages = reader.push(chunk);
      if (!messages) socket.destroy();
      for (const message of messages ?? [])
        receive(message, { protocol: target.protocol, address: host, port, reply: send });
    });
    socket.on('error', () => {}); // 'close' follows
    socket.once('close', () => {
      clearTimeout(timer);
      sockets.delete(socket);
      gone();
      resolve(null);
      for (const listener of [...listeners]) listener();
    });
    return promise;
  }

  return {
    open(target) {
      const key = `${target.protocol} ${target.address} ${target.port} ${target.serverName}`;
      const open = flows.get(key);
      if (open) return open;
      const flow = dial(target, () => flows.delete(key));
      flows.set(key, flow);
      return flow;
    },
    async close() {
      for (const socket of sockets) socket.end();
      for (const socket of sockets) socket.destroySoon();
    },
  };
}
