import { expect, it, onTestFinished, vi } from 'vitest';
import { type Dns, resolveServer } from '../../../src/delivery/sip/resolve-server.ts';
import { createTrunk, type TrunkOptions } from '../../../src/delivery/sip/trunk.ts';
import { createTrunkGate } from '../../../src/delivery/sip/trunk-gate.ts';

const record = (name: string, priority: number, weight = 0, port = 5070) => ({ name, port, priority, weight });

function dnsOf(srv: Record<string, ReturnType<typeof record>[]>, addresses: Record<string, string[]>): Dns {
  const ask = <Found>(answers: Record<string, Found>, name: string) =>
    name in answers ? Promise.resolve(answers[name] as Found) : Promise.reject(new Error('ENOTFOUND'));
  return { srv: (name) => ask(srv, name), addresses: (name) => ask(addresses, name) };
}

const hosts = {
  'a.example.com': ['192.0.2.1', '2001:db8::1'],
  'b.example.com': ['192.0.2.2'],
  'example.com': ['192.0.2.9'],
};
const places = async (...question: Parameters<typeof resolveServer>) =>
  (await resolveServer(...question)).map(({ address, port }) => `${address} ${port}`);

it('servers come by SRV in the order of their priorities, under the name that was asked for', async () => {
  const dns = dnsOf({ '_sips._tcp.example.com': [record('b.example.com', 20), record('a.example.com', 10)] }, hosts);
  const found = await resolveServer({ protocol: 'tls', host: 'example.com', port: null }, dns);
  expect(found.map(({ address }) => address)).toEqual(['192.0.2.1', '2001:db8::1', '192.0.2.2']);
  expect(new Set(found.map(({ serverName }) => serverName))).toEqual(new Set(['example.com']));
});

it('of one priority, those with more weight come first more often', async () => {
  const dns = dnsOf({ '_sip._udp.example.com': [record('a.example.com', 1, 1), record('b.example.com', 1, 9)] }, hosts);
  let first = 0;
  for (let at = 0; at < 2_000; at++) {
    const [place] = await places({ protocol: 'udp', host: 'example.com', port: null }, dns);
    if (place?.startsWith('192.0.2.2')) first++;
  }
  expect(first).toBeGreaterThan(1_700);
  expect(first).toBeLessThan(1_900);
});

it('without SRV, with a port or by an address the host itself is taken', async () => {
  const dns = dnsOf({ '_sip._tcp.dot.example.com': [record('.', 0)] }, { ...hosts, 'dot.example.com': ['192.0.2.5'] });
  expect(await places({ protocol: 'udp', host: 'example.com', port: null }, dns)).toEqual(['192.0.2.9 5060']);
  expect(await places({ protocol: 'tls', host: 'example.com', port: null }, dns)).toEqual(['192.0.2.9 5061']);
  expect(await places({ protocol: 'udp', host: 'a.example.com', port: 5080 }, dns)).toEqual([
    '192.0.2.1 5080',
    '2001:db8::1 5080',
  ]);
  expect(await places({ protocol: 'udp', host: '192.0.2.7', port: null }, dns)).toEqual(['192.0.2.7 5060']);
  expect(await places({ protocol: 'udp', host: 'nobody.example.com', port: null }, dns)).toEqual([]);
  const broken = dnsOf({ '_sip._udp.broken.example.com': [record('a.example.com', 0, 0, 0)] }, hosts);
  expect(await places({ protocol: 'udp', host: 'broken.example.com', port: null }, broken)).toEqual([]);
  // It says that it is not offered (RFC 2782).
  expect(await places({ protocol: 'tcp', host: 'dot.example.com', port: null }, dns)).toEqual([]);
});

it('a trunk is where it was when DNS fails, or says nothing any more', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const dns = dnsOf({}, { 'example.com': ['192.0.2.9'] });
  const options = { name: 'trunk', protocol: 'tcp', host: 'example.com', port: 5060, channels: 1, callsPerSecond: 1 };
  const trunk = createTrunk(options as TrunkOptions, { agent: {} as never, dns, log: {} as never });
  const servers = async () => (await trunk.servers()).map(({ address }) => address);
  expect(await servers()).toEqual(['192.0.2.9']);
  vi.advanceTimersByTime(61_000);
  dns.addresses = () => Promise.reject(new Error('ESERVFAIL'));
  expect(await servers()).toEqual(['192.0.2.9']);
  dns.addresses = () => new Promise(() => {});
  expect(await servers()).toEqual(['192.0.2.9']);
});

it('a trunk takes so many calls at a time and so many a second', () => {
  const gate = createTrunkGate({ channels: 3, callsPerSecond: 2 });
  expect([gate.enter(0), gate.enter(0)]).toEqual([null, null]);
  expect(gate.enter(100)).toEqual({ why: 'rate', retryAfterMs: 400 });
  expect(gate.enter(500)).toBe(null);
  expect(gate.enter(5_000)).toEqual({ why: 'channels', retryAfterMs: null });
  gate.leave();
  expect(gate.enter(5_000)).toBe(null);
});
