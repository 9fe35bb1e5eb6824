import { type AddressInfo, createServer } from 'node:net';
import { createFrameReader } from '../src/delivery/smpp/frame-reader.ts';
import { COMMAND, HEADER_OCTETS, RESPONSE } from '../src/delivery/smpp/protocol.ts';
import { createArrivals } from './arrivals.ts';

/**
 * An SMSC that accepts everything at the least cost, the same for whoever is measured: one write per chunk read. With
 * `--receipts` it reports each message as delivered, on the connection that it came by.
 */

const listening = Promise.withResolvers<number>();
const arrived = createArrivals(listening.promise);
const reports = process.argv.includes('--receipts');
let ids = 0;
let sequence = 0;

const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  let answers: Buffer[] = [];
  const reader = createFrameReader((frame) => {
    const command = frame.readUInt32BE(4);
    if (command < RESPONSE) answers.push(...answersTo(command, frame));
  });
  socket.on('data', (chunk) => {
    if (!reader.push(chunk)) socket.destroy();
    if (socket.writable && answers.length > 0) socket.write(Buffer.concat(answers));
    answers = [];
  });
}).listen(0, '127.0.0.1', () => listening.resolve((server.address() as AddressInfo).port));

function answersTo(command: number, frame: Buffer): Buffer[] {
  const answer = (body: string) => pdu(command + RESPONSE, frame.readUInt32BE(12), Buffer.from(body, 'latin1'));
  if (command === COMMAND.enquire_link) return [answer('')];
  if (command !== COMMAND.submit_sm) return [answer('\0')];
  const source = addressAt(frame, frame.indexOf(0, HEADER_OCTETS) + 1);
  const destination = addressAt(frame, source.end);
  arrived(destination.digits);
  ids += 1;
  const id = ids.toString(16).padStart(8, '0');
  const taken = answer(`${id}\0`);
  return reports ? [taken, receipt(id, source.octets, destination.octets)] : [taken];
}

function pdu(command: number, number: number, body: Buffer): Buffer {
  const head = Buffer.allocUnsafe(HEADER_OCTETS);
  head.writeUInt32BE(HEADER_OCTETS + body.length, 0);
  head.writeUInt32BE(command, 4);
  head.writeUInt32BE(0, 8);
  head.writeUInt32BE(number, 12);
  return Buffer.concat([head, body]);
}

/** TON, NPI and address, §4.4.1. */
function addressAt(frame: Buffer, at: number) {
  const end = frame.indexOf(0, at + 2) + 1;
  return { octets: frame.subarray(at, end), digits: frame.toString('latin1', at + 2, end - 1), end };
}

/** deliver_sm with the text of appendix B. */
function receipt(id: string, source: Buffer, destination: Buffer): Buffer {
  const text = `id:${id} sub:001 dlvrd:001 submit date:2701150800 done date:2701150800 stat:DELIVRD err:000 text:`;
  const fixed = Buffer.from([0x04, 0, 0, 0, 0, 0, 0, 0, 0, text.length]);
  sequence += 1;
  return pdu(
    COMMAND.deliver_sm,
    sequence,
    Buffer.concat([Buffer.from([0]), destination, source, fixed, Buffer.from(text, 'latin1')]),
  );
}
