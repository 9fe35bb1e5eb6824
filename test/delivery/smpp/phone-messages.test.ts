import { describe, expect, it } from 'vitest';
import { describeWith } from '../../rig/stores.ts';
import { startCarrier } from './carrier.ts';
import { startSmsc } from './smsc.ts';

await describeWith(['net-smpp'], 'SMPP against Net::SMPP: messages from phones', () => {
  describe('messages from phones', () => {
    it.each<[string, object, string]>([
      ['GSM-7', { short_message_hex: '5354 4f50 201b65'.replaceAll(' ', '') }, 'STOP €'],
      ['Latin-1', { short_message_hex: 'e9', data_coding: 3 }, 'é'],
      ['UCS-2', { short_message_hex: 'd83dde00', data_coding: 8 }, '😀'],
      ['half a surrogate pair', { short_message_hex: '0041d83d', data_coding: 8 }, 'A\ufffd'],
      ['message_payload', { message_payload_hex: '594553' }, 'YES'],
      ['a header without concatenation', { short_message_hex: '03240101594553', esm_class: 0x40 }, 'YES'],
    ])('in %s', async (_, fields, text) => {
      const smsc = await startSmsc();
      const { inbound } = await startCarrier(smsc.port);
      await smsc.until('bind');
      await smsc.tell({ deliver: { ...FROM_PHONE, ...fields } });
      expect(await smsc.until('delivered')).toMatchObject({ status: 0 });
      expect(inbound).toEqual([
        { providerId: expect.stringMatching(/^msg_/), channel: 'sms', from: '+33612345678', to: '36111', text },
      ]);
    });

    it('in parts, out of order, over two binds, a character across two of them', async () => {
      const smsc = await startSmsc();
      const { inbound } = await startCarrier(smsc.port, { binds: [{ count: 2 }] });
      await smsc.until('bind', 2);
      const part = (number: number, hex: string, connection: number) => ({
        deliver: {
          ...FROM_PHONE,
          esm_class: 0x40,
          data_coding: 8,
          connection,
          short_message_hex: `0608041234030${number}${hex}`,
        },
      });
      await smsc.tell(part(3, '0042', 1));
      await smsc.tell(part(1, '0041d83d', 2));
      await smsc.tell(part(2, 'de00', 1));
      await smsc.until('delivered', 3);
      expect(inbound.map(({ text }) => text)).toEqual(['A😀B']);
    });

    it('by SAR parameters', async () => {
      const smsc = await startSmsc();
      const { inbound } = await startCarrier(smsc.port);
      await smsc.until('bind');
      const sar = (seqnum: number, short_message: string) => ({
        ...{ sar_msg_ref_num: '\x12\x34', sar_total_segments: '\x02', sar_segment_seqnum: String.fromCharCode(seqnum) },
        ...FROM_PHONE,
        short_message,
      });
      await smsc.tell({ deliver: sar(1, 'one ') });
      await smsc.tell({ deliver: sar(2, 'two') });
      await smsc.until('delivered', 2);
      expect(inbound.map(({ text }) => text)).toEqual(['one two']);
    });

    it('the parts are answered only once the whole is stored', async () => {
      const smsc = await startSmsc();
      const carrier = await startCarrier(smsc.port, { part_answer_ms: 60_000 });
      await smsc.until('bind');
      const part = (number: number) => ({
        deliver: { ...FROM_PHONE, esm_class: 0x40, short_message_hex: `050003010${2}0${number}41` },
      });
      carrier.storageFails = true;
      await smsc.tell(part(1));
      await smsc.tell(part(2));
      await smsc.until('delivered', 2);
      expect(smsc.events.filter(({ event }) => event === 'delivered')).toMatchObject([
        { status: 0x64 },
        { status: 0x64 },
      ]);
      carrier.storageFails = false;
      await smsc.tell(part(2));
      expect(await smsc.until('delivered', 3)).toMatchObject({ status: 0 });
      expect(carrier.inbound.map(({ text }) => text)).toEqual(['AA']);
    });

    it('a carrier that waits for each answer gets its parts through', async () => {
      const smsc = await startSmsc();
      const { inbound } = await startCarrier(smsc.port, { part_answer_ms: 20 });
      await smsc.until('bind');
      await smsc.tell({ deliver: { ...FROM_PHONE, esm_class: 0x40, short_message_hex: '05000301020141' } });
      expect(await smsc.until('delivered')).toMatchObject({ status: 0 });
      expect(inbound).toEqual([]);
      await smsc.tell({ deliver: { ...FROM_PHONE, esm_class: 0x40, short_message_hex: '05000301020242' } });
      await smsc.until('delivered', 2);
      expect(inbound.map(({ text }) => text)).toEqual(['AB']);
    });

    it('what has come of a message when the process ends is handed over', async () => {
      const smsc = await startSmsc();
      const { inbound, provider } = await startCarrier(smsc.port, { part_answer_ms: 60_000 });
      await smsc.until('bind');
      await smsc.tell({ deliver: { ...FROM_PHONE, esm_class: 0x40, short_message_hex: '05000301030242' } });
      // Answered in order: what was sent before it has arrived too.
      await smsc.tell({ enquire: true });
      await smsc.until('answer');
      await provider.close?.();
      expect(inbound.map(({ text }) => text)).toEqual(['…B…']);
      expect(await smsc.until('delivered')).toMatchObject({ status: 0 });
    });
  });
});

const FROM_PHONE = {
  source_addr: '33612345678',
  source_addr_ton: 1,
  source_addr_npi: 1,
  destination_addr: '36111',
  dest_addr_ton: 3,
} satisfies Record<string, string | number>;
