import { describe, expect, test } from 'vitest';
import type { InboundMessage, OutboundMessage, ProviderReceipt, SpokenScript } from '../../../src/delivery/provider.ts';
import { saysCode, script, ungated } from '../voice/calls.ts';
import { NOW, outbound } from './provider-rig.ts';

/** What is said next, as the carrier's document has it. */
export interface Heard {
  document: string;
  /** For a key. */
  waits: boolean;
  receipts: readonly ProviderReceipt[] | undefined;
  inbound: readonly InboundMessage[] | undefined;
}

export type Ended = 'answered' | 'machine' | 'busy' | 'no_answer' | 'declined';

/** A carrier's side of a call that we have asked it for: it calls back as it documents, and does as it is told. */
export interface Phone {
  answer(over?: { machine?: boolean; now?: number }): Promise<Heard>;
  /** Null: nobody presses anything until the carrier gives up. */
  press(key: string | null, now?: number): Promise<Heard>;
  /** Of carriers that do one thing at a time: what comes after the first. */
  goOn?(): Promise<Heard>;
  ended(how: Ended, now?: number): Promise<readonly ProviderReceipt[]>;
}

export interface CallScenarios {
  dial(over?: Partial<OutboundMessage>, config?: object): Promise<Phone>;
  /** As the receipts name the call. */
  providerId: unknown;
  /** As inbound messages name both sides. */
  phone: string;
  sender: string;
}

const { reference } = outbound();

/** What every carrier that asks us what to say must come to. */
export function describeCalls({ dial, providerId, phone, sender }: CallScenarios): void {
  const named = { providerId, reference };
  const undelivered = (reason: string) => [expect.objectContaining({ ...named, status: 'undelivered', reason })];
  const delivered = [expect.objectContaining({ ...named, status: 'delivered' })];

  describe('a call', () => {
    test('says the code to who presses the key, and counts as delivered then', async () => {
      const call = await dial();
      const first = await call.answer();
      expect(first.document).toContain('To hear your code, press 1.');
      expect(saysCode(first.document)).toBe(false);
      expect([first.waits, first.receipts]).toEqual([true, []]);
      const body = await call.press('1');
      expect(saysCode(body.document)).toBe(true);
      expect(body.document.indexOf('Amount: 12.00 EUR.')).toBeLessThan(body.document.indexOf('To confirm, enter'));
      expect(body.document).toContain('Goodbye.');
      expect([body.waits, body.receipts]).toEqual([false, delivered]);
    });

    test('asks for the key a second time, and says the code then', async () => {
      const call = await dial();
      await call.answer();
      const again = await call.press('5');
      expect([again.waits, saysCode(again.document)]).toEqual([true, false]);
      const body = await call.press('1');
      expect([saysCode(body.document), body.receipts]).toEqual([true, delivered]);
    });

    test('ends without the code when nobody presses the key', async () => {
      const call = await dial();
      const heard = [await call.answer(), await call.press(null), await call.press(null)];
      expect(heard.map(({ waits }) => waits)).toEqual([true, true, false]);
      expect(heard.map(({ document }) => saysCode(document))).toEqual([false, false, false]);
      expect(heard.flatMap(({ receipts }) => receipts)).toEqual([]);
      expect(await call.ended('answered')).toEqual(undelivered('no_key_pressed'));
    });

    test('is hung up without a word when a machine answers', async () => {
      const call = await dial({}, { machine_detection: true });
      const first = await call.answer({ machine: true });
      expect(first.waits).toBe(false);
      expect(first.document).not.toMatch(/Hello|press 1/);
      const told = [...(first.receipts ?? []), ...(await call.ended('machine'))];
      expect(told[0]).toMatchObject({ ...named, status: 'undelivered', reason: 'machine_answered' });
    });

    test('without a gate says it all to whoever answers, and counts as delivered', async () => {
      const call = await dial({ script: ungated });
      const first = await call.answer();
      expect(saysCode(first.document)).toBe(true);
      expect([first.waits, first.receipts]).toEqual([false, delivered]);
    });

    test('without a gate that ends before anything was asked for is not delivered', async () => {
      const call = await dial({ script: ungated });
      expect(await call.ended('answered')).toEqual(undelivered('unknown'));
    });

    test('says nothing once the code is over', async () => {
      const call = await dial({ validitySeconds: 60 });
      await call.answer();
      const late = await call.press('1', NOW + 60_000);
      expect(saysCode(late.document)).toBe(false);
      expect([late.waits, late.receipts]).toEqual([false, []]);
    });

    test('takes the key for no more calls as a message from the phone', async () => {
      const call = await dial({ script: { ...script, optOut: { key: '9', prompt: 'Press 9 for no more calls.' } } });
      await call.answer();
      const { document, receipts, inbound } = await call.press('9');
      expect(saysCode(document)).toBe(false);
      expect(receipts).toEqual(undelivered('opted_out'));
      expect(inbound).toEqual([
        { providerId: expect.stringMatching(/:stop$/), channel: 'voice', from: phone, to: sender, text: 'STOP' },
      ]);
    });

    test('tells after the body how to have no more calls', async () => {
      const call = await dial({ script: { ...script, optOut: { key: '9', prompt: 'Press 9 for no more calls.' } } });
      await call.answer();
      const body = await call.press('1');
      expect(body.document).toContain('Press 9 for no more calls.');
      expect([body.waits, saysCode(body.document)]).toEqual([true, true]);
      expect((await call.press(null)).document).toContain('Goodbye.');
    });

    test('plays a recording as often as it is to be heard, and then says how to have no more calls', async () => {
      const optOut = { key: '9', prompt: 'Press 9 for no more calls.' };
      const played: SpokenScript = { ...ungated, greeting: '', body: [{ recording: 'rec_1' }], repeats: 2, optOut };
      const call = await dial({ script: played });
      const heard = [await call.answer()];
      for (let piece = 2; call.goOn && piece <= 3; piece++) heard.push(await call.goOn());
      const all = heard.map(({ document }) => document).join(' ');
      expect(all.match(/https:\/\/otp\.example\.com\/recordings\/rec_1\.wav/g)).toHaveLength(2);
      expect(all.lastIndexOf('rec_1')).toBeLessThan(all.indexOf('Press 9 for no more calls.'));
      expect(heard.at(-1)?.waits).toBe(true);
      expect(heard.flatMap(({ receipts }) => receipts)).toEqual(delivered);
      const stop = await call.press('9');
      expect(stop.receipts).toEqual(undelivered('opted_out'));
      expect(stop.inbound).toHaveLength(1);
    });

    test.each<[Ended]>([['busy'], ['no_answer'], ['declined']])('that ended by %s says so', async (how) => {
      expect(await (await dial()).ended(how)).toEqual(undelivered(how));
    });

    test('whose end is told a day late is still understood', async () => {
      const late = await (await dial()).ended('answered', NOW + 23 * 3_600_000);
      expect(late).toEqual(undelivered('no_key_pressed'));
    });

    test('is put together again from what the carrier handed back alone', async () => {
      const calls = [await dial(), await dial()];
      for (const call of calls) await call.answer();
      for (const call of calls) expect(saysCode((await call.press('1')).document)).toBe(true);
    });
  });
}
