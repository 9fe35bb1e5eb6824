import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createPacer } from '../../../src/delivery/rtp/pacer.ts';
import { readRtp, writeRtpHeader } from '../../../src/delivery/rtp/packet.ts';
import { openRtp, type RtpSession } from '../../../src/delivery/rtp/session.ts';
import { sendFromPortZero } from '../../rig/port-zero.ts';

const PORTS = { first: 26_000, last: 29_999 };

interface Peer {
  address: string;
  port: number;
  socket: Socket;
  heard: number;
  say(session: RtpSession, payloadType?: number): void;
}

async function openPeer(address: string): Promise<Peer> {
  const socket = createSocket('udp4').bind(0, address);
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  let sequence = 0;
  const peer: Peer = {
    address,
    port: socket.address().port,
    socket,
    heard: 0,
    say(session, payloadType = 8) {
      const packet = Buffer.alloc(172);
      writeRtpHeader(packet, {
        marker: false,
        payloadType,
        sequence: sequence++,
        timestamp: sequence * 160,
        ssrc: 1,
      });
      socket.send(packet, session.port, '127.0.0.1');
    },
  };
  socket.on('message', (bytes) => {
    if (readRtp(bytes)) peer.heard++;
  });
  return peer;
}

/** `trusted`: from where audio is followed. */
async function openSession(
  trusted: readonly string[],
  fill = () => true,
): Promise<{ session: RtpSession; audio: number[]; events: string[] }> {
  const audio: number[] = [];
  const events: string[] = [];
  const session = await openRtp(
    {
      bindAddress: '0.0.0.0',
      ports: PORTS,
      pacer: createPacer(),
      mayFollow: (address) => trusted.includes(address),
      telephoneEvent: 101,
    },
    {
      fill,
      alive: () => void events.push('alive'),
      key: (key) => void events.push(key),
      audio: (_, octets) => audio.push(octets.length),
    },
  );
  if (!session) throw new Error('no port');
  onTestFinished(() => session.close());
  return { session, audio, events };
}

const remoteOf = ({ address, port }: Peer) =>
  ({ address, port, codec: 'PCMA', telephoneEvent: 101, protection: null }) as const;

const hears = (peer: Peer, packets = 3) => {
  const before = peer.heard;
  return vi.waitFor(() => expect(peer.heard).toBeGreaterThanOrEqual(before + packets), { timeout: 40_000 });
};

it('audio goes where it was announced to go, whatever a stranger sends', async () => {
  const [callee, stranger] = [await openPeer('127.0.0.1'), await openPeer('127.0.0.2')];
  const { session, audio } = await openSession(['127.0.0.1']);
  session.connect(remoteOf(callee));
  for (let at = 0; at < 5; at++) {
    stranger.say(session);
    await hears(callee);
  }
  expect(stranger.heard).toBe(0);
  expect(audio).toEqual([]);
});

it('audio is answered where it comes from, if that may be; once it has come, only its source counts', async () => {
  const [announced, server, other] = [
    await openPeer('127.0.0.1'),
    await openPeer('127.0.0.3'),
    await openPeer('127.0.0.3'),
  ];
  const { session, audio } = await openSession(['127.0.0.1', '127.0.0.3']);
  session.connect(remoteOf(announced));
  await hears(announced);
  for (let at = 0; at < 10; at++) server.say(session);
  await hears(server);
  for (let at = 0; at < 10; at++) other.say(session);
  server.say(session);
  await vi.waitFor(() => expect(audio).toHaveLength(2), { timeout: 40_000 });
  await hears(server);
  expect(other.heard).toBe(0);
  // Where it was announced to be after all.
  announced.say(session);
  await hears(announced);
  // The other side says anew where it is.
  session.connect(remoteOf(other));
  await hears(other);
});

it('what a server still sends of another call is not answered with the sound of this one', async () => {
  const [callee, formerCall] = [await openPeer('127.0.0.1'), await openPeer('127.0.0.1')];
  const { session, audio } = await openSession(['127.0.0.1']);
  session.connect(remoteOf(callee));
  for (let at = 0; at < 9; at++) formerCall.say(session);
  await hears(callee);
  callee.say(session);
  for (let at = 0; at < 20; at++) formerCall.say(session);
  await hears(callee);
  expect(formerCall.heard).toBe(0);
  expect(audio).toHaveLength(1);
});

it('where nothing is followed, audio from another port of the other side is heard and not answered', async () => {
  const [announced, mouth] = [await openPeer('127.0.0.1'), await openPeer('127.0.0.1')];
  const { session, audio } = await openSession([]);
  session.connect(remoteOf(announced));
  for (let at = 0; at < 10; at++) mouth.say(session);
  await vi.waitFor(() => expect(audio).toHaveLength(1), { timeout: 40_000 });
  await hears(announced);
  expect(mouth.heard).toBe(0);
});

it('whatever comes is a sign of life, and keys may come by our number for them as well as by theirs', async () => {
  const callee = await openPeer('127.0.0.1');
  const { session, events } = await openSession([]);
  session.connect({ ...remoteOf(callee), telephoneEvent: 96 });
  // 13: comfort noise (RFC 3389), of those who are silent to save.
  for (const payloadType of [13, 101, 96]) callee.say(session, payloadType);
  await vi.waitFor(() => expect(events).toEqual(['alive', 'alive', '0', 'alive', '0']), { timeout: 40_000 });
});

it('what is not to be sent is not, and after it the sound begins anew', async () => {
  const callee = await openPeer('127.0.0.1');
  const packets: { marker: boolean; sequence: number; timestamp: number }[] = [];
  callee.socket.on('message', (bytes) => packets.push(readRtp(bytes) ?? { marker: false, sequence: 0, timestamp: 0 }));
  let frames = 0;
  const { session } = await openSession([], () => ++frames <= 2 || frames > 5);
  session.connect(remoteOf(callee));
  await vi.waitFor(() => expect(packets.length).toBeGreaterThanOrEqual(3), { timeout: 40_000 });
  const [first, second, third] = packets;
  const after = (packet = first) => [
    ((packet?.sequence ?? 0) - (first?.sequence ?? 0)) & 0xffff,
    ((packet?.timestamp ?? 0) - (first?.timestamp ?? 0)) >>> 0,
  ];
  expect([first, second, third].map((packet) => packet?.marker)).toEqual([true, false, true]);
  expect([after(second), after(third)]).toEqual([
    [1, 160],
    [2, 5 * 160],
  ]);
});

it.skipIf(process.getuid?.() !== 0)('audio from a port that does not exist ends nothing', async () => {
  const callee = await openPeer('127.0.0.1');
  const { session, events } = await openSession(['127.0.0.1']);
  session.connect(remoteOf(callee));
  sendFromPortZero(session.port, Buffer.from(`8008${'00'.repeat(170)}`, 'hex'));
  await hears(callee);
  callee.say(session);
  await vi.waitFor(() => expect(events).toEqual(['alive']), { timeout: 40_000 });
  await hears(callee);
});

it('the last port that is free is found', async () => {
  const { session: taken } = await openSession([]);
  const ports = { first: taken.port - 2, last: taken.port + 3 };
  const options = { bindAddress: '0.0.0.0', pacer: createPacer(), mayFollow: () => false, telephoneEvent: 101 };
  const events = { fill: () => true, alive: () => {}, key: () => {}, audio: () => {} };
  for (let round = 0; round < 20; round++) {
    const both = [await openRtp({ ...options, ports }, events), await openRtp({ ...options, ports }, events)];
    expect(both.map((session) => session?.port).sort()).toEqual([ports.first, ports.last - 1]);
    for (const session of both) session?.close();
  }
});

it('ports are even, and there are no more than were given', async () => {
  const options = {
    bindAddress: '127.0.0.1',
    ports: { first: 25_001, last: 25_005 },
    pacer: createPacer(),
    mayFollow: () => false,
    telephoneEvent: 101,
  };
  const events = { fill: () => true, alive: () => {}, key: () => {}, audio: () => {} };
  const sessions = await Promise.all(Array.from({ length: 2 }, () => openRtp(options, events)));
  for (const session of sessions) onTestFinished(() => session?.close());
  const ports = sessions.map((session) => session?.port).filter((port) => port !== undefined);
  for (const port of ports) expect([25_002, 25_004]).toContain(port);
  expect(new Set(ports).size).toBe(ports.length);
});
