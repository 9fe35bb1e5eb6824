import { appendFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** A syslog receiver of its own process: `<port> <file> <after so many messages it hangs>`. */
const [port = '0', file = '', hangsAfter = 'never'] = process.argv.slice(2);
let received = 0;

const server = createServer((socket) => {
  let waiting = Buffer.alloc(0);
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    waiting = Buffer.concat([waiting, chunk]);
    for (;;) {
      const space = waiting.indexOf(' ');
      const end = space + 1 + Number(waiting.subarray(0, space).toString());
      if (space < 1 || waiting.length < end) return;
      appendFileSync(file, `${waiting.subarray(space + 1, end).toString()}\n`);
      waiting = waiting.subarray(end);
      received += 1;
      if (received === Number(hangsAfter)) {
        socket.pause();
        process.stdout.write('hangs\n');
        return;
      }
    }
  });
});
server.listen(Number(port), '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.stdout.write(`port ${address.port}\n`);
});
