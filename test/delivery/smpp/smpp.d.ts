/** What the tests and the benchmark use of the package, which has no types of its own. */
declare module 'smpp' {
  import type { EventEmitter } from 'node:events';
  import type { Server as NetServer, Socket } from 'node:net';

  export interface Fields {
    [name: string]: unknown;
    sequence_number?: number;
    command_status?: number;
  }

  export class PDU {
    constructor(command: string | Buffer, fields?: Fields);
    [name: string]: unknown;
    command: string;
    command_status: number;
    sequence_number: number;
    toBuffer(): Buffer;
    response(fields?: Fields): PDU;
  }

  export interface Session extends EventEmitter {
    socket: Socket;
    send(pdu: PDU): boolean;
    close(): void;
    destroy(): void;
    bind_transceiver(fields: Fields, callback: (pdu: PDU) => void): boolean;
    submit_sm(fields: Fields, callback: (pdu: PDU) => void): boolean;
    deliver_sm(fields: Fields, callback?: (pdu: PDU) => void): boolean;
    enquire_link(callback?: (pdu: PDU) => void): boolean;
    unbind(callback?: (pdu: PDU) => void): boolean;
  }

  interface Package {
    PDU: typeof PDU;
    connect(options: { host: string; port: number }, listener?: () => void): Session;
    createServer(options: object, listener: (session: Session) => void): NetServer;
  }

  const smpp: Package;
  export default smpp;
}
