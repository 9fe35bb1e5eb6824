import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createHttpClient } from '../../src/lib/http-client.ts';

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntaken';

/** Answers as it is told to each request of each connection. */
async function openServer(reply: (socket: Socket, place: { connection: number; request: number }) => void) {
  let connections = 0;
  const requests: number[] = [];
  const server: Server = createServer((socket) => {
    const connection = ++connections;
    let request = 0;
    socket.on('error', () => {});
    socket.on('data', () => {
      request += 1;
      requests.push(connection);
      reply(socket, { connection, request });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, requests };
}

function openClient() {
  const client = createHttpClient({ connectionsPerOrigin: 1 });
  onTestFinished(() => client.close());
  return client;
}

const post = (url: string, repeatable: boolean) => ({ method: 'POST' as const, url, body: 'x', repeatable });
const closings: [string, (socket: Socket) => void][] = [
  ['ended', (socket) => void socket.end()],
  ['reset', (socket) => void socket.resetAndDestroy()],
];

test.each(closings)('what meets a kept connection just as it is %s is made again on another', async (_, close) => {
  const { url, requests } = await openServer((socket, { connection, request }) =>
    connection === 1 && request === 2 ? close(socket) : void socket.write(ANSWER),
  );
  const client = openClient();
  await client.send(post(url, true));
  expect(await client.send(post(url, true))).toMatchObject({ kind: 'answer', body: 'taken' });
  expect(requests).toEqual([1, 1, 2]);
});

test.each(closings)('but not what may be taken twice, by a connection that is %s', async (_, close) => {
  const { url, requests } = await openServer((socket, { request }) =>
    request === 2 ? close(socket) : void socket.write(ANSWER),
  );
  const client = openClient();
  await client.send(post(url, false));
  expect(await client.send(post(url, false))).toMatchObject({ kind: 'no_answer' });
  expect(requests).toEqual([1, 1]);
});

test('a receiver that closes every connection unanswered hears of it once', async () => {
  const { url, requests } = await openServer((socket) => void socket.end());
  expect(await openClient().send(post(url, true))).toMatchObject({ kind: 'no_answer' });
  expect(requests).toEqual([1]);
});

test('one that answered in part has heard it', async () => {
  const { url, requests } = await openServer((socket, { request }) =>
    request === 2 ? void socket.end(ANSWER.slice(0, -2)) : void socket.write(ANSWER),
  );
  const client = openClient();
  await client.send(post(url, true));
  expect(await client.send(post(url, true))).toMatchObject({ kind: 'no_answer' });
  expect(requests).toEqual([1, 1]);
});

test('it is made again once', async () => {
  const { url, requests } = await openServer((socket, { connection, request }) =>
    connection === 1 && request === 1 ? void socket.write(ANSWER) : void socket.end(),
  );
  const client = openClient();
  await client.send(post(url, true));
  expect(await client.send(post(url, true))).toMatchObject({ kind: 'no_answer' });
  expect(requests).toEqual([1, 1, 2]);
});
