import { describe, expect, it } from 'vitest';
import type { OutboundMessage } from '../../../src/delivery/provider.ts';
import { measureText } from '../../../src/lib/text/encode-text.ts';
import { decodeGsm7 } from '../../../src/lib/text/gsm7.ts';
import { decodeUcs2 } from '../../../src/lib/text/ucs2.ts';
import { describeWith } from '../../rig/stores.ts';
import { startCarrier } from './carrier.ts';
import { startSmsc } from './smsc.ts';

const LONG = 'All work and no play makes Jack a dull boy. '.repeat(8).trim(); // 351 septets
const LONG_UCS2 = '😀 Ваш код: '.repeat(12).trim();

const octets = (hex = '') => Buffer.from(hex, 'hex');

/** Starts both, sends one message and returns what reached the SMSC. */
async function submitOne(config: object, over: Partial<OutboundMessage> = {}) {
  const smsc = await startSmsc();
  const { send } = await startCarrier(smsc.port, config);
  const verdict = await send(over);
  return { smsc, verdict, submits: await smsc.submits() };
}

await describeWith(['net-smpp'], 'SMPP against Net::SMPP: messages to phones', () => {
  describe('submit_sm', () => {
    it('binds as configured, and a code is accepted under the id the SMSC gave it', async () => {
      const { smsc, verdict, submits } = await submitOne({ system_type: 'OTP', address_range: '^336' });
      expect(smsc.events.find(({ event }) => event === 'bind')).toMatchObject({
        type: 'transceiver',
        system_id: 'tester',
        password: 'secret',
        system_type: 'OTP',
        address_range: '^336',
        interface_version: 0x34,
      });
      expect(verdict).toEqual({ kind: 'accepted', providerId: '4f2a' });
      expect(submits).toMatchObject([
        {
          source_addr_ton: 5,
          source_addr_npi: 0,
          source_addr: 'Example',
          dest_addr_ton: 1,
          dest_addr_npi: 1,
          destination_addr: '33612345678',
          esm_class: 0,
          data_coding: 0,
          registered_delivery: 1,
          validity_period: '000000001000000R',
          octets: { short_message: Buffer.from('Your Example code is 123456.').toString('hex') },
        },
      ]);
    });

    it.each([
      ['+33655512345', { source_addr: '33655512345', source_addr_ton: 1, source_addr_npi: 1 }],
      ['36111', { source_addr: '36111', source_addr_ton: 6, source_addr_npi: 2 }],
      ['Shop 24', { source_addr: 'Shop 24', source_addr_ton: 5, source_addr_npi: 0 }],
    ])('the sender %s has its type of number', async (from, fields) => {
      const { submits } = await submitOne({ short_code_ton: 6, short_code_npi: 2 }, { from });
      expect(submits).toMatchObject([fields]);
    });

    it.each([
      ['relative', '000002030405000R'],
      ['absolute', '261124150405000+'],
      ['none', ''],
    ])('the validity is written as %s', async (validity, validity_period) => {
      const { submits } = await submitOne({ validity }, { validitySeconds: 2 * 86_400 + 3 * 3_600 + 4 * 60 + 5 });
      expect(submits).toMatchObject([{ validity_period }]);
    });

    it.each([
      ['GSM-7', {}, 'Prix: 5€ [ok] @home', 0, (bytes: Buffer) => decodeGsm7(bytes)],
      ['Latin-1 as default alphabet', { default_alphabet: 'latin1' }, 'Für Zoë: é @', 0, null],
      [
        'Latin-1 by its data_coding',
        { default_alphabet: 'latin1', text_data_coding: 3 },
        'Für Müller: é @',
        3,
        (bytes: Buffer) => bytes.toString('latin1'),
      ],
      ['UCS-2', {}, 'Код 😀', 8, (bytes: Buffer) => decodeUcs2(bytes)],
      [
        'UCS-2 where Latin-1 lacks a letter',
        { default_alphabet: 'latin1' },
        '5€',
        8,
        (bytes: Buffer) => decodeUcs2(bytes),
      ],
    ])('text in %s', async (_, config, text, dataCoding, decode) => {
      const { submits } = await submitOne(config, { text });
      if (decode === null) {
        // ë is in Latin-1 and not in GSM-7: the SMSC could not put it on the air in septets.
        expect(submits).toMatchObject([{ data_coding: 8 }]);
        return;
      }
      expect(submits).toMatchObject([{ data_coding: dataCoding }]);
      expect(decode(octets(submits[0]?.octets.short_message))).toBe(text);
    });

    it.each([
      ['udh16', 7, 3],
      ['udh8', 6, 3],
    ])('a long text in parts with %s headers', async (long_messages, headerOctets, parts) => {
      const { submits, verdict } = await submitOne({ long_messages }, { text: LONG });
      expect(verdict).toEqual({ kind: 'accepted', providerId: '4f2a', partIds: ['4f2a', '4f2b', '4f2c'] });
      expect(submits).toHaveLength(parts);
      const bodies = submits.map(({ octets: { short_message } }) => octets(short_message));
      expect(submits.every(({ esm_class }) => esm_class === 0x40)).toBe(true);
      expect(bodies.map((body) => [...body.subarray(headerOctets - 2, headerOctets)])).toEqual([
        [3, 1],
        [3, 2],
        [3, 3],
      ]);
      const references = new Set(bodies.map((body) => body.subarray(3, headerOctets - 2).toString('hex')));
      expect(references.size).toBe(1);
      expect(decodeGsm7(Buffer.concat(bodies.map((body) => body.subarray(headerOctets))))).toBe(LONG);
      expect(bodies.every((body) => body.length <= 160)).toBe(true);
    });

    it('a long text by SAR parameters', async () => {
      const { submits } = await submitOne({ long_messages: 'sar' }, { text: LONG_UCS2 });
      const total = submits.length;
      expect(total).toBeGreaterThan(1);
      expect(submits.map(({ octets }) => [octets.sar_total_segments, octets.sar_segment_seqnum])).toEqual(
        submits.map((_, index) => [`0${total}`, `0${index + 1}`]),
      );
      expect(new Set(submits.map(({ octets }) => octets.sar_msg_ref_num)).size).toBe(1);
      expect(submits.every(({ esm_class, data_coding }) => esm_class === 0 && data_coding === 8)).toBe(true);
      expect(decodeUcs2(Buffer.concat(submits.map((each) => octets(each.octets.short_message))))).toBe(LONG_UCS2);
    });

    it('a long text in message_payload', async () => {
      const { submits, verdict } = await submitOne({ long_messages: 'payload' }, { text: LONG });
      expect(verdict).toEqual({ kind: 'accepted', providerId: '4f2a' });
      expect(submits).toHaveLength(1);
      expect(submits[0]?.octets.short_message).toBe('');
      expect(decodeGsm7(octets(submits[0]?.octets.message_payload))).toBe(LONG);
    });

    it('receipts of the last part only, for a carrier that reports a long message once', async () => {
      const { submits, verdict } = await submitOne({ receipts_of_parts: 'last' }, { text: LONG });
      expect(submits.map(({ registered_delivery }) => registered_delivery)).toEqual([0, 0, 1]);
      expect(verdict).toEqual({ kind: 'accepted', providerId: '4f2c' });
    });

    it.each([
      ['failures', 2],
      ['none', 0],
    ])('receipts: %s', async (receipts, registered_delivery) => {
      const { submits } = await submitOne({ receipts }, {});
      expect(submits).toMatchObject([{ registered_delivery }]);
    });

    it('national tables are announced in a header of their own', async () => {
      const { submits } = await submitOne(
        { national_alphabets: ['turkish'] },
        { text: 'Şifrenizi kimseyle paylaşmayın. '.repeat(3) },
      );
      expect(submits).toMatchObject([{ esm_class: 0x40, data_coding: 0 }]);
      expect(submits[0]?.octets.short_message?.slice(0, 8)).toBe('03240101');
    });

    it('parts of messages that are sent at once go over one bind each', async () => {
      const smsc = await startSmsc();
      const { send } = await startCarrier(smsc.port, { binds: [{ type: 'transceiver', count: 3 }], window: 4 });
      await smsc.until('bind', 3);
      const verdicts = await Promise.all(Array.from({ length: 30 }, () => send({ text: LONG })));
      expect(verdicts.every(({ kind }) => kind === 'accepted')).toBe(true);
      const connections = new Map<string, Set<number>>();
      for (const { octets: body, connection } of await smsc.submits()) {
        const reference = body.short_message?.slice(6, 10) ?? '';
        connections.set(reference, (connections.get(reference) ?? new Set()).add(connection));
      }
      expect(connections.size).toBe(30);
      expect([...connections.values()].every((used) => used.size === 1)).toBe(true);
      expect(new Set((await smsc.submits()).map(({ connection }) => connection)).size).toBe(3);
    });
  });

  it.each([
    ['septets', 'x'.repeat(2 * 153), 2],
    ['septets, as many as there may be', 'x'.repeat(10 * 153), 10],
    ['UTF-16 units', 'ж'.repeat(2 * 67), 2],
    ['septets with escapes', `${'x'.repeat(152)}€${'x'.repeat(152)}`, 3],
  ])('as many parts are sent as are counted: %s', async (_, text, count) => {
    expect(measureText(text).segments).toBe(count);
    const { verdict, submits } = await submitOne({}, { text });
    expect(verdict).toMatchObject({ kind: 'accepted' });
    expect(submits).toHaveLength(count);
  });

  describe('what cannot be sent never leaves', () => {
    it.each<[string, Partial<OutboundMessage>, object]>([
      ['more parts than allowed', { text: LONG }, { reason: 'invalid_message' }],
      ['a sender of twelve letters', { from: 'TwelveLetter' }, { reason: 'sender_refused' }],
      ['a sender beyond ASCII', { from: 'Zoë' }, { reason: 'sender_refused' }],
      ['a recipient that is no number', { to: 'someone@example.com' }, { reason: 'invalid_recipient' }],
    ])('%s', async (_, over, refusal) => {
      const { verdict, smsc } = await submitOne({ max_parts: 2 }, over);
      expect(verdict).toEqual({ kind: 'failed', ...refusal });
      expect(await smsc.submits()).toEqual([]);
    });
  });

  describe('verdicts by command_status', () => {
    it.each([
      [0x0b, { kind: 'rejected', reason: 'invalid_recipient', carrierCode: 'ESME_RINVDSTADR' }],
      [0x0a, { kind: 'rejected', reason: 'sender_refused', carrierCode: 'ESME_RINVSRCADR' }],
      [0x01, { kind: 'rejected', reason: 'invalid_message', carrierCode: 'ESME_RINVMSGLEN' }],
      [0x45, { kind: 'rejected', reason: 'unknown', carrierCode: 'ESME_RSUBMITFAIL' }],
      [0x58, { kind: 'failed', reason: 'rate_limited', carrierCode: 'ESME_RTHROTTLED', retryAfterMs: 50 }],
      [0x14, { kind: 'failed', reason: 'queue_full', carrierCode: 'ESME_RMSGQFUL', retryAfterMs: 50 }],
      [0x08, { kind: 'failed', reason: 'unavailable', carrierCode: 'ESME_RSYSERR', retryAfterMs: 50 }],
      [0x62, { kind: 'failed', reason: 'misconfigured', carrierCode: 'ESME_RINVEXPIRY' }],
      [0x0e, { kind: 'failed', reason: 'authentication_failed', carrierCode: 'ESME_RINVPASWD' }],
      [0x401, { kind: 'rejected', reason: 'insufficient_credit', carrierCode: '0x00000401' }],
      [0x402, { kind: 'failed', reason: 'rate_limited', carrierCode: '0x00000402', retryAfterMs: 50 }],
      [0x4ff, { kind: 'rejected', reason: 'unknown', carrierCode: '0x000004ff' }],
    ])('%i', async (status, expected) => {
      const smsc = await startSmsc();
      await smsc.set({ refuse_to: { '33612345678': status } });
      const status_reasons = { '0x401': 'insufficient_credit', '0x402': 'rate_limited' };
      const { send } = await startCarrier(smsc.port, { status_reasons });
      expect(await send()).toEqual(expected);
    });
  });
});
