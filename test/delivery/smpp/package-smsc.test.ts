import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import smpp, { type PDU, type Session } from 'smpp';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { SendVerdict } from '../../../src/delivery/provider.ts';
import { openSession } from '../../../src/delivery/smpp/session.ts';
import { makeCertificate } from '../../rig/certificate.ts';
import { BOUND, DOWN, startCarrier } from './carrier.ts';
import { WAIT } from './smsc.ts';

/** An SMSC of the npm package: what Net::SMPP cannot do, and another opinion. */
async function listen(options: object, onSession: (session: Session) => void) {
  const sockets = new Set<Socket>();
  const sessions: Session[] = [];
  const server: Server = smpp.createServer(options, (session) => {
    sessions.push(session);
    session.on('error', () => session.destroy());
    session.on('bind_transceiver', (pdu: PDU) => session.send(pdu.response()));
    session.on('enquire_link', (pdu: PDU) => session.send(pdu.response()));
    session.on('unbind', (pdu: PDU) => session.send(pdu.response()));
    onSession(session);
  });
  server.on('connection', (socket) => sockets.add(socket));
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, sessions };
}

const accept = (session: Session) => {
  let number = 0;
  session.on('submit_sm', (pdu: PDU) => session.send(pdu.response({ message_id: `id-${++number}` })));
};

describe('TLS', () => {
  const { cert, key } = makeCertificate();

  it('messages go over it', async () => {
    const { port } = await listen({ cert, key }, accept);
    const { send } = await startCarrier(port, { tls: { ca: cert } });
    expect(await send()).toEqual({ kind: 'accepted', providerId: 'id-1' });
  });

  it('a certificate that nobody vouches for is not taken, and no password is sent', async () => {
    const bound = vi.fn();
    const { port } = await listen({ cert, key }, (session) => session.on('bind_transceiver', bound));
    const { send, untilLogged, log } = await startCarrier(port, { tls: {}, unbound_wait_ms: 0 });
    await untilLogged(DOWN, 2);
    expect(await send()).toEqual({ kind: 'failed', reason: 'connection_failed' });
    expect(log[0]).toMatchObject({ message: DOWN, why: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect(bound).not.toHaveBeenCalled();
  });

  it('a certificate for another name is not taken', async () => {
    const { port } = await listen({ cert, key }, accept);
    const { untilLogged, log } = await startCarrier(port, { tls: { ca: cert, servername: 'smsc.example.com' } });
    await untilLogged(DOWN);
    expect(log[0]).toMatchObject({ why: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });
});

describe('a bind', () => {
  it('that is reset, closed or dropped at any moment comes back', async () => {
    const ends: ((session: Session) => void)[] = [
      (session) => session.socket.resetAndDestroy(),
      (session) => session.socket.end(),
      (session) => session.on('bind_transceiver', () => session.socket.resetAndDestroy()),
      (session) => session.on('bind_transceiver', () => session.socket.end()),
      (session) => session.on('submit_sm', () => session.socket.resetAndDestroy()),
      (session) => session.on('submit_sm', () => session.socket.end()),
      (session) => session.on('submit_sm', () => session.socket.write(Buffer.from([0, 0, 0, 5, 1, 2, 3, 4]))),
      (session) => session.on('submit_sm', () => session.socket.end(Buffer.from([0, 0, 0, 40, 0x80]))),
    ];
    const { port } = await listen({}, (session) => (ends.shift() ?? accept)(session));
    const { send } = await startCarrier(port);
    await vi.waitFor(async () => expect(await send()).toMatchObject({ kind: 'accepted' }), WAIT);
    expect(ends).toEqual([]);
  });

  it('whose answers carry what is not expected is judged all the same', async () => {
    const answers: ((pdu: PDU) => PDU)[] = [
      (pdu) => pdu.response({ message_id: '' }),
      (pdu) => new smpp.PDU('generic_nack', { sequence_number: pdu.sequence_number, command_status: 0x58 }),
      (pdu) => new smpp.PDU('generic_nack', { sequence_number: pdu.sequence_number }),
      (pdu) => pdu.response({ command_status: 0xffff_ffff }),
    ];
    const { port } = await listen({}, (session) => {
      session.on('submit_sm', (pdu: PDU) => {
        // Answers to what was never asked are passed over.
        session.send(new smpp.PDU('submit_sm_resp', { sequence_number: 4_711, message_id: 'stray' }));
        session.send((answers.shift() as (pdu: PDU) => PDU)(pdu));
      });
    });
    const { send } = await startCarrier(port, { window: 1 });
    expect(await send({ reference: 'msg_1-1' })).toEqual({ kind: 'accepted', providerId: 'msg_1-1' });
    expect(await send()).toMatchObject({ kind: 'failed', reason: 'rate_limited', carrierCode: 'ESME_RTHROTTLED' });
    expect(await send()).toMatchObject({ kind: 'failed', reason: 'misconfigured', carrierCode: 'ESME_RINVCMDID' });
    expect(await send()).toEqual({ kind: 'rejected', reason: 'unknown', carrierCode: '0xffffffff' });
  });

  it('that the carrier does not know any more is made anew', async () => {
    let refuses = true;
    const { port, sessions } = await listen({}, (session) => {
      session.on('submit_sm', (pdu: PDU) => {
        session.send(pdu.response(refuses ? { command_status: 4 } : { message_id: 'a' }));
        refuses = false;
      });
    });
    const { send, untilLogged } = await startCarrier(port);
    expect(await send()).toMatchObject({ kind: 'failed', reason: 'unavailable', carrierCode: 'ESME_RINVBNDSTS' });
    await untilLogged(BOUND, 2);
    expect(await send()).toMatchObject({ kind: 'accepted' });
    expect(sessions).toHaveLength(2);
  });
});

it('a message whose bind ends before it has left goes over the next one', async () => {
  const submits = vi.fn();
  const { port, sessions } = await listen({}, (session) => {
    accept(session);
    session.on('submit_sm', submits);
  });
  const carrier = await startCarrier(port);
  await carrier.untilLogged(BOUND);
  const sent: Promise<SendVerdict>[] = [];
  carrier.onInbound = () => void sent.push(carrier.send());
  const fields = { sequence_number: 1, source_addr: '33612345678', short_message: Buffer.from('send!') };
  const garbage = Buffer.alloc(16, 0xff);
  // In one chunk: the message is written and the stream given up before anything can leave.
  sessions[0]?.socket.write(Buffer.concat([new smpp.PDU('deliver_sm', fields).toBuffer(), garbage]));
  await carrier.untilLogged(BOUND, 2);
  expect(await sent[0]).toMatchObject({ kind: 'accepted' });
  expect(submits).toHaveBeenCalledTimes(1);
});

describe('what a connection says of a submit when it ends', () => {
  async function submitThen(end: (session: ReturnType<typeof openSession>) => Promise<void> | void) {
    const { port } = await listen({}, () => {});
    const bound = Promise.withResolvers<void>();
    const session = openSession(
      {
        host: '127.0.0.1',
        port,
        tls: null,
        bind: { type: 'transceiver', systemId: 'tester', password: '', systemType: '', addressRange: '' },
        bindTimeoutMs: 10_000,
        responseTimeoutMs: 10_000,
        enquireLinkMs: 10_000,
      },
      { bound: bound.resolve, room: () => {}, deliver: async () => 0, closed: () => {} },
    );
    await bound.promise;
    const address = { ton: 1, npi: 1, address: '33612345678' };
    const outcomes: string[] = [];
    const submit = { serviceType: '', source: address, destination: address, esmClass: 0, validityPeriod: '' };
    session.submit({ ...submit, registeredDelivery: 0, dataCoding: 0, shortMessage: Buffer.from('x'), tlvs: [] }, (o) =>
      outcomes.push(o.kind),
    );
    await end(session);
    return outcomes;
  }

  it('that it has not left', async () => {
    expect(await submitThen((session) => session.destroy('test'))).toEqual(['not_written']);
  });

  it('that it has left and no answer came', async () => {
    const outcomes = await submitThen(async (session) => {
      await new Promise(setImmediate);
      session.destroy('test');
    });
    expect(outcomes).toEqual(['lost']);
  });
});

it('what is delivered is answered once stored, each with its own number, in any order', async () => {
  const answers: number[] = [];
  const { port, sessions } = await listen({}, (session) => {
    session.on('deliver_sm_resp', (pdu: PDU) => answers.push(pdu.sequence_number));
  });
  const { untilLogged, inbound } = await startCarrier(port);
  await untilLogged(BOUND);
  for (let number = 1; number <= 200; number++) {
    const text = Buffer.from(`message ${number}`);
    sessions[0]?.deliver_sm({ source_addr: '33612345678', destination_addr: '36111', short_message: text });
  }
  await vi.waitFor(() => expect(answers).toHaveLength(200), WAIT);
  expect(new Set(answers).size).toBe(200);
  expect(new Set(inbound.map(({ text }) => text)).size).toBe(200);
});

it('a carrier that parts first gets the answers it waits for', async () => {
  const heard: string[] = [];
  const { port, sessions } = await listen({}, (session) => {
    session.on('pdu', ({ command }: PDU) => heard.push(command));
  });
  const carrier = await startCarrier(port);
  await carrier.untilLogged(BOUND);
  const storage = Promise.withResolvers<void>();
  const handedOver = new Promise<void>((resolve) => {
    carrier.onInbound = () => {
      resolve();
      return storage.promise;
    };
  });
  sessions[0]?.deliver_sm({ source_addr: '33612345678', short_message: Buffer.from('last') });
  sessions[0]?.unbind();
  await handedOver;
  storage.resolve();
  await carrier.untilLogged(DOWN);
  expect(heard).toEqual(['bind_transceiver', 'deliver_sm_resp', 'unbind_resp']);
  expect(carrier.log.find(({ message }) => message === DOWN)).toMatchObject({ why: 'unbound' });
});

it('a body that is no message is refused, and the next one is taken', async () => {
  const statuses: number[] = [];
  const { port, sessions } = await listen({}, (session) => {
    session.on('deliver_sm_resp', (pdu: PDU) => statuses.push(pdu.command_status));
  });
  const { untilLogged, inbound } = await startCarrier(port);
  await untilLogged(BOUND);
  const broken = Buffer.from('0000001500000005000000000000002affffffffff', 'hex');
  sessions[0]?.socket.write(broken);
  sessions[0]?.deliver_sm({ source_addr: '33612345678', destination_addr: '36111', short_message: Buffer.from('ok') });
  await vi.waitFor(() => expect(statuses).toEqual([0x66, 0]), WAIT);
  expect(inbound.map(({ text }) => text)).toEqual(['ok']);
});

it('no log line holds a text, a number of a phone or a password', async () => {
  const { port, sessions } = await listen({}, accept);
  const { send, untilLogged, log, provider } = await startCarrier(port);
  await send({ text: 'Your code is 123456' });
  sessions[0]?.deliver_sm({ source_addr: '33612345678', esm_class: 4, short_message: Buffer.from('no receipt') });
  await untilLogged('SMPP receipt names no message');
  await provider.close?.();
  await untilLogged('SMPP link closed');
  expect(JSON.stringify(log)).not.toMatch(/123456|12345678|secret|no receipt/);
});
