/** RFC 3550 §5.1. */
export interface RtpPacket {
  marker: boolean;
  payloadType: number;
  sequence: number;
  timestamp: number;
  ssrc: number;
  payload: Buffer;
}

export const RTP_HEADER_BYTES = 12;

/** The header of a packet without sources and extensions; the payload follows. */
export function writeRtpHeader(
  to: Buffer,
  { marker, payloadType, sequence, timestamp, ssrc }: Omit<RtpPacket, 'payload'>,
) {
  to[0] = 0x80;
  to[1] = (marker ? 0x80 : 0) | payloadType;
  to.writeUInt16BE(sequence, 2);
  to.writeUInt32BE(timestamp, 4);
  to.writeUInt32BE(ssrc, 8);
}

/** Null for what is not RTP version 2, or shorter than it says. */
export function readRtp(bytes: Buffer): RtpPacket | null {
  const headerBytes = rtpHeaderBytes(bytes);
  const first = bytes[0];
  const second = bytes[1];
  if (headerBytes === null || first === undefined || second === undefined) return null;
  const padding = first & 0x20 ? (bytes[bytes.length - 1] ?? 0) : 0;
  const end = bytes.length - padding;
  // A packet with padding says by its last octet how much of it, at least that octet.
  if (end < headerBytes || (first & 0x20 && padding === 0)) return null;
  return {
    marker: (second & 0x80) !== 0,
    payloadType: second & 0x7f,
    sequence: bytes.readUInt16BE(2),
    timestamp: bytes.readUInt32BE(4),
    ssrc: bytes.readUInt32BE(8),
    payload: bytes.subarray(headerBytes, end),
  };
}

/** With its list of sources and its extension; null when there is not so much. */
export function rtpHeaderBytes(bytes: Buffer): number | null {
  const first = bytes[0];
  if (first === undefined || bytes.length < RTP_HEADER_BYTES || first >> 6 !== 2) return null;
  let length = RTP_HEADER_BYTES + 4 * (first & 0x0f);
  if (first & 0x10) {
    if (bytes.length < length + 4) return null;
    length += 4 + 4 * bytes.readUInt16BE(length + 2);
  }
  return bytes.length < length ? null : length;
}
