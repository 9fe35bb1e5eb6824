import { connect, type Socket } from 'node:net';

export interface Answer {
  status: number;
  body: string;
}

/** One keep-alive connection, one request at a time. */
export interface HttpConnection {
  post(path: string, key: string, body: string): Promise<Answer>;
  get(path: string, key: string): Promise<Answer>;
  close(): void;
}

/**
 * The least HTTP/1.1 that a load generator needs, on a bare socket: general clients cost as much CPU per request as
 * the service under test, and both share the machine's cores.
 */
export async function openConnection(port: number): Promise<HttpConnection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const exchange = createExchange(socket);
  const head = (method: string, path: string, key: string) =>
    `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nauthorization: Bearer ${key}\r\n`;
  return {
    post(path, key, body) {
      const type = `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`;
      return exchange(head('POST', path, key) + type + body);
    },
    get: (path, key) => exchange(`${head('GET', path, key)}\r\n`),
    close: () => socket.destroy(),
  };
}

function createExchange(socket: Socket): (request: string) => Promise<Answer> {
  let received = Buffer.alloc(0);
  let waiting: PromiseWithResolvers<Answer> | undefined;
  const fail = (error: Error) => waiting?.reject(error);

  socket.on('data', (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const answer = parseAnswer(received);
    if (!answer) return;
    received = Buffer.alloc(0);
    waiting?.resolve(answer);
  });
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the server closed the connection')));

  return (request) => {
    waiting = Promise.withResolvers();
    socket.write(request);
    return waiting.promise;
  };
}

/** Null while bytes are missing. The servers under test always declare a length. */
function parseAnswer(bytes: Buffer): Answer | null {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return null;
  const head = bytes.toString('latin1', 0, headEnd);
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error(`an answer without a length:\n${head}`);
  const bodyEnd = headEnd + 4 + Number(length);
  if (bytes.length < bodyEnd) return null;
  return { status: Number(head.slice(9, 12)), body: bytes.toString('utf8', headEnd + 4, bodyEnd) };
}
