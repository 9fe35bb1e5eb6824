import { globSync, readFileSync } from 'node:fs';
import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo, LookupFunction } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createGuardedHttpClient } from '../../src/lib/guarded-http-client.ts';
import { createHttpClient, type HttpClientOptions } from '../../src/lib/http-client.ts';
import { createTargetGuard } from '../../src/lib/target-guard.ts';
import { makeCertificate } from '../rig/certificate.ts';

const inThePast = { from: Date.now() - 7_200_000, until: Date.now() - 3_600_000 };

async function openServer(certificate = makeCertificate(), options: ServerOptions = {}) {
  let connections = 0;
  let requests = 0;
  const server = createServer({ ...certificate, ...options }, (_request, response) => {
    requests += 1;
    response.end('hello');
  });
  server.on('connection', () => {
    connections += 1;
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, ca: certificate.cert, connections: () => connections, requests: () => requests };
}

function closing<T extends { close(): Promise<void> }>(client: T): T {
  onTestFinished(() => client.close());
  return client;
}

describe('nobody connects to this machine', () => {
  test.each(['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '2130706433', '127.1'])('as %s', async (host) => {
    const { port, ca, connections } = await openServer();
    const url = `https://${host}:${port}/`;
    const client = closing(createGuardedHttpClient(createTargetGuard({ ports: [port] }), { ca }));
    expect(await client.send({ method: 'POST', url, body: 'x' })).toEqual({ kind: 'not_sent', error: 'blocked' });
    expect(connections()).toBe(0);
  });

  test('by a name that was public when it was registered', async () => {
    const { port, ca, connections } = await openServer();
    const answers = [['8.8.8.8'], ['127.0.0.1'], ['8.8.8.8', '127.0.0.1']];
    const guard = createTargetGuard({ ports: [port], resolve: async () => answers.shift() ?? [] });
    const client = closing(createGuardedHttpClient(guard, { ca }));
    const url = `https://rebinding.example.com:${port}/`;
    expect(await guard.look(url)).toBeNull();
    for (const _ of [1, 2, 3]) {
      expect(await client.send({ method: 'POST', url, body: 'x' })).toEqual({ kind: 'not_sent', error: 'blocked' });
    }
    expect(connections()).toBe(0);
  });

  test('unless development allows it', async () => {
    const { port, ca } = await openServer();
    const client = closing(createGuardedHttpClient(createTargetGuard({ allowPrivate: true }), { ca }));
    const answer = await client.send({ method: 'POST', url: `https://127.0.0.1:${port}/`, body: 'x' });
    expect(answer).toMatchObject({ kind: 'answer', body: 'hello' });
  });
});

test('webhooks have no other way out', () => {
  const files = globSync('src/webhooks/**/*.ts');
  expect(files.length).toBeGreaterThan(20);
  const others = /createHttpClient|\bfetch\(|'undici'|'node:(https?|http2|net|tls|dgram)'/;
  expect(files.filter((file) => others.test(readFileSync(file, 'utf8')))).toEqual([]);
});

describe('a server that does not prove who it is gets nothing', () => {
  const toThisMachine: LookupFunction = (_host, options, callback) =>
    options.all ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4);

  async function errorOf(url: string, options: HttpClientOptions): Promise<string> {
    const outcome = await closing(createHttpClient(options)).send({ method: 'POST', url, body: 'secret' });
    expect(outcome.kind).toBe('not_sent');
    return outcome.kind === 'not_sent' ? outcome.error : '';
  }

  test('signed by itself', async () => {
    const server = await openServer();
    expect(await errorOf(`https://127.0.0.1:${server.port}/`, {})).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
    expect(server.requests()).toBe(0);
  });

  test('also when the environment says that this does not matter', async () => {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    onTestFinished(() => void delete process.env.NODE_TLS_REJECT_UNAUTHORIZED);
    const server = await openServer();
    expect(await errorOf(`https://127.0.0.1:${server.port}/`, {})).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
    expect(server.requests()).toBe(0);
  });

  test('expired', async () => {
    const server = await openServer(makeCertificate(inThePast));
    expect(await errorOf(`https://127.0.0.1:${server.port}/`, { ca: server.ca })).toBe('CERT_HAS_EXPIRED');
    expect(server.requests()).toBe(0);
  });

  test('certified for another host', async () => {
    const server = await openServer();
    const url = `https://other.example.com:${server.port}/`;
    expect(await errorOf(url, { ca: server.ca, lookup: toThisMachine })).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(server.requests()).toBe(0);
  });

  test('by a version of TLS that is not safe any more', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const server = await openServer(makeCertificate(), old);
    const error = await errorOf(`https://127.0.0.1:${server.port}/`, { ca: server.ca });
    expect(error).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    expect(server.requests()).toBe(0);
  });
});
