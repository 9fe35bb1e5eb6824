import { type Address, type BindType, COMMAND, HEADER_OCTETS, RESPONSE, type Tlv } from './protocol.ts';

export interface Bind {
  type: BindType;
  systemId: string;
  password: string;
  systemType: string;
  addressRange: string;
}

export interface SubmitSm {
  serviceType: string;
  source: Address;
  destination: Address;
  esmClass: number;
  /** Empty or a time of 16 characters, §7.1.1. */
  validityPeriod: string;
  registeredDelivery: number;
  dataCoding: number;
  /** At most 254 octets; a longer one goes into `message_payload`. */
  shortMessage: Uint8Array;
  tlvs: readonly Tlv[];
}

export interface PduWriter {
  bind(sequence: number, bind: Bind): void;
  submitSm(sequence: number, submit: SubmitSm): void;
  /** A PDU without a body: enquire_link, unbind, their answers, generic_nack. */
  bare(command: number, status: number, sequence: number): void;
  /** The answer to deliver_sm or data_sm: an empty message_id is its body. */
  delivered(command: number, status: number, sequence: number): void;
  /** How many octets wait. */
  waiting(): number;
  /** Hands out what waits. */
  take(): Buffer;
}

const SLAB_OCTETS = 64 * 1024;
const INTERFACE_VERSION = 0x34;
/** Fixed members and NULs of a submit_sm. */
const SUBMIT_OCTETS = HEADER_OCTETS + 32;

/**
 * Writes PDUs one behind the other, so that many of them leave in one system call. Text of C-octet strings is ASCII
 * without NUL, which whoever makes the PDUs has checked.
 */
export function createPduWriter(): PduWriter {
  let slab = Buffer.allocUnsafeSlow(SLAB_OCTETS);
  /** What lies before it was handed out and belongs to the socket. */
  let start = 0;
  let at = 0;

  function reserve(octets: number): void {
    if (slab.length - at >= octets) return;
    const waiting = slab.subarray(start, at);
    slab = Buffer.allocUnsafeSlow(Math.max(SLAB_OCTETS, (waiting.length + octets) * 2));
    waiting.copy(slab);
    start = 0;
    at = waiting.length;
  }

  function header(command: number, status: number, sequence: number): number {
    const begin = at;
    slab.writeUInt32BE(command, at + 4);
    slab.writeUInt32BE(status, at + 8);
    slab.writeUInt32BE(sequence, at + 12);
    at += HEADER_OCTETS;
    return begin;
  }

  function end(begin: number): void {
    slab.writeUInt32BE(at - begin, begin);
  }

  function octet(value: number): void {
    slab[at++] = value;
  }

  function cString(text: string): void {
    at += slab.write(text, at, 'latin1');
    slab[at++] = 0;
  }

  function address({ ton, npi, address: digits }: Address): void {
    octet(ton);
    octet(npi);
    cString(digits);
  }

  return {
    bind(sequence, { type, systemId, password, systemType, addressRange }) {
      reserve(HEADER_OCTETS + 8 + systemId.length + password.length + systemType.length + addressRange.length);
      const begin = header(COMMAND[`bind_${type}`], 0, sequence);
      cString(systemId);
      cString(password);
      cString(systemType);
      octet(INTERFACE_VERSION);
      octet(0);
      octet(0);
      cString(addressRange);
      end(begin);
    },

    submitSm(sequence, { serviceType, source, destination, validityPeriod, shortMessage, tlvs, ...submit }) {
      let octets = SUBMIT_OCTETS + serviceType.length + source.address.length + destination.address.length;
      octets += validityPeriod.length + shortMessage.length;
      for (const { value } of tlvs) octets += 4 + value.length;
      reserve(octets);
      const begin = header(COMMAND.submit_sm, 0, sequence);
      cString(serviceType);
      address(source);
      address(destination);
      octet(submit.esmClass);
      octet(0); // protocol_id
      octet(0); // priority_flag
      octet(0); // schedule_delivery_time: at once
      cString(validityPeriod);
      octet(submit.registeredDelivery);
      octet(0); // replace_if_present_flag
      octet(submit.dataCoding);
      octet(0); // sm_default_msg_id
      octet(shortMessage.length);
      slab.set(shortMessage, at);
      at += shortMessage.length;
      for (const { tag, value } of tlvs) {
        at = slab.writeUInt16BE(tag, at);
        at = slab.writeUInt16BE(value.length, at);
        slab.set(value, at);
        at += value.length;
      }
      end(begin);
    },

    bare(command, status, sequence) {
      reserve(HEADER_OCTETS);
      end(header(command, status, sequence));
    },

    delivered(command, status, sequence) {
      reserve(HEADER_OCTETS + 1);
      const begin = header((command | RESPONSE) >>> 0, status, sequence);
      octet(0);
      end(begin);
    },

    waiting: () => at - start,

    take() {
      const bytes = slab.subarray(start, at);
      start = at;
      return bytes;
    },
  };
}
