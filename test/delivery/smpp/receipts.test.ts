import { describe, expect, it, vi } from 'vitest';
import { describeWith } from '../../rig/stores.ts';
import { startCarrier } from './carrier.ts';
import { startSmsc, WAIT } from './smsc.ts';

const LONG = 'All work and no play makes Jack a dull boy. '.repeat(8).trim(); // 351 septets

async function untilStored(list: readonly unknown[], count: number): Promise<void> {
  await vi.waitFor(() => expect(list).toHaveLength(count), WAIT);
}

await describeWith(['net-smpp'], 'SMPP against Net::SMPP: receipts', () => {
  describe('receipts', () => {
    it.each<[string, object, object, string[]]>([
      ['in text', { receipts: 'text' }, {}, ['4f2a']],
      ['in TLVs', { receipts: 'tlv' }, {}, ['4f2a']],
      ['in message_payload', { receipts: 'payload' }, {}, ['4f2a']],
      ['with a data_coding that lies', { receipts: 'ucs2' }, {}, ['4f2a']],
      ['with further bits in esm_class', { receipts: 'text', receipt_esm: 0x44 }, {}, ['4f2a']],
      ['in decimal', { receipts: 'text', receipt_format: '%d' }, {}, ['20266', '4f2a']],
      ['with leading zeros', { receipts: 'text', receipt_format: '%010x' }, {}, ['4f2a']],
      [
        'in a base that is known',
        { receipts: 'text', receipt_format: '%010d' },
        { message_id_base: 'hex_then_decimal' },
        ['20266'],
      ],
    ])('%s', async (_, settings, config, ids) => {
      const smsc = await startSmsc();
      await smsc.set(settings);
      const { send, receipts } = await startCarrier(smsc.port, config);
      const verdict = await send();
      await smsc.until('delivered');
      const [receipt] = receipts;
      expect(receipt).toMatchObject({ status: 'delivered' });
      expect([...(receipt?.providerId ?? [])].sort()).toEqual([...ids].sort());
      expect(verdict.kind === 'accepted' && receipt?.providerId?.includes(verdict.providerId)).toBe(true);
      expect(smsc.events.at(-1)).toMatchObject({ event: 'delivered', status: 0 });
    });

    it('that come before the answer to the submit are passed on', async () => {
      const smsc = await startSmsc();
      await smsc.set({ receipts: 'text', receipt_early: 1, delay_ms: 100 });
      const { send, receipts } = await startCarrier(smsc.port);
      let verdict: unknown;
      const sent = send().then((found) => {
        verdict = found;
      });
      await untilStored(receipts, 1);
      expect(verdict).toBeUndefined();
      await sent;
      expect(verdict).toMatchObject({ kind: 'accepted', providerId: '4f2a' });
      expect(receipts[0]?.providerId).toContain('4f2a');
    });

    it('that come long after, over another bind than the submit', async () => {
      const smsc = await startSmsc();
      await smsc.set({ receipts: 'text', receipt_delay_ms: 200 });
      const { send, receipts } = await startCarrier(smsc.port, {
        binds: [{ type: 'transmitter' }, { type: 'receiver' }],
      });
      await smsc.until('bind', 2);
      await send();
      expect(receipts).toEqual([]);
      await untilStored(receipts, 1);
      expect(smsc.events.filter(({ event }) => event === 'bind').map(({ type }) => type)).toEqual(
        expect.arrayContaining(['transmitter', 'receiver']),
      );
    });

    it('one for each part of a long message', async () => {
      const smsc = await startSmsc();
      await smsc.set({ receipts: 'tlv' });
      const { send, receipts } = await startCarrier(smsc.port);
      const verdict = await send({ text: LONG });
      await untilStored(receipts, 3);
      const partIds = verdict.kind === 'accepted' ? verdict.partIds : [];
      expect(receipts.map(({ providerId }) => providerId?.[0])).toEqual(partIds);
    });

    it('that cannot be stored are not taken, and are once they can', async () => {
      const smsc = await startSmsc();
      const carrier = await startCarrier(smsc.port);
      await smsc.until('bind');
      carrier.storageFails = true;
      await smsc.tell({ deliver: { ...FROM_PHONE, esm_class: 4, short_message: 'id:1000 stat:DELIVRD' } });
      expect(await smsc.until('delivered')).toMatchObject({ status: 0x64 });
      carrier.storageFails = false;
      await smsc.tell({ deliver: { ...FROM_PHONE, esm_class: 4, short_message: 'id:1000 stat:DELIVRD' } });
      expect(await smsc.until('delivered', 2)).toMatchObject({ status: 0 });
      expect(carrier.receipts).toHaveLength(1);
    });

    it('in data_sm', async () => {
      const smsc = await startSmsc();
      const { receipts } = await startCarrier(smsc.port);
      await smsc.until('bind');
      const tlvs = { receipted_message_id: '1000\0', message_state: '\x05' };
      await smsc.tell({ deliver: { ...FROM_PHONE, data_sm: 1, esm_class: 4, ...tlvs } });
      expect(await smsc.until('delivered')).toMatchObject({ status: 0, command: 0x8000_0103 });
      expect(receipts).toMatchObject([{ providerId: ['1000', '3e8'], status: 'undelivered' }]);
    });

    it('that name no message are taken, so that they do not come for ever', async () => {
      const smsc = await startSmsc();
      const { receipts, inbound } = await startCarrier(smsc.port);
      await smsc.until('bind');
      await smsc.tell({ deliver: { ...FROM_PHONE, esm_class: 4, short_message: 'no idea' } });
      expect(await smsc.until('delivered')).toMatchObject({ status: 0 });
      expect([receipts, inbound]).toEqual([[], []]);
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
