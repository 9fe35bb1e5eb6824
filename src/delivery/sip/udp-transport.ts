import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import type { Flow, Receive, Target } from './flow.ts';
import { headersOf, readParameters, type SipMessage } from './message.ts';
import { readMessage } from './read-message.ts';
import { DEFAULT_PORTS } from './resolve-server.ts';
import { writeMessage } from './write-message.ts';

export interface LocalOptions {
  /** Null: all of this machine's. */
  bindAddress: string | null;
  /** 0: any. */
  port: number;
  /** What others reach it by, where that is not its own address. */
  publicAddress: string | null;
}

export interface Transport {
  /** Null: certainly not reached. */
  open(target: Target): Promise<Flow | null>;
  close(): Promise<void>;
}

/** One socket for each address family, opened when it is needed. */
export function createUdpTransport(options: LocalOptions, receive: Receive): Transport {
  const sockets = new Map<'udp4' | 'udp6', Promise<Socket>>();
  let isClosed = false;

  /** What is due for sending again when all is over is left out. */
  function send(socket: Socket, message: SipMessage, port: number, address: string): void {
    if (!isClosed) socket.send(writeMessage(message), port, address);
  }

  async function bind(family: 'udp4' | 'udp6'): Promise<Socket> {
    // Addresses only: the lookup that Node would make for each datagram is left out.
    const lookup = (host: string, _options: object, found: (error: null, address: string, family: number) => void) =>
      found(null, host, family === 'udp6' ? 6 : 4);
    const socket = createSocket({ type: family, lookup: lookup as never });
    const listening = once(socket, 'listening');
    socket.bind(options.port, boundAddress(options.bindAddress, family === 'udp6'));
    await listening.catch((error: unknown) => {
      socket.close();
      throw error;
    });
    socket.on('error', () => {}); // Of a datagram that could not be sent: it is sent again or given up by its timer.
    socket.on('message', (bytes, { address, port: remotePort }) => {
      // Nothing can be sent to port 0, from where anybody may send.
      const message = remotePort === 0 ? null : readMessage(bytes);
      if (!message) return;
      const port = answerPort(message, remotePort);
      const reply = (answer: SipMessage) => send(socket, answer, port, address);
      receive(message, { protocol: 'udp', address, port: remotePort, reply });
    });
    return socket;
  }

  return {
    async open(target) {
      const family = isIPv6(target.address) ? 'udp6' : 'udp4';
      let socket = sockets.get(family);
      if (!socket) {
        socket = bind(family);
        sockets.set(family, socket);
        socket.catch(() => sockets.delete(family));
      }
      const own = options.publicAddress ?? boundAddress(options.bindAddress, family === 'udp6');
      const [bound, address] = await Promise.all([socket, own ?? localAddress(target)]).catch(() => [] as undefined[]);
      if (!bound || address === undefined) return null;
      return {
        protocol: 'udp',
        target,
        local: { address, port: bound.address().port },
        send: (message) => send(bound, message, target.port, target.address),
        onLost: () => () => {},
        doubt: () => {},
      };
    },
    async close() {
      isClosed = true;
      const bound = await Promise.allSettled(sockets.values());
      for (const socket of bound) if (socket.status === 'fulfilled') socket.value.close();
      sockets.clear();
    },
  };
}

/** The address that is to be used; undefined: it is of the other family, or stands for all of this machine's. */
export function boundAddress(configured: string | null, isV6: boolean): string | undefined {
  const isOne = configured !== null && configured !== '0.0.0.0' && configured !== '::';
  return isOne && isIPv6(configured) === isV6 ? configured : undefined;
}

/** Without `rport` it is the one that Via names, wherever the request came from (RFC 3261 §18.2.2, RFC 3581 §4). */
export function answerPort(request: SipMessage, sourcePort: number): number {
  const [via = ''] = headersOf(request, 'via');
  if (readParameters(via).has('rport')) return sourcePort;
  const [, digits] = /^[^\s]+\s+(?:\[[^\]]*\]|[^\s:;]+)\s*(?::\s*(\d{1,5}))?/.exec(via) ?? [];
  const port = digits === undefined ? DEFAULT_PORTS.udp : Number(digits);
  return port >= 1 && port <= 65_535 ? port : sourcePort;
}

/** The address by which this machine would send to it; nothing is sent. */
export async function localAddress({ address, port }: Pick<Target, 'address' | 'port'>): Promise<string> {
  const probe = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  try {
    probe.connect(port, address);
    await once(probe, 'connect');
    return probe.address().address;
  } finally {
    probe.close();
  }
}
