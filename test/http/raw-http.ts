import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  statusCode: number;
  headers: Record<string, string>;
  body: string;
}

/** Bytes in, answers out, on one connection. */
export interface RawConnection {
  socket: Socket;
  write(text: string | Buffer): void;
  /** Everything that was answered until the server closed the connection. */
  answers(): Promise<RawAnswer[]>;
  /** The first answer that is not interim (1xx), as soon as it is whole. */
  firstAnswer(): Promise<RawAnswer>;
}

export async function rawConnection(port: number): Promise<RawConnection> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => {}); // a reset is one way to be refused
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await once(socket, 'connect');
  return {
    socket,
    write: (text) => void socket.write(text),
    async answers() {
      await closed;
      return parseAnswers(Buffer.concat(chunks));
    },
    async firstAnswer() {
      for (;;) {
        const answer = parseAnswers(Buffer.concat(chunks)).find(({ statusCode }) => statusCode >= 200);
        if (answer) return answer;
        await Promise.race([
          once(socket, 'data'),
          closed.then(() => Promise.reject(new Error('closed without an answer'))),
        ]);
      }
    },
  };
}

function parseAnswers(bytes: Buffer): RawAnswer[] {
  const answers: RawAnswer[] = [];
  let at = 0;
  for (;;) {
    const end = bytes.indexOf('\r\n\r\n', at);
    if (end < 0) return answers;
    const [status = '', ...lines] = bytes.subarray(at, end).toString('latin1').split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const length = Number(headers['content-length'] ?? 0);
    if (bytes.length < end + 4 + length) return answers;
    at = end + 4 + length;
    answers.push({ statusCode: Number(status.split(' ')[1]), headers, body: bytes.subarray(end + 4, at).toString() });
  }
}
