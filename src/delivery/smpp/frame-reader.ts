import { HEADER_OCTETS, MAX_PDU_OCTETS } from './protocol.ts';

export interface FrameReader {
  /** False when what came cannot be PDUs; where the next one begins is then unknown for good. */
  push(chunk: Buffer): boolean;
}

/**
 * Cuts a stream into PDUs. Each is handed over whole, header included, as a view of the chunk it came in: whoever keeps
 * it beyond the call keeps the chunk.
 */
export function createFrameReader(onFrame: (frame: Buffer) => void, maxOctets = MAX_PDU_OCTETS): FrameReader {
  /** The beginning of a PDU whose rest is to come, and how many octets are missing at least. */
  let held: Buffer[] = [];
  let missing = 0;

  function push(chunk: Buffer): boolean {
    missing -= chunk.length;
    if (held.length > 0) held.push(chunk);
    // Joined only once it is whole: a large PDU that comes in drops is not copied with each of them.
    if (held.length > 0 && missing > 0) return true;
    return cut(held.length > 0 ? Buffer.concat(held) : chunk);
  }

  function cut(bytes: Buffer): boolean {
    held = [];
    missing = 0;
    for (let at = 0; at < bytes.length; ) {
      const left = bytes.length - at;
      const length = left < 4 ? HEADER_OCTETS : bytes.readUInt32BE(at);
      if (length < HEADER_OCTETS || length > maxOctets) return false;
      if (length > left) {
        held = [bytes.subarray(at)];
        missing = (left < 4 ? 4 : length) - left;
        return true;
      }
      onFrame(bytes.subarray(at, at + length));
      at += length;
    }
    return true;
  }

  return { push };
}
