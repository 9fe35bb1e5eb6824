import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { headerOf, type SipRequest } from '../../../src/delivery/sip/message.ts';
import { createStreamReader } from '../../../src/delivery/sip/stream-reader.ts';
import { sendFromPortZero } from '../../rig/port-zero.ts';
import { describeWith } from '../../rig/stores.ts';
import { startCaller, WAIT } from './caller.ts';
import { answerTo, sdpOf, startPeer } from './peer.ts';

/** Where we are, by our Via. */
const portOf = (request: SipRequest | undefined) =>
  Number(/:(\d+);/.exec((request && headerOf(request, 'via')) ?? '')?.[1]);

await describeWith(['espeak-ng'], 'a SIP peer', () => {
  it.skipIf(process.getuid?.() !== 0)('cannot end the process by a port that does not exist', async () => {
    const peer = await startPeer((request, { answer }) => answer(request, request.method === 'INVITE' ? 486 : 200));
    const { call } = await startCaller([{ port: peer.port }]);
    expect(await call()).toMatchObject({ reason: 'busy' });
    const options = [
      'OPTIONS sip:us SIP/2.0',
      'Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK0;rport',
      'From: <sip:x>;tag=1',
    ];
    sendFromPortZero(
      portOf(peer.requests('INVITE')[0]),
      [...options, 'To: <sip:us>', 'Call-ID: zero', 'CSeq: 1 OPTIONS', '', ''].join('\r\n'),
    );
    expect(await call()).toMatchObject({ reason: 'busy' });
  });

  it('that is no server of a trunk gets no answer, whatever it asks; one that is gets it where it says', async () => {
    const peer = await startPeer((request, { answer }) => answer(request, request.method === 'INVITE' ? 486 : 200));
    const { call } = await startCaller([{ port: peer.port }]);
    await call();
    const heard: string[] = [];
    const open = async (name: string, address: string) => {
      const socket = createSocket('udp4').bind(0, address);
      await once(socket, 'listening');
      onTestFinished(() => void socket.close());
      return socket.on('message', () => heard.push(name));
    };
    const stranger = await open('stranger', '127.0.0.2');
    const [server, ear] = [await open('server', '127.0.0.1'), await open('its ear', '127.0.0.1')];
    const ask = (from: typeof stranger, method: string, to: string, via: string) => {
      const lines = [`${method} sip:us SIP/2.0`, `Via: SIP/2.0/UDP ${via};branch=z9hG4bK${heard.length}${method}`];
      lines.push('From: <sip:x>;tag=1', `To: <sip:us>${to}`, 'Call-ID: scan', `CSeq: 1 ${method}`, '', '');
      from.send(lines.join('\r\n'), portOf(peer.requests('INVITE')[0]), '127.0.0.1');
    };
    for (const method of ['OPTIONS', 'BYE', 'CANCEL', 'INVITE']) {
      ask(stranger, method, method === 'BYE' ? ';tag=a' : '', '127.0.0.2;rport');
    }
    ask(server, 'OPTIONS', '', '127.0.0.1;rport');
    await vi.waitFor(() => expect(heard).toEqual(['server']), WAIT);
    // Servers that send from one port and listen at another do not ask for `rport`.
    ask(server, 'OPTIONS', '', `127.0.0.1:${ear.address().port}`);
    await vi.waitFor(() => expect(heard).toEqual(['server', 'its ear']), WAIT);
  });

  it('that goes on ringing after CANCEL keeps nobody waiting', async () => {
    const peer = await startPeer((request, { answer }) => {
      if (request.method !== 'INVITE') return;
      const timer = setInterval(() => answer(request, 180), 50);
      onTestFinished(() => clearInterval(timer));
    });
    const { call, untilReceipt } = await startCaller([{ port: peer.port }], { t1_ms: 20, ring_seconds: 0.3 });
    expect(await call()).toMatchObject({ kind: 'accepted' });
    expect(await untilReceipt()).toMatchObject({ status: 'undelivered', reason: 'no_answer' });
    const branches = peer.requests('CANCEL').map(({ headers }) => headers[0]?.[1]);
    expect(new Set(branches).size).toBe(1);
  });

  it('is called from the address that is configured, and told it', async () => {
    const peer = await startPeer((request, { answer }) => answer(request, 486));
    const { call } = await startCaller([{ port: peer.port }], { bind_address: '127.0.0.2' });
    await call();
    const [invite] = peer.requests('INVITE');
    expect(peer.from?.address).toBe('127.0.0.2');
    expect(invite && headerOf(invite, 'via')).toContain(' 127.0.0.2:');
    expect(invite && headerOf(invite, 'contact')).toContain('@127.0.0.2:');
    expect(invite?.body.toString()).toContain('c=IN IP4 127.0.0.2');
  });

  it('that moves to nowhere in the call is hung up where it was', async () => {
    const peer = await startPeer((request, { answer, send, port }) => {
      if (request.method === 'INVITE') answer(request, 200, { body: sdpOf(9) });
      else if (request.method === 'BYE') answer(request, 200);
      else if (request.method === 'ACK' && headerOf(request, 'cseq') === '1 ACK') {
        const named = (name: 'from' | 'to' | 'call-id') => headerOf(request, name) ?? '';
        send(
          [
            'INVITE sip:us SIP/2.0',
            `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bKmove`,
            `From: ${named('to')}`,
            `To: ${named('from')}`,
            `Call-ID: ${named('call-id')}`,
            'CSeq: 7 INVITE',
            'Contact: <sip:no where@>',
          ],
          sdpOf(9),
        );
      }
    });
    const { call, untilReceipt } = await startCaller([{ port: peer.port }], { no_audio_seconds: 1 });
    await call();
    expect(await untilReceipt()).toMatchObject({ reason: 'network_error' });
    expect(peer.messages.some((message) => message.kind === 'response' && message.status === 200)).toBe(true);
    expect((await peer.until('BYE')).uri).toBe(`sip:peer@127.0.0.1:${peer.port}`);
  });

  it('that asked for credentials gets them with the ACK as well', async () => {
    const peer = await startPeer((request, { answer }) => {
      const isKnown = headerOf(request, 'proxy-authorization') !== undefined;
      const headers = ['Proxy-Authenticate: Digest realm="trunk", nonce="abc", qop="auth"'];
      if (request.method === 'INVITE') answer(request, isKnown ? 200 : 407, isKnown ? { body: sdpOf(9) } : { headers });
      else if (request.method === 'BYE') answer(request, 200);
    });
    const { call, untilReceipt } = await startCaller([{ port: peer.port, username: 'us', password: 'sesame' }], {
      no_audio_seconds: 1,
    });
    await call();
    await untilReceipt();
    const [, invite] = peer.requests('INVITE');
    const ack = peer.requests('ACK').find((request) => headerOf(request, 'cseq') === '2 ACK');
    expect(ack && headerOf(ack, 'proxy-authorization')).toBe(invite && headerOf(invite, 'proxy-authorization'));
  });

  it('that loses the connection in the call is hung up over another one', async () => {
    const connections: Socket[] = [];
    const requests: string[] = [];
    const server = createServer((socket) => {
      connections.push(socket);
      const reader = createStreamReader();
      socket.on('data', (bytes) => {
        for (const message of reader.push(bytes) ?? []) {
          if (message.kind === 'response') continue;
          requests.push(`${message.method} ${connections.indexOf(socket)}`);
          if (message.method === 'INVITE') socket.write(answerTo(message, 200, { body: sdpOf(9) }));
          else if (message.method === 'BYE') socket.write(answerTo(message, 200));
          else if (message.method === 'ACK') socket.destroy();
        }
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
      for (const socket of connections) socket.destroy();
    });
    const { port } = server.address() as { port: number };
    const { call, untilReceipt } = await startCaller([{ port, transport: 'tcp' }], { no_audio_seconds: 1 });
    await call();
    expect(await untilReceipt()).toMatchObject({ reason: 'network_error' });
    await vi.waitFor(() => expect(requests).toEqual(['INVITE 0', 'ACK 0', 'BYE 1']), WAIT);
  });

  it('whose connection is dead, though nobody has closed it, is called over another one', async () => {
    const connections: Socket[] = [];
    const server = createServer((socket) => {
      expect(socket.remoteAddress).toBe('127.0.0.2');
      const isDead = connections.push(socket) === 1;
      const reader = createStreamReader();
      socket.on('data', (bytes) => {
        for (const message of (!isDead && reader.push(bytes)) || []) {
          if (message.kind === 'request') socket.write(answerTo(message, message.method === 'OPTIONS' ? 200 : 486));
        }
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
      for (const socket of connections) socket.destroy();
    });
    const { port } = server.address() as { port: number };
    const { call, untilLogged } = await startCaller([{ port, transport: 'tcp', ping_seconds: 1 }], {
      t1_ms: 20,
      bind_address: '127.0.0.2',
    });
    await untilLogged('SIP server does not answer');
    await untilLogged('SIP server answers again');
    expect(await call()).toMatchObject({ reason: 'busy' });
  });
});
