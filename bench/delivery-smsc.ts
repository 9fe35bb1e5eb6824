import { type AddressInfo, createServer } from 'node:net';
import { createFrameReader } from '../src/delivery/smpp/frame-reader.ts';
import { COMMAND, HEADER_OCTETS, RESPONSE } from '../src/delivery/smpp/protocol.ts';
import { createArrivals } from './arrivals.ts';

/** An SMSC that accepts everything at the least cost, the same for whoever is measured: one write per chunk read. */

const listening = Promise.withResolvers<number>();
const arrived = createArrivals(listening.promise);
let ids = 0;

const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  let answers: Buffer[] = [];
  const reader = createFrameReader((frame) => {
    const command = frame.readUInt32BE(4);
    if (command < RESPONSE) answers.push(answerTo(command, frame));
  });
  socket.on('data', (chunk) => {
    if (!reader.push(chunk)) socket.destroy();
    if (socket.writable && answers.length > 0) socket.write(Buffer.concat(answers));
    answers = [];
  });
}).listen(0, '127.0.0.1', () => listening.resolve((server.address() as AddressInfo).port));

function answerTo(command: number, frame: Buffer): Buffer {
  const body = bodyOf(command, frame);
  const answer = Buffer.allocUnsafe(HEADER_OCTETS + body.length);
  answer.writeUInt32BE(answer.length, 0);
  answer.writeUInt32BE(command + RESPONSE, 4);
  answer.writeUInt32BE(0, 8);
  frame.copy(answer, 12, 12, HEADER_OCTETS);
  answer.write(body, HEADER_OCTETS, 'latin1');
  return answer;
}

function bodyOf(command: number, frame: Buffer): string {
  if (command === COMMAND.enquire_link) return '';
  if (command !== COMMAND.submit_sm) return '\0';
  arrived(destinationOf(frame));
  ids += 1;
  return `${ids.toString(16).padStart(8, '0')}\0`;
}

/** §4.4.1: service_type, TON, NPI and address of the source, then of the destination. */
function destinationOf(frame: Buffer): string {
  const source = frame.indexOf(0, HEADER_OCTETS) + 3;
  const destination = frame.indexOf(0, source) + 3;
  return frame.toString('latin1', destination, frame.indexOf(0, destination));
}
