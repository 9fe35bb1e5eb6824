import type { AddressInfo, Server } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Certificate } from '../../rig/certificate.ts';

export interface SyslogServer {
  port: number;
  /** Whole messages, without their frames. */
  messages: string[];
  /** Cuts connections instead of reading them. */
  cut(cutting: boolean): void;
  close(): Promise<void>;
}

/** RFC 6587 §3.4.1 on TCP, or RFC 5425 where a certificate is given. */
export async function startSyslogServer(certificate?: Certificate): Promise<SyslogServer> {
  const messages: string[] = [];
  let cutting = false;
  const serve = (socket: Socket) => {
    if (cutting) return void socket.resetAndDestroy();
    let text = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      text = Buffer.concat([text, chunk]);
      for (;;) {
        const space = text.indexOf(' ');
        const length = Number(text.subarray(0, space).toString());
        if (space < 1 || text.length < space + 1 + length) return;
        messages.push(text.subarray(space + 1, space + 1 + length).toString());
        text = text.subarray(space + 1 + length);
      }
    });
  };
  const server: Server = certificate ? createTlsServer(certificate, serve) : createServer(serve);
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    messages,
    cut(value) {
      cutting = value;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
