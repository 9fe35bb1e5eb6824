import { createServer as createHttpServer } from 'node:http';
import { constants, createSecureServer } from 'node:http2';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createHttpClient, type HttpClientOptions } from '../../src/lib/http-client.ts';
import { makeCertificate } from '../rig/certificate.ts';

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

function openClient(options?: HttpClientOptions) {
  const client = createHttpClient(options);
  onTestFinished(() => client.close());
  return client;
}

const post = (url: string) => ({ method: 'POST' as const, url, body: 'text' });

test('a request is made once, also where the other side speaks HTTP/2 and refuses it after it was read', async () => {
  const { cert, key } = makeCertificate();
  let made = 0;
  const server = createSecureServer({ cert, key, allowHTTP1: true });
  server.on('stream', (stream) => {
    stream.on('error', () => {});
    stream.resume().on('end', () => {
      made++;
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
    });
  });
  server.on('request', (request, response) => {
    if (request.httpVersionMajor !== 1) return;
    request.resume().on('end', () => {
      made++;
      response.end('taken');
    });
  });
  const port = await portOf(server);
  const outcome = await openClient({ ca: cert }).send(post(`https://127.0.0.1:${port}/`));
  expect(made).toBe(1);
  expect(outcome).toMatchObject({ kind: 'answer', body: 'taken' });
});

test('a connection that breaks before TLS stands has carried nothing', async () => {
  const port = await portOf(createServer((socket) => socket.once('data', () => socket.resetAndDestroy())));
  const outcome = await openClient().send(post(`https://127.0.0.1:${port}/`));
  expect(outcome).toEqual({ kind: 'not_sent', error: 'ECONNRESET' });
});

test('a connection that never comes about ends with the time of the request, and has carried nothing', async () => {
  const port = await portOf(createServer((socket) => void onTestFinished(() => void socket.destroy())));
  const client = openClient({ connectTimeoutMs: 60_000 });
  const outcome = await client.send({ ...post(`https://127.0.0.1:${port}/`), timeoutMs: 50 });
  expect(outcome).toEqual({ kind: 'not_sent', error: 'TimeoutError' });
});

test('what waits for a free connection is not sent any more once it was given up', async () => {
  const made: (string | undefined)[] = [];
  const server = createHttpServer((request) => made.push(request.url));
  const url = `http://127.0.0.1:${await portOf(server)}`;
  onTestFinished(() => server.closeAllConnections());
  const client = openClient({ connectionsPerOrigin: 1 });
  const first = new AbortController();
  const sending = client.send({ ...post(`${url}/first`), signal: first.signal });
  await vi.waitUntil(() => made.length === 1, { timeout: 40_000 });
  const waiting = client.send({ ...post(`${url}/second`), timeoutMs: 50 });
  expect(await waiting).toEqual({ kind: 'not_sent', error: 'TimeoutError' });
  first.abort();
  expect(await sending).toEqual({ kind: 'no_answer', error: 'AbortError' });
  const third = client.send({ ...post(`${url}/third`), signal: AbortSignal.timeout(1_000) });
  await vi.waitUntil(() => made.length === 2, { timeout: 40_000 });
  expect(made).toEqual(['/first', '/third']);
  server.closeAllConnections();
  expect(await third).toMatchObject({ kind: 'no_answer' });
});

test('a request that cannot be written is not sent', async () => {
  const url = `http://127.0.0.1:${await portOf(createHttpServer())}/`;
  const outcome = await openClient().send({ ...post(url), headers: { name: 'two\nlines' } });
  expect(outcome).toEqual({ kind: 'not_sent', error: 'UND_ERR_INVALID_ARG' });
});

test('a redirect is an answer, and not followed', async () => {
  let followed = 0;
  const inside = await portOf(createHttpServer((_request, response) => void response.end(String(++followed))));
  const location = `http://127.0.0.1:${inside}/`;
  const port = await portOf(createHttpServer((_, response) => void response.writeHead(302, { location }).end()));
  const outcome = await openClient().send(post(`http://127.0.0.1:${port}/`));
  expect(outcome).toMatchObject({ kind: 'answer', status: 302, headers: { location } });
  expect(followed).toBe(0);
});

test('of an answer that does not end as much is read as was asked for', async () => {
  let closed = false;
  const server = createHttpServer((_request, response) => {
    response.on('close', () => {
      closed = true;
    });
    const write = () => {
      while (!response.destroyed && response.write('0123456789'.repeat(1_000)));
    };
    response.writeHead(200).on('drain', write);
    write();
  });
  const request = post(`http://127.0.0.1:${await portOf(server)}/`);
  const refusing = await openClient({ maxAnswerBytes: 1_000 }).send(request);
  expect(refusing).toEqual({ kind: 'no_answer', error: 'answer_too_large' });
  const cutting = await openClient({ maxAnswerBytes: 1_000, cutAnswers: true }).send(request);
  expect(cutting).toMatchObject({ kind: 'answer', status: 200, body: '0123456789'.repeat(100) });
  await vi.waitUntil(() => closed, { timeout: 40_000 });
});
