import type { SipMessage } from './message.ts';

export type Protocol = 'udp' | 'tcp' | 'tls';

/** Where a server is, as DNS or the configuration has it. */
export interface Target {
  protocol: Protocol;
  address: string;
  port: number;
  /** The name that its certificate must have. */
  serverName: string;
}

/** A way to one server: a connection, or the socket that all datagrams share. */
export interface Flow {
  readonly protocol: Protocol;
  readonly target: Target;
  /** Host and port to be answered at. */
  readonly local: { address: string; port: number };
  send(message: SipMessage): void;
  /** The listener is told once that nothing more comes over this flow; returns what takes it off. */
  onLost(listener: () => void): () => void;
  /** No response came to what was sent then. Where nothing else has come since either, the connection is given up. */
  doubt(since: number): void;
}

/** Where a message came from and how it is answered. */
export interface Origin {
  protocol: Protocol;
  address: string;
  port: number;
  reply(message: SipMessage): void;
}

export type Receive = (message: SipMessage, origin: Origin) => void;

export const isReliable = (protocol: Protocol) => protocol !== 'udp';

/** RFC 3261, table 4: ms. */
export interface Timers {
  /** The round trip that is expected. */
  t1: number;
  /** The longest pause between two copies of a request. */
  t2: number;
}

/** Timers B, D, F, H and L: what gives a transaction up, or forgets it. */
export const transactionMs = ({ t1 }: Timers) => 64 * t1;
