import { expect, it } from 'vitest';
import { describeWith } from '../../rig/stores.ts';
import { startPhone } from './baresip.ts';
import { GATED, startCaller } from './caller.ts';
import { hearDigits } from './hear-digits.ts';

const DELIVERED = { reference: expect.any(String), status: 'delivered' };

await describeWith(['baresip', 'espeak-ng'], 'a call to baresip', () => {
  it('is answered, and the recording holds the digits of the code', async () => {
    const phone = await startPhone();
    const { call, untilReceipt } = await startCaller([{ port: phone.port }]);
    expect(await call()).toEqual({ kind: 'accepted', providerId: expect.any(String) });
    expect(await untilReceipt()).toEqual(DELIVERED);
    expect(hearDigits(await phone.recording())).toBe('4071');
  });

  it('says the code to who presses the key, and as often as asked for', async () => {
    const phone = await startPhone();
    const { call, untilReceipt } = await startCaller([{ port: phone.port }]);
    await call({ script: { ...GATED, repeats: 2 } });
    await phone.until('CALL_ESTABLISHED');
    await phone.press('1');
    expect(await untilReceipt()).toEqual(DELIVERED);
    expect(hearDigits(await phone.recording())).toBe('40714071');
  });

  it('does not say the code to who presses another key, or none', async () => {
    const phone = await startPhone();
    const { call, untilReceipt } = await startCaller([{ port: phone.port }], { gate_wait_ms: 500 });
    await call({ script: GATED });
    await phone.until('CALL_ESTABLISHED');
    await phone.press('2');
    expect(await untilReceipt()).toMatchObject({ status: 'undelivered', reason: 'no_key_pressed' });
    expect(hearDigits(await phone.recording())).not.toMatch(/[407]/);
  });
});
