import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectProblem } from './expect-problem.ts';
import { exposeGc } from './expose-gc.ts';
import { KEY, probeApp } from './probe-app.ts';
import { rawConnection } from './raw-http.ts';

let app: FastifyInstance;
let port: number;
beforeAll(async () => {
  app = await probeApp();
  await app.listen({ port: 0, host: '127.0.0.1' });
  port = (app.server.address() as AddressInfo).port;
});
afterAll(() => app.close());

const head = (lines: string[] = [], requestLine = 'POST /v1/echo HTTP/1.1') =>
  [requestLine, 'Host: x', `Authorization: Bearer ${KEY}`, 'Content-Type: application/json', ...lines, '', ''].join(
    '\r\n',
  );
const BODY = '{"code":"1"}';

async function exchange(text: string | Buffer) {
  const connection = await rawConnection(port);
  connection.write(text);
  return connection.answers();
}

describe('what is not HTTP', () => {
  const smuggled = 'GET /v1/public HTTP/1.1\r\nHost: x\r\n\r\n';
  it.each([
    ['both lengths', `${head(['Content-Length: 5', 'Transfer-Encoding: chunked'])}0\r\n\r\n${smuggled}`],
    ['two lengths', head([`Content-Length: ${BODY.length}`, 'Content-Length: 5']) + BODY],
    ['a list of lengths', head([`Content-Length: ${BODY.length}, ${BODY.length}`]) + BODY],
    ['a signed length', head([`Content-Length: +${BODY.length}`]) + BODY],
    ['a negative length', head(['Content-Length: -1']) + BODY],
    ['an odd transfer coding', `${head(['Transfer-Encoding: xchunked'])}0\r\n\r\n${smuggled}`],
    ['chunked twice', `${head(['Transfer-Encoding: chunked, chunked'])}0\r\n\r\n${smuggled}`],
    ['chunked not last', `${head(['Transfer-Encoding: chunked, identity'])}0\r\n\r\n${smuggled}`],
    ['a space before the colon', head([`Content-Length : ${BODY.length}`]) + BODY],
    ['a folded header', head(['X-A: b\r\n c', `Content-Length: ${BODY.length}`]) + BODY],
    ['a header without a name', head([': b']) + BODY],
    ['a NUL in a header', head(['X-A: b\0c']) + BODY],
    ['a bare line feed', head([`Content-Length: ${BODY.length}`]).replaceAll('\r\n', '\n') + BODY],
    ['a bare carriage return', head([`X-A: b\rContent-Length: ${BODY.length}`]) + BODY],
    ['no host', `GET /v1/public HTTP/1.1\r\n\r\n`],
    ['two hosts', 'GET /v1/public HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n'],
    ['the same host twice', 'GET /v1/public HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n'],
    ['a chunk size that is none', `${head(['Transfer-Encoding: chunked'])}0x5\r\n{"a":\r\n0\r\n\r\n`],
    ['an unknown version', 'GET /v1/public HTTP/9.9\r\nHost: x\r\n\r\n'],
    ['TLS', Buffer.from('16030100c8010000c40303', 'hex')],
    ['text', 'hello\r\n\r\n'],
  ])('is refused and the connection closed: %s (API-26)', async (_what, bytes) => {
    const answers = await exchange(bytes);
    expect(answers).toHaveLength(1);
    const answer = answers[0] as (typeof answers)[0];
    expect(answer.statusCode).toBe(400);
    expect(answer.headers.connection).toBe('close');
    if (answer.body) expectProblem(answer, 'malformed_request');
  });

  it.each(['gzip, chunked', 'x,CHUNKED', 'gzip\r\nTransfer-Encoding: chunked'])(
    'is refused and the connection closed: the transfer coding %j (API-26)',
    async (coding) => {
      const answers = await exchange(`${head([`Transfer-Encoding: ${coding}`])}0\r\n\r\n${smuggled}`);
      expect(answers).toHaveLength(1);
      expectProblem(answers[0] as never, 'unsupported_transfer_coding');
      expect(answers[0]?.headers.connection).toBe('close');
    },
  );

  it('nor for this server is refused and the connection closed: a tunnel', async () => {
    const answers = await exchange(`CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n${smuggled}`);
    expect(answers).toHaveLength(1);
    expectProblem(answers[0] as never, 'method_not_allowed');
    expect(answers[0]?.headers).toMatchObject({ allow: '', connection: 'close' });
  });

  it('but means no harm is served: a coding in capitals', async () => {
    const bytes = `${head(['Transfer-Encoding: Chunked', 'Connection: close'])}c\r\n${BODY}\r\n0\r\n\r\n`;
    expect(await exchange(bytes)).toMatchObject([{ statusCode: 200, body: BODY }]);
  });

  it('but means no harm is served: unknown expectations and upgrades', async () => {
    for (const line of ['Expect: miracles', 'Expect: 100-continue', 'Connection: Upgrade\r\nUpgrade: websocket']) {
      const connection = await rawConnection(port);
      connection.write(`GET /v1/public HTTP/1.1\r\nHost: x\r\n${line}\r\n\r\n`);
      const answer = await connection.firstAnswer();
      connection.socket.destroy();
      expect(answer).toMatchObject({ statusCode: 200, body: '{"ok":true}' });
    }
  });

  it('never ends in a 5xx', async () => {
    const piece = fc.constantFrom(
      'GET ',
      'POST ',
      '/v1/echo',
      ' HTTP/1.1',
      '\r\n',
      '\n',
      'Host: x',
      'Content-Length: 3',
      'Transfer-Encoding: chunked',
      ':',
      '\0',
      '{}',
      '5\r\n',
      ' ',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 3, maxLength: 20 }), async (pieces) => {
        const connection = await rawConnection(port);
        connection.write(pieces.join(''));
        connection.socket.end();
        for (const { statusCode } of await connection.answers()) {
          expect(statusCode).toBeGreaterThanOrEqual(200);
          expect(statusCode).toBeLessThan(500);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('too much', () => {
  it('of a body is refused before it has arrived (API-06)', async () => {
    const connection = await rawConnection(port);
    connection.write(head([`Content-Length: ${2 * 1024 * 1024}`]));
    const answer = await connection.firstAnswer();
    expectProblem(answer, 'body_too_large');
    expect(answer.headers.connection).toBe('close');
    connection.socket.destroy();
  });

  it('of a body without a length is refused at the limit', async () => {
    const connection = await rawConnection(port);
    connection.write(head(['Transfer-Encoding: chunked']));
    const chunk = `1000\r\n${'x'.repeat(4096)}\r\n`;
    let chunks = 0;
    const endless = setInterval(() => {
      connection.write(chunk);
      chunks++;
    }, 1);
    const answer = await connection.firstAnswer();
    clearInterval(endless);
    connection.socket.destroy();
    expectProblem(answer, 'body_too_large');
    expect(chunks).toBeLessThan(200);
  });

  it('of a compressed body is never unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(10 * 1024 * 1024));
    const [answer] = await exchange(
      Buffer.concat([
        Buffer.from(head(['Content-Encoding: gzip', `Content-Length: ${bomb.length}`, 'Connection: close'])),
        bomb,
      ]),
    );
    expectProblem(answer as never, 'unsupported_media_type');
  });

  it('of headers is refused', async () => {
    const answers = await exchange(head(Array.from({ length: 200 }, (_, i) => `X-${i}: ${'y'.repeat(200)}`)));
    expect(answers).toHaveLength(1);
    expectProblem(answers[0] as never, 'headers_too_large');
  });

  it('again and again leaves memory as it is', async () => {
    const collect = exposeGc();
    const storm = async (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        const many = Array.from({ length: 20 }, async (_, j) => {
          const connection = await rawConnection(port);
          if (j % 4 === 0) connection.write(head([`Content-Length: ${2 ** 21}`]) + 'x'.repeat(2 ** 21));
          else if (j % 4 === 1)
            connection.write(head(['Content-Length: 30000', 'Connection: close']) + '['.repeat(30_000));
          else if (j % 4 === 2) connection.write('x'.repeat(10_000));
          else connection.write(head(['Transfer-Encoding: chunked']) + `ffff\r\n${'y'.repeat(0xffff)}\r\n`.repeat(4));
          await connection.firstAnswer().catch(() => {});
          connection.socket.destroy();
        });
        await Promise.all(many);
      }
      collect();
      return process.memoryUsage().heapUsed + process.memoryUsage().external;
    };
    const warm = await storm(5);
    // What the storm sends is more than 200 MiB; the heap itself moves by some.
    expect((await storm(20)) - warm).toBeLessThan(32 * 1024 * 1024);
    expect((await app.inject('/v1/public')).statusCode).toBe(200);
  });
});

describe('too slow', () => {
  it('of headers or body is answered 408 and closed', async () => {
    const slow = await probeApp();
    // The real ones are seconds; what is tested is that they are in force.
    expect(slow.server.headersTimeout).toBe(10_000);
    expect(slow.server.requestTimeout).toBe(15_000);
    expect(slow.server.keepAliveTimeout).toBe(72_000);
    expect(slow.server.timeout).toBe(60_000);
    slow.server.headersTimeout = 50;
    slow.server.requestTimeout = 100;
    await slow.listen({ port: 0, host: '127.0.0.1' });
    const { port: slowPort } = slow.server.address() as AddressInfo;
    for (const begun of ['POST /v1/echo HTTP/1.1\r\nHost: x\r\n', `${head([`Content-Length: ${BODY.length}`])}{"co`]) {
      const connection = await rawConnection(slowPort);
      connection.write(begun);
      const [answer] = await connection.answers();
      expectProblem(answer as never, 'request_timeout');
      expect(answer?.headers.connection).toBe('close');
    }
    await slow.close();
  });

  it('to finish and gone is nobody’s error', async () => {
    const connection = await rawConnection(port);
    connection.write(`${head([`Content-Length: ${BODY.length}`])}{"co`);
    connection.socket.destroy();
    await connection.answers();
    expect((await app.inject('/v1/public')).statusCode).toBe(200);
  });
});

describe('closing', () => {
  it('serves the requests that are under way and ends idle connections', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    const draining = await probeApp({
      routes: async (routes) => {
        routes.get('/v1/slow', { config: { public: true } }, async () => {
          entered.resolve();
          await promise;
          return { ok: true };
        });
      },
    });
    await draining.listen({ port: 0, host: '127.0.0.1' });
    const { port: drainingPort } = draining.server.address() as AddressInfo;
    const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const [busy, idle] = await Promise.all([rawConnection(drainingPort), rawConnection(drainingPort)]);
    idle.write(get('/v1/public'));
    await idle.firstAnswer();
    busy.write(get('/v1/slow'));
    await entered.promise;

    const closed = draining.close();
    expect(await idle.answers()).toHaveLength(1);
    resolve();
    const [answer] = await busy.answers();
    expect(answer).toMatchObject({ statusCode: 200, headers: { connection: 'close' } });
    await closed;
  });

  it('does not wait for clients that say nothing or never stop talking', async () => {
    const stubborn = await probeApp({ graceMs: 100 });
    await stubborn.listen({ port: 0, host: '127.0.0.1' });
    const { port: stubbornPort } = stubborn.server.address() as AddressInfo;
    const silent = await rawConnection(stubbornPort);
    const dripping = await rawConnection(stubbornPort);
    dripping.write('POST /v1/echo HTTP/1.1\r\n');
    await stubborn.close();
    await Promise.all([silent.answers(), dripping.answers()]);
  });
});
