import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { BOUND, DOWN, startCarrier } from './carrier.ts';
import { WAIT } from './smsc.ts';

function pdu(command: number, sequence: number, body = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(16);
  for (const [at, value] of [16 + body.length, command, 0, sequence].entries()) header.writeUInt32BE(value, at * 4);
  return Buffer.concat([header, body]);
}

const BIND_TRANSCEIVER_RESP = 0x8000_0009;
const ENQUIRE_LINK = 0x15;

/** Accepts the first bind, then does as it is told with the connection. */
async function startPeer(then: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    onTestFinished(() => void socket.destroy());
    socket.once('data', () => {
      socket.write(pdu(BIND_TRANSCEIVER_RESP, 1, Buffer.from('peer\0')));
      then(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

it('a peer that asks without end and reads no answer is cut off', async () => {
  const questions = Buffer.concat(Array.from({ length: 4_096 }, (_, at) => pdu(ENQUIRE_LINK, at + 1)));
  const port = await startPeer((socket) => {
    socket.pause();
    const ask = () => {
      while (socket.writable && socket.write(questions));
    };
    socket.on('drain', ask);
    ask();
  });
  const { log, untilLogged } = await startCarrier(port, { reconnect_min_ms: 60_000, reconnect_max_ms: 60_000 });
  await untilLogged(BOUND);
  await vi.waitFor(() => expect(log.find(({ message }) => message === DOWN)).toBeDefined(), {
    ...WAIT,
    timeout: 40_000,
  });
  expect(log).toContainEqual(expect.objectContaining({ message: DOWN, why: 'peer_reads_nothing' }));
});
