import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createHttpClient } from '../../src/lib/http-client.ts';
import { createPublicLookup, isPublicAddress } from '../../src/lib/public-address.ts';
import { makeCertificate } from '../rig/certificate.ts';

test.each([
  ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '127.255.255.255', '169.254.169.254', '172.16.0.1'],
  ...['172.31.255.255', '192.0.0.1', '192.0.2.1', '192.88.99.1', '192.168.1.1', '198.18.0.1', '198.51.100.1'],
  ...['203.0.113.1', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255'],
  ...['::', '::1', '::ffff:127.0.0.1', '::ffff:8.8.8.8', '::7f00:1', '64:ff9b::7f00:1', '64:ff9b:1::1', '100::1'],
  ...['fc00::1', 'fd12:3456::1', 'fe80::1', 'fe80::1%lo', 'fec0::1', 'ff02::1'],
  ...['2001::1', '2001:db8::1', '2002:7f00:1::', '3fff::1', '2002:0a00:0001::1'],
])('%s is not of the public Internet', (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

test.each(['1.1.1.1', '8.8.8.8', '100.63.255.255', '172.15.0.1', '172.32.0.1', '192.167.1.1', '223.255.255.255'])(
  '%s is',
  (address) => {
    expect(isPublicAddress(address)).toBe(true);
  },
);

test.each(['2606:4700::1111', '2a00:1450::1', '2400:cb00::1', '3000::1'])('%s is', (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

describe('a client that looks up public hosts only', () => {
  async function openServer() {
    const { cert, key } = makeCertificate();
    let requests = 0;
    const server = createServer({ cert, key }, (_request, response) => {
      requests += 1;
      response.end('hello');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    return { port: (server.address() as AddressInfo).port, cert, requests: () => requests };
  }

  test('does not reach a host that resolves to this machine', async () => {
    const { port, cert, requests } = await openServer();
    const url = `https://localhost:${port}/`;
    const open = createHttpClient({ ca: cert });
    const guarded = createHttpClient({ ca: cert, lookup: createPublicLookup() });
    onTestFinished(async () => void (await Promise.all([open.close(), guarded.close()])));
    expect(await open.send({ method: 'GET', url })).toMatchObject({ kind: 'answer', body: 'hello' });
    expect(await guarded.send({ method: 'GET', url })).toEqual({ kind: 'not_sent', error: 'ENOTFOUND' });
    expect(requests()).toBe(1);
  });

  test.each([
    ['one of its addresses is private', ['8.8.8.8', '10.0.0.1'], 'ENOTFOUND'],
    ['it has none', [], 'ENOTFOUND'],
  ])('refuses a host when %s', async (_, addresses, code) => {
    const found = addresses.map((address) => ({ address, family: 4 }));
    const lookup = createPublicLookup(((_name: string, _options: object, done: (...args: unknown[]) => void) =>
      done(null, found)) as never);
    for (const all of [true, false]) {
      const error = await new Promise((resolve) => lookup('host.example', { all }, resolve));
      expect(error).toMatchObject({ code });
    }
  });

  test('hands on what was looked at, in the form that was asked for', async () => {
    const found = [
      { address: '8.8.8.8', family: 4 },
      { address: '2606:4700::1111', family: 6 },
    ];
    const lookup = createPublicLookup(((_name: string, _options: object, done: (...args: unknown[]) => void) =>
      done(null, found)) as never);
    const ask = (all: boolean) => new Promise((resolve) => lookup('host.example', { all }, (...args) => resolve(args)));
    expect(await ask(true)).toEqual([null, found]);
    expect(await ask(false)).toEqual([null, '8.8.8.8', 4]);
  });
});
