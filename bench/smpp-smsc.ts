import { createServer } from 'node:net';
import { createFrameReader } from '../src/delivery/smpp/frame-reader.ts';
import { COMMAND, RESPONSE } from '../src/delivery/smpp/protocol.ts';

/** An SMSC that accepts everything at the least cost, the same for whoever is measured: one write per chunk read. */

const ID = Buffer.from('4f2a0001\0');

createServer((socket) => {
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  let answers: Buffer[] = [];
  const reader = createFrameReader((frame) => {
    const command = frame.readUInt32BE(4);
    if (command >= RESPONSE) return;
    const body = command === COMMAND.submit_sm ? ID : Buffer.alloc(command === COMMAND.enquire_link ? 0 : 1);
    const answer = Buffer.allocUnsafe(16 + body.length);
    answer.writeUInt32BE(answer.length, 0);
    answer.writeUInt32BE(command + RESPONSE, 4);
    answer.writeUInt32BE(0, 8);
    frame.copy(answer, 12, 12, 16);
    body.copy(answer, 16);
    answers.push(answer);
  });
  socket.on('data', (chunk) => {
    if (!reader.push(chunk)) socket.destroy();
    if (socket.writable && answers.length > 0) socket.write(Buffer.concat(answers));
    answers = [];
  });
}).listen(Number(process.env.PORT), '127.0.0.1');
