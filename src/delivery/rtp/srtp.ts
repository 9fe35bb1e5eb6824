import { createCipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import { RTP_HEADER_BYTES, rtpHeaderBytes } from './packet.ts';
import type { Protection } from './session.ts';

/** SRTP (RFC 3711) with keys by SDP (RFC 4568): AES in counter mode, HMAC-SHA1. The better suite first. */
export const SUITES = ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32'] as const;
export type Suite = (typeof SUITES)[number];

const KEY_BYTES = 16;
const SALT_BYTES = 14;
export const MASTER_BYTES = KEY_BYTES + SALT_BYTES;
const TAG_BYTES = { AES_CM_128_HMAC_SHA1_80: 10, AES_CM_128_HMAC_SHA1_32: 4 } as const satisfies Record<Suite, number>;
/** Packets that came so late are not let in, as they could be repeats. */
const REPLAY_WINDOW = 64;
/** Sources under one key: a call that is put through elsewhere has another. */
const MAX_SOURCES = 16;

interface SessionKeys {
  cipher: Buffer;
  authentication: Buffer;
  salt: Buffer;
}

/** What is known of one that sends (§3.2.3): each counts by itself. */
interface Source {
  highest: number | null;
  seen: Float64Array;
}

export function createProtection(suite: Suite, ours: Buffer, theirs: Buffer): Protection {
  const tagBytes = TAG_BYTES[suite];
  const sending = deriveKeys(ours);
  const receiving = deriveKeys(theirs);
  /** Sequence numbers with what they lost by wrapping around (§3.3.1). */
  let sentIndex: number | null = null;
  const sources = new Map<number, Source>();

  /** Only who is authentic becomes a source; of too many the oldest is forgotten. */
  function keep(ssrc: number, source: Source): void {
    if (sources.has(ssrc)) return;
    const [oldest] = sources.keys();
    if (sources.size >= MAX_SOURCES && oldest !== undefined) sources.delete(oldest);
    sources.set(ssrc, source);
  }

  return {
    protect(packet) {
      const index = nearestIndex(sentIndex, packet.readUInt16BE(2));
      sentIndex = Math.max(sentIndex ?? 0, index);
      const encrypted = crypt(packet, rtpHeaderBytes(packet) ?? RTP_HEADER_BYTES, index, sending);
      return Buffer.concat([encrypted, tagOf(encrypted, index, sending).subarray(0, tagBytes)]);
    },

    unprotect(bytes) {
      const packet = bytes.subarray(0, Math.max(0, bytes.length - tagBytes));
      const headerBytes = rtpHeaderBytes(packet);
      if (headerBytes === null) return null;
      const ssrc = packet.readUInt32BE(8);
      const source = sources.get(ssrc) ?? { highest: null, seen: new Float64Array(REPLAY_WINDOW).fill(-1) };
      const { highest, seen } = source;
      const index = nearestIndex(highest, packet.readUInt16BE(2));
      const isOld = highest !== null && index <= highest - REPLAY_WINDOW;
      if (index < 0 || isOld || seen[index % REPLAY_WINDOW] === index) return null;
      const tag = tagOf(packet, index, receiving).subarray(0, tagBytes);
      if (!timingSafeEqual(tag, bytes.subarray(packet.length))) return null;
      seen[index % REPLAY_WINDOW] = index;
      source.highest = Math.max(highest ?? 0, index);
      keep(ssrc, source);
      return crypt(packet, headerBytes, index, receiving);
    },
  };
}

/** §4.3.1, with a key derivation rate of zero. */
function deriveKeys(master: Buffer): SessionKeys {
  const key = master.subarray(0, KEY_BYTES);
  const salt = master.subarray(KEY_BYTES, MASTER_BYTES);
  const derive = (label: number, length: number) => {
    const iv = Buffer.alloc(16);
    salt.copy(iv);
    iv.writeUInt8(iv.readUInt8(7) ^ label, 7);
    return createCipheriv('aes-128-ctr', key, iv).update(Buffer.alloc(length));
  };
  return { cipher: derive(0, KEY_BYTES), authentication: derive(1, 20), salt: derive(2, SALT_BYTES) };
}

/** §4.1.1; the same in both directions. */
function crypt(packet: Buffer, headerBytes: number, index: number, { cipher, salt }: SessionKeys): Buffer {
  const iv = Buffer.alloc(16);
  salt.copy(iv);
  iv.writeUInt32BE((iv.readUInt32BE(4) ^ packet.readUInt32BE(8)) >>> 0, 4);
  iv.writeUInt32BE((iv.readUInt32BE(8) ^ Math.floor(index / 0x1_0000)) >>> 0, 8);
  iv.writeUInt16BE(iv.readUInt16BE(12) ^ (index & 0xffff), 12);
  const payload = createCipheriv('aes-128-ctr', cipher, iv).update(packet.subarray(headerBytes));
  return Buffer.concat([packet.subarray(0, headerBytes), payload]);
}

/** §4.2: over the packet and the count of wraps. */
function tagOf(packet: Buffer, index: number, { authentication }: SessionKeys): Buffer {
  const wraps = Buffer.alloc(4);
  wraps.writeUInt32BE(Math.floor(index / 0x1_0000) >>> 0);
  return createHmac('sha1', authentication).update(packet).update(wraps).digest();
}

/** §3.3.1: the index with these low bits that is nearest to the last one. */
function nearestIndex(last: number | null, sequence: number): number {
  if (last === null) return sequence;
  const near = Math.floor(last / 0x1_0000) * 0x1_0000 + sequence;
  const candidates = [near - 0x1_0000, near, near + 0x1_0000].filter((index) => index >= 0);
  return candidates.reduce((best, index) => (Math.abs(index - last) < Math.abs(best - last) ? index : best));
}
