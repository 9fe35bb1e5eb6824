import { connect, isIP, type Socket } from 'node:net';
import { toTimestamp } from './clock.ts';

/** RFC 5424 over TCP, with octet counting (RFC 6587 §3.4.1), or over TLS (RFC 5425). */
export interface SyslogTarget {
  host: string;
  port: number;
  /** Null: without TLS. */
  tls: SyslogTls | null;
}

/** PEM. */
export interface SyslogTls {
  /** Extra trust. */
  ca?: string;
  cert?: string;
  key?: string;
}

export interface SyslogMessage {
  /** ms */
  at: number;
  /** 0–7, the lower the worse. */
  severity: number;
  /** What kind of message it is. */
  id: string;
  /** ASCII without control characters, e.g. JSON. */
  text: string;
}

/** Log audit, RFC 5424 table 1. */
const FACILITY = 13;
const APP = 'countersign';

/** One frame: its length, a space, the message. */
export function frameSyslog({ at, severity, id, text }: SyslogMessage, hostname: string): string {
  const host = hostname.replaceAll(/[^!-~]/g, '').slice(0, 255) || '-';
  const message = `<${FACILITY * 8 + severity}>1 ${toTimestamp(at)} ${host} ${APP} ${process.pid} ${id} - ${text}`;
  return `${Buffer.byteLength(message)} ${message}`;
}

/**
 * Syslog has no answer to a message. What comes closest is that the receiver, told that no more follows, closes the
 * connection in order: then it has read everything. Anything else throws, and the frames are to be sent again.
 */
export async function sendSyslog(target: SyslogTarget, frames: readonly string[], signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const socket = await open(target);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = () => socket.destroy(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
  signal.addEventListener('abort', abort, { once: true });
  let ended = false;
  socket.on('error', reject);
  socket.on('end', () => {
    ended = true;
  });
  socket.on('close', () => (ended && socket.writableFinished ? resolve() : reject(new Error('connection lost'))));
  // What it may say is not read, but its end is.
  socket.resume();
  socket.end(frames.join(''));
  try {
    await promise;
  } finally {
    signal.removeEventListener('abort', abort);
    socket.destroy();
  }
}

async function open({ host, port, tls }: SyslogTarget): Promise<Socket> {
  if (!tls) return connect({ host, port });
  const { connect: connectTls } = await import('node:tls');
  // RFC 6066 §3 knows no addresses.
  const name = isIP(host) === 0 ? { servername: host } : {};
  return connectTls({ host, port, ...name, minVersion: 'TLSv1.2', rejectUnauthorized: true, ...tls });
}
