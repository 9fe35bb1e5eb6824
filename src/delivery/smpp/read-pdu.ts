import { type Address, COMMAND, HEADER_OCTETS } from './protocol.ts';

/** A deliver_sm or data_sm: a receipt, or a message from a phone. Its octets are views of what was received. */
export interface DeliverSm {
  source: Address;
  destination: Address;
  esmClass: number;
  dataCoding: number;
  shortMessage: Buffer;
  /** Of a tag that comes twice the last one counts. */
  tlvs: ReadonlyMap<number, Buffer>;
}

const NOTHING = Buffer.alloc(0);

/** The message_id of a submit_sm_resp; empty where there is none. */
export function readMessageId(frame: Buffer): string {
  return readCString(frame, HEADER_OCTETS)?.text ?? frame.toString('latin1', HEADER_OCTETS);
}

/** Of a whole PDU. Null when its body is not what its command says. */
export function readDeliverSm(frame: Buffer): DeliverSm | null {
  const hasMessage = frame.readUInt32BE(4) === COMMAND.deliver_sm;
  const serviceType = readCString(frame, HEADER_OCTETS);
  const source = serviceType && readAddress(frame, serviceType.end);
  const destination = source && readAddress(frame, source.end);
  if (!destination) return null;
  const body = hasMessage ? readMessage(frame, destination.end) : readDataSm(frame, destination.end);
  const tlvs = body && readTlvs(frame, body.end);
  if (!tlvs) return null;
  const { esmClass, dataCoding, shortMessage } = body;
  return { source: source.value, destination: destination.value, esmClass, dataCoding, shortMessage, tlvs };
}

/** deliver_sm, §4.6.1: what follows the addresses. */
function readMessage(frame: Buffer, start: number) {
  const schedule = readCString(frame, start + 3);
  const validity = schedule && readCString(frame, schedule.end);
  if (!validity) return null;
  const at = validity.end;
  const length = frame[at + 4];
  if (length === undefined || at + 5 + length > frame.length) return null;
  const end = at + 5 + length;
  const shortMessage = frame.subarray(at + 5, end);
  return { esmClass: frame[start] ?? 0, dataCoding: frame[at + 2] ?? 0, shortMessage, end };
}

/** data_sm, §4.7.1: its text is always in message_payload. */
function readDataSm(frame: Buffer, start: number) {
  const end = start + 3;
  if (end > frame.length) return null;
  return { esmClass: frame[start] ?? 0, dataCoding: frame[start + 2] ?? 0, shortMessage: NOTHING, end };
}

function readAddress(frame: Buffer, start: number): { value: Address; end: number } | null {
  const address = readCString(frame, start + 2);
  if (!address) return null;
  return { value: { ton: frame[start] ?? 0, npi: frame[start + 1] ?? 0, address: address.text }, end: address.end };
}

/** Null when it does not end within the PDU. */
function readCString(frame: Buffer, start: number): { text: string; end: number } | null {
  const end = start > frame.length ? -1 : frame.indexOf(0, start);
  return end === -1 ? null : { text: frame.toString('latin1', start, end), end: end + 1 };
}

/** Null when one is cut off; fewer octets than a TLV begins with are stuffing. */
function readTlvs(frame: Buffer, start: number): Map<number, Buffer> | null {
  const tlvs = new Map<number, Buffer>();
  for (let at = start; at + 4 <= frame.length; ) {
    const end = at + 4 + frame.readUInt16BE(at + 2);
    if (end > frame.length) return null;
    tlvs.set(frame.readUInt16BE(at), frame.subarray(at + 4, end));
    at = end;
  }
  return tlvs;
}
