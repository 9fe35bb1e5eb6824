import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';
import { inject } from 'vitest';
import { Missing, type Reply } from './broker.ts';
import { atFileEnd } from './file-end.ts';

export interface Borrowed {
  value: string;
  giveBack(): void;
}

/** Asks the process that started this run; what is not given back returns when the test file ends. */
export async function borrow(name: string, argument = ''): Promise<Borrowed> {
  const socket = createConnection(inject('rig').socket);
  socket.on('error', () => {}); // ends the lines, which is seen below
  socket.write(`${JSON.stringify([name, argument])}\n`);
  for await (const line of createInterface(socket)) {
    socket.unref();
    const reply = JSON.parse(line) as Reply;
    if ('value' in reply) {
      const giveBack = () => {
        forget();
        socket.destroy();
      };
      const forget = atFileEnd(giveBack);
      return { value: reply.value, giveBack };
    }
    socket.destroy();
    throw 'missing' in reply ? new Missing(reply.missing) : new Error(reply.error);
  }
  throw new Error(`the test run that lends ${name} is gone`);
}
