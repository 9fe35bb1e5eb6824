import type { RtpPacket } from './packet.ts';

/** Keys by RFC 4733 §2.3: each is reported once, by the first packet of it that arrives. */
export interface TelephoneEvents {
  /** The key that has just been pressed. */
  take(payload: Buffer, packet: Pick<RtpPacket, 'timestamp' | 'ssrc'>): string | null;
}

const KEYS = '0123456789*#ABCD';

export function createTelephoneEvents(): TelephoneEvents {
  /** The time at which an event began is the same in all of its packets, copies of the last one included. */
  let last: number | null = null;
  let source: number | null = null;
  return {
    take(payload, { timestamp, ssrc }) {
      // The times of another source have nothing to do with these.
      if (ssrc !== source) last = null;
      source = ssrc;
      const key = payload.length >= 4 ? KEYS[payload[0] ?? KEYS.length] : undefined;
      if (key === undefined || timestamp === last) return null;
      // Packets that overtook each other: an event that began before the last one was reported already.
      if (last !== null && ((timestamp - last) | 0) < 0) return null;
      last = timestamp;
      return key;
    },
  };
}
