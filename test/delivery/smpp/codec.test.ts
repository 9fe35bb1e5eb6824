import fc from 'fast-check';
import smpp, { type Fields, type PDU } from 'smpp';
import { describe, expect, it } from 'vitest';
import { createFrameReader } from '../../../src/delivery/smpp/frame-reader.ts';
import { createPduWriter, type SubmitSm } from '../../../src/delivery/smpp/pdu-writer.ts';
import { type Address, COMMAND, MAX_PDU_OCTETS, RESPONSE, TAG } from '../../../src/delivery/smpp/protocol.ts';
import { type DeliverSm, readDeliverSm, readMessageId } from '../../../src/delivery/smpp/read-pdu.ts';

const ascii = (maxLength: number) => fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map(toChar), maxLength });
const tlv = (tag: number, value: fc.Arbitrary<Uint8Array>) => fc.record({ tag: fc.constant(tag), value });
const toChar = (unit: number) => String.fromCharCode(unit);
const octet = fc.integer({ min: 0, max: 255 });
const octets = (maxLength: number) => fc.uint8Array({ maxLength });
const sequence = fc.integer({ min: 1, max: 0x7fff_ffff });
const address: fc.Arbitrary<Address> = fc.record({ ton: octet, npi: octet, address: ascii(20) });

/** The package decodes texts by itself; what came is asked for. */
const octetsOf = (value: unknown) => Buffer.from((value as { message: Buffer }).message ?? value);

describe('against the package', () => {
  it('reads what we write: bind', () => {
    const bind = fc.record({
      type: fc.constantFrom('transceiver' as const, 'transmitter' as const, 'receiver' as const),
      systemId: ascii(15),
      password: ascii(8),
      systemType: ascii(12),
      addressRange: ascii(40),
    });
    fc.assert(
      fc.property(bind, sequence, (value, number) => {
        const writer = createPduWriter();
        writer.bind(number, value);
        const pdu = decode(writer.take());
        expect(pdu).toMatchObject({
          command: `bind_${value.type}`,
          sequence_number: number,
          system_id: value.systemId,
          password: value.password,
          system_type: value.systemType,
          interface_version: 0x34,
          address_range: value.addressRange,
        });
      }),
    );
  });

  const submit: fc.Arbitrary<SubmitSm> = fc.record({
    serviceType: ascii(5),
    source: address,
    destination: address,
    // Without a header: the package would take it apart.
    esmClass: octet.map((value) => value & ~0x40),
    validityPeriod: fc.constantFrom('', '000000001000000R'),
    registeredDelivery: octet,
    // Binary, so that it leaves the octets alone.
    dataCoding: fc.constant(4),
    shortMessage: octets(254),
    tlvs: fc.uniqueArray(
      fc.oneof(
        tlv(TAG.sar_msg_ref_num, fc.uint8Array({ minLength: 2, maxLength: 2 })),
        tlv(TAG.sar_total_segments, fc.uint8Array({ minLength: 1, maxLength: 1 })),
        tlv(TAG.message_payload, octets(2_000)),
      ),
      { selector: ({ tag }) => tag },
    ),
  });

  it('reads what we write: submit_sm, many behind each other', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(sequence, submit), { minLength: 1, maxLength: 20 }), (submits) => {
        const writer = createPduWriter();
        for (const [number, value] of submits) writer.submitSm(number, value);
        const frames = cut(writer.take());
        expect(frames).toHaveLength(submits.length);
        for (const [index, [number, value]] of submits.entries()) {
          const pdu = decode(frames[index] ?? Buffer.alloc(0));
          expect(pdu).toMatchObject({
            command: 'submit_sm',
            sequence_number: number,
            service_type: value.serviceType,
            source_addr_ton: value.source.ton,
            source_addr_npi: value.source.npi,
            source_addr: value.source.address,
            dest_addr_ton: value.destination.ton,
            dest_addr_npi: value.destination.npi,
            destination_addr: value.destination.address,
            esm_class: value.esmClass,
            registered_delivery: value.registeredDelivery,
            data_coding: value.dataCoding,
          });
          expect(octetsOf(pdu.short_message)).toEqual(Buffer.from(value.shortMessage));
          const payload = value.tlvs.find(({ tag }) => tag === TAG.message_payload);
          if (payload) expect(octetsOf(pdu.message_payload)).toEqual(Buffer.from(payload.value));
        }
        expect(writer.waiting()).toBe(0);
      }),
    );
  });

  it('reads what we write: enquire_link, unbind, answers, generic_nack', () => {
    const writer = createPduWriter();
    writer.bare(COMMAND.enquire_link, 0, 1);
    writer.bare(COMMAND.unbind, 0, 2);
    writer.bare(COMMAND.enquire_link + RESPONSE, 0, 3);
    writer.bare(COMMAND.generic_nack, 3, 4);
    writer.delivered(COMMAND.deliver_sm, 0x64, 5);
    writer.delivered(COMMAND.data_sm, 0, 6);
    expect(cut(writer.take()).map((frame) => summary(decode(frame)))).toEqual([
      ['enquire_link', 0, 1],
      ['unbind', 0, 2],
      ['enquire_link_resp', 0, 3],
      ['generic_nack', 3, 4],
      ['deliver_sm_resp', 0x64, 5],
      ['data_sm_resp', 0, 6],
    ]);
  });

  const delivered = fc.record({
    source: address,
    destination: address,
    esmClass: octet,
    dataCoding: octet,
    shortMessage: octets(254),
    payload: octets(2_000),
    state: octet,
  });

  it.each(['deliver_sm', 'data_sm'])('we read what it writes: %s', (command) => {
    fc.assert(
      fc.property(delivered, sequence, (value, number) => {
        const frame = new smpp.PDU(command, toFields(value, number)).toBuffer();
        const read = readDeliverSm(frame) as DeliverSm;
        expect(read).toMatchObject({
          source: value.source,
          destination: value.destination,
          esmClass: value.esmClass,
          dataCoding: value.dataCoding,
        });
        const shortMessage = command === 'deliver_sm' ? Buffer.from(value.shortMessage) : Buffer.alloc(0);
        expect(Buffer.from(read.shortMessage)).toEqual(shortMessage);
        expect(read.tlvs.get(TAG.message_payload)).toEqual(Buffer.from(value.payload));
        expect(read.tlvs.get(TAG.message_state)).toEqual(Buffer.of(value.state));
        expect(read.tlvs.get(TAG.receipted_message_id)).toEqual(Buffer.from('4f\0'));
      }),
    );
  });

  it('we read what it writes: submit_sm_resp', () => {
    fc.assert(
      fc.property(ascii(64), (id) => {
        expect(readMessageId(new smpp.PDU('submit_sm_resp', { message_id: id }).toBuffer())).toBe(id);
      }),
    );
    // An error has no body, and not every id has its NUL.
    expect(readMessageId(new smpp.PDU('submit_sm_resp', { command_status: 8 }).toBuffer())).toBe('');
    expect(readMessageId(Buffer.from([0, 0, 0, 18, 128, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 0x61, 0x62]))).toBe('ab');
  });
});

describe('a stream', () => {
  it('is cut into the same PDUs however it is chopped up', () => {
    const pdus = fc.array(octets(400).map(frameOf), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(pdus, fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }), (frames, sizes) => {
        const stream = Buffer.concat(frames);
        const seen: Buffer[] = [];
        const reader = createFrameReader((frame) => void seen.push(Buffer.from(frame)));
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1;
          expect(reader.push(stream.subarray(at, at + size))).toBe(true);
          at += size;
        }
        expect(seen).toEqual(frames);
      }),
    );
  });

  it.each([0, 15, MAX_PDU_OCTETS + 1, 0x4854_5450, 0xffff_ffff])(
    'that speaks of a PDU of %i octets is given up',
    (n) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(n);
      const seen: Buffer[] = [];
      const first = frameOf(Buffer.from('whole'));
      expect(createFrameReader((frame) => void seen.push(frame)).push(Buffer.concat([first, length]))).toBe(false);
      expect(seen).toEqual([first]);
    },
  );

  it('of anything at all never throws, and no PDU is longer than it says', () => {
    fc.assert(
      fc.property(fc.array(octets(600), { maxLength: 8 }), (chunks) => {
        const reader = createFrameReader((frame) => {
          expect(frame.readUInt32BE(0)).toBe(frame.length);
          readDeliverSm(frame);
          readMessageId(frame);
        });
        for (const chunk of chunks) if (!reader.push(Buffer.from(chunk))) break;
      }),
    );
  });
});

describe('a body', () => {
  const commands = fc.constantFrom(COMMAND.deliver_sm, COMMAND.data_sm);

  it('of anything at all is read or refused, never thrown at', () => {
    fc.assert(
      fc.property(commands, octets(120), (command, body) => {
        const read = readDeliverSm(frameOf(body, command));
        const total =
          (read?.shortMessage.length ?? 0) + [...(read?.tlvs.values() ?? [])].reduce((n, v) => n + v.length, 0);
        expect(total).toBeLessThanOrEqual(body.length);
      }),
      { numRuns: 2_000 },
    );
  });

  it('that is cut off anywhere is refused, and never read beyond', () => {
    const frame = new smpp.PDU('deliver_sm', {
      source_addr: '33612345678',
      destination_addr: '12345',
      short_message: Buffer.from('hello'),
      receipted_message_id: '4f',
    }).toBuffer();
    const startOfTlvs = frame.length - 7;
    for (let length = 16; length < frame.length; length++) {
      const cutOff = Buffer.from(frame.subarray(0, length));
      cutOff.writeUInt32BE(length);
      // Fewer octets than a TLV begins with are taken for stuffing.
      const whole = length >= startOfTlvs && length < startOfTlvs + 4;
      expect(readDeliverSm(cutOff) !== null, String(length)).toBe(whole);
    }
  });
});

const decode = (bytes: Buffer): PDU => new smpp.PDU(bytes);

const summary = ({ command, command_status, sequence_number }: PDU) => [command, command_status, sequence_number];

function cut(stream: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  expect(createFrameReader((frame) => void frames.push(frame)).push(stream)).toBe(true);
  return frames;
}

function frameOf(body: Uint8Array, command: number = COMMAND.deliver_sm): Buffer {
  const frame = Buffer.alloc(16 + body.length);
  frame.writeUInt32BE(frame.length, 0);
  frame.writeUInt32BE(command, 4);
  frame.set(body, 16);
  return frame;
}

interface Delivered {
  source: Address;
  destination: Address;
  esmClass: number;
  dataCoding: number;
  shortMessage: Uint8Array;
  payload: Uint8Array;
  state: number;
}

function toFields({ source, destination, ...value }: Delivered, number: number): Fields {
  return {
    sequence_number: number,
    source_addr_ton: source.ton,
    source_addr_npi: source.npi,
    source_addr: source.address,
    dest_addr_ton: destination.ton,
    dest_addr_npi: destination.npi,
    destination_addr: destination.address,
    esm_class: value.esmClass,
    data_coding: value.dataCoding,
    short_message: Buffer.from(value.shortMessage),
    message_payload: Buffer.from(value.payload),
    message_state: value.state,
    receipted_message_id: '4f',
  };
}
