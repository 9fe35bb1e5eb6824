import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { onTestFinished, vi } from 'vitest';
import { headerOf, type SipMessage, type SipRequest } from '../../../src/delivery/sip/message.ts';
import { readMessage } from '../../../src/delivery/sip/read-message.ts';
import { WAIT } from './caller.ts';

/** A SIP server over UDP that does what no server should, so that no tool has a scenario for it. */
export interface Peer {
  port: number;
  /** Where the last message came from. */
  readonly from: RemoteInfo | null;
  /** All that came, copies too. */
  messages: SipMessage[];
  /** Without those sent again (RFC 3261 §17.1.2.2): a slow machine has them too. */
  requests(method: string): SipRequest[];
  /** The so many-th request with this method. */
  until(method: string, count?: number): Promise<SipRequest>;
  answer(request: SipRequest, status: number, more?: PeerAnswer): void;
  /** Lines of a message, to where the last one came from. */
  send(lines: readonly string[], body?: string): void;
}

export interface PeerAnswer {
  tag?: string;
  headers?: readonly string[];
  body?: string;
}

/** `react`: what is done with each request that comes. */
export async function startPeer(react: (request: SipRequest, peer: Peer) => void = () => {}): Promise<Peer> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  let last: RemoteInfo | null = null;
  const { port } = socket.address();
  function reply(text: string): void {
    if (!last) throw new Error('nobody has called');
    socket.send(text, last.port, last.address);
  }

  const peer: Peer = {
    port,
    get from() {
      return last;
    },
    messages: [],
    requests(method) {
      const all = peer.messages.filter((one): one is SipRequest => isRequest(one, method));
      return all.filter((one, index) => all.findIndex((other) => viaOf(other) === viaOf(one)) === index);
    },
    until: (method, count = 1) =>
      vi.waitFor(() => {
        const found = peer.requests(method)[count - 1];
        if (!found) throw new Error(`${peer.requests(method).length} of ${count} ${method}`);
        return found;
      }, WAIT),
    answer: (request, status, more = {}) => reply(answerTo(request, status, more, port)),
    send: (lines, body = '') => reply(textOf(lines, body)),
  };
  socket.on('message', (bytes, from) => {
    last = from;
    const message = readMessage(bytes);
    if (!message) return;
    peer.messages.push(message);
    if (message.kind === 'request') react(message, peer);
  });
  return peer;
}

const isRequest = (message: SipMessage, method: string) => message.kind === 'request' && message.method === method;

export function answerTo(
  request: SipRequest,
  status: number,
  { tag = 'peer', headers = [], body = '' }: PeerAnswer = {},
  port = 5060,
): string {
  const copied = ['via', 'record-route', 'from', 'call-id', 'cseq'].flatMap((name) =>
    request.headers.filter(([own]) => own === name).map(([, value]) => `${name}: ${value}`),
  );
  const to = headerOf(request, 'to') ?? '';
  const tagged = status === 100 || to.includes(';tag=') ? to : `${to};tag=${tag}`;
  const contact = `Contact: <sip:peer@127.0.0.1:${port}>`;
  return textOf([`SIP/2.0 ${status} Test`, ...copied, `To: ${tagged}`, contact, ...headers], body);
}

function textOf(lines: readonly string[], body: string): string {
  const type = body === '' ? [] : ['Content-Type: application/sdp'];
  return [...lines, ...type, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n');
}

/** Where nobody sends audio. */
export const sdpOf = (port: number, more = '', address = '127.0.0.1') =>
  `v=0\r\no=- 1 1 IN IP4 ${address}\r\ns=-\r\nc=IN IP4 ${address}\r\nt=0 0\r\nm=audio ${port} RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n${more}`;

const viaOf = (request: SipRequest) => headerOf(request, 'via');
