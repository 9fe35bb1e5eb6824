import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createPacer } from '../src/delivery/rtp/pacer.ts';
import { writeRtpHeader } from '../src/delivery/rtp/packet.ts';
import { headerOf, NO_BODY, type SipRequest } from '../src/delivery/sip/message.ts';
import { readMessage } from '../src/delivery/sip/read-message.ts';
import { readSdp, writeSdp } from '../src/delivery/sip/sdp.ts';
import { writeMessage } from '../src/delivery/sip/write-message.ts';

/** Phones that answer every call at once: they speak from here, and have what is said to them sent to the ear. */
const pacer = createPacer();

async function answer(ears: number[]): Promise<number> {
  const signalling = createSocket('udp4').bind(0, '127.0.0.1');
  await once(signalling, 'listening');
  const { port } = signalling.address();
  const taken = new Map<string, number>();

  function descriptionFor(invite: SipRequest): Buffer {
    const callId = headerOf(invite, 'call-id') ?? '';
    const ear = taken.get(callId) ?? ears[taken.size] ?? 0;
    const remote = readSdp(invite.body);
    if (!taken.has(callId) && remote) speakTo(remote.port);
    taken.set(callId, ear);
    return writeSdp({
      address: '127.0.0.1',
      port: ear,
      codecs: ['PCMA'],
      telephoneEvent: 101,
      direction: 'sendrecv',
      crypto: null,
      sessionId: '1',
      version: 0,
    });
  }

  signalling.on('message', (bytes, from) => {
    const request = readMessage(bytes);
    if (request?.kind !== 'request' || request.method === 'ACK') return;
    const copied = request.headers.filter(([name]) => ['via', 'from', 'call-id', 'cseq'].includes(name));
    const isInvite = request.method === 'INVITE';
    const response = writeMessage({
      kind: 'response',
      status: 200,
      phrase: 'OK',
      headers: [
        ...copied,
        ['to', `${headerOf(request, 'to')};tag=phone`],
        ['contact', `<sip:phone@127.0.0.1:${port}>`],
        ...(isInvite ? [['content-type', 'application/sdp'] as const] : []),
      ],
      body: isInvite ? descriptionFor(request) : NO_BODY,
    });
    signalling.send(response, from.port, from.address);
  });
  return port;
}

const NOISE = Buffer.from(Array.from({ length: 160 }, () => Math.floor(Math.random() * 256)));

function speakTo(port: number): void {
  const socket = createSocket('udp4');
  let sequence = 0;
  pacer.add(() => {
    const packet = Buffer.alloc(172);
    writeRtpHeader(packet, { marker: false, payloadType: 8, sequence, timestamp: sequence * 160, ssrc: port });
    NOISE.copy(packet, 12);
    socket.send(packet, port, '127.0.0.1');
    sequence = (sequence + 1) & 0xffff;
  });
}

process.on('message', async ({ ports }: { ports: number[] }) => {
  process.send?.(await answer(ports));
});
