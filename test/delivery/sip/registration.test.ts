import { expect, it, onTestFinished, vi } from 'vitest';
import type { Target } from '../../../src/delivery/sip/flow.ts';
import { headerOf, type SipRequest } from '../../../src/delivery/sip/message.ts';
import { keepRegistered } from '../../../src/delivery/sip/registration.ts';
import type { TrunkOptions } from '../../../src/delivery/sip/trunk.ts';
import { createUserAgent } from '../../../src/delivery/sip/user-agent.ts';
import { WAIT } from './caller.ts';
import { type Peer, startPeer } from './peer.ts';

const TRUNK = {
  name: 'trunk',
  domain: 'example.com',
  credentials: { username: 'us', password: 'sesame' },
} as TrunkOptions;

const targetOf = ({ port }: Peer): Target => ({ protocol: 'udp', address: '127.0.0.1', port, serverName: '127.0.0.1' });

/** What is logged of it, in its order. */
function register(peers: readonly Peer[], options = { expiresSeconds: 60, retryMs: 60_000 }) {
  const agent = createUserAgent({
    local: { bindAddress: '127.0.0.1', port: 0, publicAddress: null },
    streams: { tls: {}, connectTimeoutMs: 1_000, bindAddress: null, publicAddress: null },
    timers: { t1: 20, t2: 100 },
    isKnown: () => true,
  });
  onTestFinished(() => agent.close());
  const logged: string[] = [];
  const keep = (_facts: object, message: string) => void logged.push(message);
  const registration = keepRegistered(TRUNK, options, {
    agent,
    servers: async () => peers.map(targetOf),
    log: { info: keep, warn: keep, error: keep },
  });
  onTestFinished(() => registration.close());
  return { registration, logged };
}

const expiryOf = (request: SipRequest) => headerOf(request, 'expires');

it('a server that wants it for longer gets it for longer', async () => {
  const peer = await startPeer((request, { answer }) => {
    const isLong = Number(expiryOf(request)) >= 3_600 || expiryOf(request) === '0';
    answer(request, isLong ? 200 : 423, { headers: isLong ? [] : ['Min-Expires: 3600'] });
  });
  const { registration, logged } = register([peer]);
  await vi.waitFor(() => expect(logged).toEqual(['SIP registered']), WAIT);
  await registration.close();
  expect(peer.requests('REGISTER').map(expiryOf)).toEqual(['60', '3600', '0']);
});

it('where one server does not take it, the next one is asked, and stays the one', async () => {
  const first = await startPeer((request, { answer }) => answer(request, 503));
  const second = await startPeer((request, { answer }) => answer(request, 200, { headers: ['Expires: 1'] }));
  const { registration, logged } = register([first, second]);
  await second.until('REGISTER', 3);
  await registration.close();
  expect(logged).toEqual(['SIP registered']);
  expect(first.requests('REGISTER')).toHaveLength(1);
  const numbers = second.requests('REGISTER').map((request) => Number.parseInt(headerOf(request, 'cseq') ?? '', 10));
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
});

it('a proxy and the server behind it may both ask for credentials', async () => {
  const peer = await startPeer((request, { answer }) => {
    const ask = (name: string) => ({ headers: [`${name}: Digest realm="${name}", nonce="abc", qop="auth"`] });
    if (headerOf(request, 'proxy-authorization') === undefined) answer(request, 407, ask('Proxy-Authenticate'));
    else if (headerOf(request, 'authorization') === undefined) answer(request, 401, ask('WWW-Authenticate'));
    else answer(request, 200);
  });
  const { logged } = register([peer]);
  await vi.waitFor(() => expect(logged).toEqual(['SIP registered']), WAIT);
});
