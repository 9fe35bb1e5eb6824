import { randomBytes, randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { type Codec, PAYLOAD_TYPES, SAMPLE_RATE } from './g711.ts';
import { FRAME_MS, type Pacer } from './pacer.ts';
import { RTP_HEADER_BYTES, readRtp, writeRtpHeader } from './packet.ts';
import { createTelephoneEvents } from './telephone-event.ts';

/** The audio of one call. */
export interface RtpSession {
  readonly port: number;
  /** Where to and in what form; again when the other side changes its mind. Sending begins with the first. */
  connect(remote: Remote): void;
  close(): void;
}

interface Endpoint {
  address: string;
  port: number;
}

export interface Remote extends Endpoint {
  codec: Codec;
  telephoneEvent: number | null;
  protection: Protection | null;
}

/** SRTP: what is done to packets on their way. */
export interface Protection {
  protect(packet: Buffer): Buffer;
  /** Null: not authentic. */
  unprotect(packet: Buffer): Buffer | null;
}

export interface RtpEvents {
  /** Fills what is sent next; false: nothing is. */
  fill(codec: Codec, frame: Uint8Array): boolean;
  /** Something came from the other side, whatever it is. */
  alive(): void;
  key(key: string): void;
  /** G.711 as it came. */
  audio(codec: Codec, octets: Buffer): void;
}

export interface RtpOptions {
  bindAddress: string;
  ports: { first: number; last: number };
  pacer: Pacer;
  /** Whether audio that comes from this address is answered there, wherever it was announced to go. */
  mayFollow(address: string): boolean;
  /** As we have announced it: what comes should have our number for it, and not all have one of their own then. */
  telephoneEvent: number;
}

export const FRAME_SAMPLES = (SAMPLE_RATE * FRAME_MS) / 1_000;
const MAX_TRIES = 50;
const BELIEVED_AFTER = 10;

/** Null: no port is free. */
export async function openRtp(options: RtpOptions, events: RtpEvents): Promise<RtpSession | null> {
  const socket = await bindSocket(options);
  if (!socket) return null;
  const ssrc = randomBytes(4).readUInt32BE();
  let sequence = randomInt(0x1_0000);
  let timestamp = randomBytes(4).readUInt32BE();
  let isFirst = true;
  let remote: Remote | null = null;
  let to: Endpoint | null = null;
  /** Where audio comes from. */
  let latched: Endpoint | null = null;
  /** Who else sends, and how much came from there without a break. */
  let elsewhere: (Endpoint & { packets: number }) | null = null;
  let keys = createTelephoneEvents();
  let isClosed = false;
  let endPacing: (() => void) | null = null;

  function sendFrame(): void {
    if (!remote || !to) return;
    const packet = Buffer.allocUnsafe(RTP_HEADER_BYTES + FRAME_SAMPLES);
    writeRtpHeader(packet, { marker: isFirst, payloadType: PAYLOAD_TYPES[remote.codec], sequence, timestamp, ssrc });
    timestamp = (timestamp + FRAME_SAMPLES) >>> 0;
    const isSent = events.fill(remote.codec, packet.subarray(RTP_HEADER_BYTES));
    // What was just played may have been the last of the call.
    if (isClosed) return;
    isFirst = !isSent;
    if (!isSent) return;
    socket?.send(remote.protection?.protect(packet) ?? packet, to.port, to.address);
    sequence = (sequence + 1) & 0xffff;
  }

  socket.on('error', () => {}); // A datagram that was not sent is a lost packet.
  socket.on('message', (bytes, from) => {
    // Nothing can be sent to port 0, from where anybody may send.
    if (!remote || from.port === 0 || !isTrusted(from.address)) return;
    const plain = remote.protection ? remote.protection.unprotect(bytes) : bytes;
    const packet = plain && readRtp(plain);
    if (!packet || !isOfCall({ address: from.address, port: from.port })) return;
    events.alive();
    const { payloadType, payload } = packet;
    if (payloadType === remote.telephoneEvent || payloadType === options.telephoneEvent) {
      const key = keys.take(payload, packet);
      if (key !== null) events.key(key);
    } else if (payloadType === PAYLOAD_TYPES.PCMU) events.audio('PCMU', payload);
    else if (payloadType === PAYLOAD_TYPES.PCMA) events.audio('PCMA', payload);
  });

  /** Symmetric RTP (RFC 4961), but not for anybody: whoever could make us follow would hear the code. */
  const isTrusted = (address: string) => address === remote?.address || options.mayFollow(address);

  /**
   * The announced place is always heard. Another is, while that one is silent, once it has sent some packets: what a
   * server still sends of a call that is over may come to this port, and what is said now is not for its callee. Who
   * has the key of the call is believed at once.
   */
  function isOfCall(from: Endpoint): boolean {
    if (isSame(from, latched)) return true;
    const isSure = isSame(from, remote) || Boolean(remote?.protection);
    if (!isSure) {
      if (latched) return false;
      const before = isSame(from, elsewhere) ? (elsewhere?.packets ?? 0) : 0;
      elsewhere = { ...from, packets: before + 1 };
      if (elsewhere.packets < BELIEVED_AFTER) return false;
    }
    latched = from;
    if (options.mayFollow(from.address)) to = from;
    return true;
  }

  return {
    port: socket.address().port,
    connect(given) {
      if (!isSame(given, remote)) {
        to = { address: given.address, port: given.port };
        latched = null;
        elsewhere = null;
        keys = createTelephoneEvents();
      }
      remote = given;
      endPacing ??= options.pacer.add(sendFrame);
    },
    close() {
      isClosed = true;
      endPacing?.();
      socket.close();
    },
  };
}

const isSame = (a: Endpoint, b: Endpoint | null) => a.address === b?.address && a.port === b.port;

/** An even port (RFC 3550 §11) that nobody has. */
async function bindSocket({ bindAddress, ports }: RtpOptions): Promise<Socket | null> {
  const first = ports.first + (ports.first % 2);
  const count = Math.floor((ports.last - first) / 2) + 1;
  const start = randomInt(count);
  for (let tries = 0; tries < Math.min(MAX_TRIES, count); tries++) {
    const socket = await tryBind(bindAddress, first + 2 * ((start + tries) % count));
    if (socket) return socket;
  }
  return null;
}

function tryBind(address: string, port: number): Promise<Socket | null> {
  const family = isIPv6(address) ? 6 : 4;
  const lookup = (host: string, _options: object, found: (error: null, address: string, family: number) => void) =>
    found(null, host, family);
  const socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4', lookup: lookup as never });
  return new Promise((resolve) => {
    socket.once('error', () => {
      socket.close();
      resolve(null);
    });
    socket.bind(port, address, () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}
