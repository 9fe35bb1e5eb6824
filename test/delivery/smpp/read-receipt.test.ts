import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMessageIds } from '../../../src/delivery/smpp/message-id.ts';
import { TAG } from '../../../src/delivery/smpp/protocol.ts';
import type { DeliverSm } from '../../../src/delivery/smpp/read-pdu.ts';
import { isReceipt, type ReceiptForm, readReceipt } from '../../../src/delivery/smpp/receipt.ts';

const newForm = (): ReceiptForm => ({
  messageIds: createMessageIds('auto'),
  defaultAlphabet: 'gsm7',
  utcOffsetMinutes: null,
});
const TEXT =
  'id:4f2a sub:001 dlvrd:001 submit date:2611221200 done date:2611221201 stat:DELIVRD err:000 text:Your code';

function delivered(shortMessage: string | Buffer, over: Partial<DeliverSm> = {}): DeliverSm {
  const address = { ton: 1, npi: 1, address: '33612345678' };
  const octets = Buffer.from(shortMessage);
  return {
    source: address,
    destination: address,
    esmClass: 4,
    dataCoding: 0,
    shortMessage: octets,
    tlvs: new Map(),
    ...over,
  };
}

const read = (text: string | Buffer, over: Partial<DeliverSm> = {}) => readReceipt(delivered(text, over), newForm());

describe('a receipt is told from a message', () => {
  it.each([0x04, 0x08, 0x20, 0x44, 0x24, 0xc4])('by a bit of esm_class %i', (esmClass) => {
    expect(isReceipt(delivered(TEXT, { esmClass }))).toBe(true);
  });

  it('by the TLVs that only an SMSC can set', () => {
    const tlvs = new Map([
      [TAG.receipted_message_id, Buffer.from('4f2a\0')],
      [TAG.message_state, Buffer.of(2)],
    ]);
    expect(isReceipt(delivered('', { esmClass: 0, tlvs }))).toBe(true);
  });

  it('and a phone that writes the text of one has sent a message', () => {
    expect(isReceipt(delivered(TEXT, { esmClass: 0 }))).toBe(false);
    expect(isReceipt(delivered(TEXT, { esmClass: 0x40 }))).toBe(false);
    expect(isReceipt(delivered(TEXT, { esmClass: 0x03 }))).toBe(false);
  });
});

describe('the text of a receipt', () => {
  it('as the specification shows it', () => {
    expect(read(TEXT)).toEqual({ providerId: ['4f2a', '20266'], status: 'delivered' });
  });

  it.each<[string, string]>([
    ['seconds in its dates', TEXT.replace(/(date:\d+)/g, '$1' + '59')],
    ['capitals', TEXT.toUpperCase().replace('4F2A', '4f2a')],
    ['no text', TEXT.replace(/ text:.*/, '')],
    ['nothing but id and state', 'id:4f2a stat:DELIVRD'],
    ['another order', 'stat:DELIVRD err:000 id:4f2a'],
    ['a text that looks like members', `${TEXT} id:999 stat:REJECTD`],
    ['spaces behind the colons', 'id: 4f2a stat: DELIVRD'],
    ['the state in full', 'id:4f2a stat:DELIVERED'],
  ])('with %s', (_, text) => {
    expect(read(text)).toMatchObject({ providerId: ['4f2a', '20266'], status: 'delivered' });
  });

  it.each([
    ['DELIVRD', 'delivered'],
    ['EXPIRED', 'expired'],
    ['DELETED', 'undelivered'],
    ['UNDELIV', 'undelivered'],
    ['REJECTD', 'rejected'],
    ['UNKNOWN', 'unknown'],
    ['ENROUTE', 'sent'],
    ['ACCEPTD', 'sent'],
    ['ACKED', 'buffered'],
    ['BUFFRED', 'buffered'],
    ['BUFFERD', 'buffered'],
    ['FAILED', 'undelivered'],
    ['QUUX', 'unknown'],
    ['constructor', 'unknown'],
  ])('stat:%s is %s', (state, status) => {
    expect(read(TEXT.replace('DELIVRD', state))).toMatchObject({ status });
  });

  it('keeps the error of a carrier, and no error of a delivery', () => {
    expect(read(TEXT.replace('DELIVRD', 'UNDELIV').replace('000', '0B1'))).toMatchObject({ carrierCode: '0B1' });
    expect(read(TEXT)).not.toHaveProperty('carrierCode');
    expect(read(TEXT.replace('DELIVRD', 'EXPIRED'))).toMatchObject({ reason: 'expired', carrierCode: '000' });
  });

  it('is read in message_payload too', () => {
    const tlvs = new Map([[TAG.message_payload, Buffer.from(TEXT)]]);
    expect(read('', { tlvs })).toMatchObject({ providerId: ['4f2a', '20266'], status: 'delivered' });
  });

  it('is read whatever data_coding says', () => {
    expect(read(TEXT, { dataCoding: 8 })).toMatchObject({ providerId: ['4f2a', '20266'] });
    const utf16 = Buffer.from(TEXT, 'utf16le').swap16();
    expect(read(utf16, { dataCoding: 8 })).toMatchObject({ providerId: ['4f2a', '20266'] });
  });

  it('is read behind a user data header', () => {
    const header = Buffer.from([5, 0, 3, 1, 1, 1]);
    expect(read(Buffer.concat([header, Buffer.from(TEXT)]), { esmClass: 0x44 })).toMatchObject({ status: 'delivered' });
  });

  it('without an id is no receipt for anything', () => {
    expect(read('stat:DELIVRD')).toBeNull();
    expect(read('')).toBeNull();
    expect(read('text:id:4f2a stat:DELIVRD')).toBeNull();
  });
});

describe('the TLVs of a receipt', () => {
  const tlvs = (id: string, state?: number, error?: Buffer) =>
    new Map([
      [TAG.receipted_message_id, Buffer.from(id, 'latin1')],
      ...(state === undefined ? [] : ([[TAG.message_state, Buffer.of(state)]] as const)),
      ...(error === undefined ? [] : ([[TAG.network_error_code, error]] as const)),
    ]);

  it.each([
    [0, 'buffered'],
    [1, 'sent'],
    [2, 'delivered'],
    [3, 'expired'],
    [4, 'undelivered'],
    [5, 'undelivered'],
    [6, 'sent'],
    [7, 'unknown'],
    [8, 'rejected'],
    [9, 'undelivered'],
    [77, 'unknown'],
  ])('state %i is %s', (state, status) => {
    expect(read('', { tlvs: tlvs('4f2a\0', state) })).toMatchObject({ providerId: ['4f2a', '20266'], status });
  });

  it('go before the text, whose id may be in another base', () => {
    const text = TEXT.replace('4f2a', '20266').replace('DELIVRD', 'ENROUTE');
    expect(read(text, { tlvs: tlvs('4f2a', 2) })).toEqual({
      providerId: ['4f2a', '20266', '131686'],
      status: 'delivered',
    });
  });

  it('without the state: the text says it', () => {
    expect(read(TEXT.replace('DELIVRD', 'EXPIRED'), { tlvs: tlvs('4f2a\0') })).toMatchObject({ status: 'expired' });
  });

  it.each([
    [1, 'invalid_recipient'],
    [27, 'unreachable_recipient'],
    [13, 'blocked_recipient'],
    [31, 'busy'],
  ])('GSM network error %i is %s', (error, reason) => {
    const found = read('', { tlvs: tlvs('4f2a', 5, Buffer.of(3, 0, error)) });
    expect(found).toMatchObject({ status: 'undelivered', reason, carrierCode: `net:3:${error}` });
  });

  it('of another network keep their code', () => {
    const found = read('', { tlvs: tlvs('4f2a', 5, Buffer.of(2, 1, 1)) });
    expect(found).toMatchObject({ carrierCode: 'net:2:257' });
    expect(found).not.toHaveProperty('reason');
  });
});

it("the carrier's time is read only where its offset is known", () => {
  const form = { ...newForm(), utcOffsetMinutes: 60 };
  expect(readReceipt(delivered(TEXT), form)?.at).toBe(Date.parse('2026-11-22T11:01:00Z'));
  const seconds = TEXT.replace('done date:2611221201', 'done date:20261122120159');
  expect(readReceipt(delivered(seconds), form)?.at).toBe(Date.parse('2026-11-22T11:01:59Z'));
  expect(readReceipt(delivered(TEXT.replace('done date:2611221201', 'done date:9999999999')), form)).not.toHaveProperty(
    'at',
  );
  expect(read(TEXT)).not.toHaveProperty('at');
});

it('whatever a carrier sends is read or refused, never thrown at', () => {
  const octets = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
  const tags = fc.constantFrom<number>(...Object.values(TAG));
  const tlvs = fc.array(fc.tuple(tags, octets), { maxLength: 6 }).map((entries) => new Map(entries));
  const byte = fc.integer({ min: 0, max: 255 });
  fc.assert(
    fc.property(octets, tlvs, byte, byte, (shortMessage, found, esmClass, dataCoding) => {
      const message = delivered(shortMessage, { tlvs: found, esmClass, dataCoding });
      isReceipt(message);
      const receipt = readReceipt(message, newForm());
      if (receipt) expect(receipt.providerId?.length).toBeGreaterThan(0);
    }),
    { numRuns: 1_000 },
  );
});
