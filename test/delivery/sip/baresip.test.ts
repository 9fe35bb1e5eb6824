import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeCertificate } from '../../rig/certificate.ts';
import { describeWith, privateFolder } from '../../rig/stores.ts';
import { startPhone } from './baresip.ts';
import { BRIEF, BRIEF_CODE, GATED, SCRIPT, startCaller } from './caller.ts';
import { hearDigits } from './hear-digits.ts';
import { join8k, keyTones, tone, wavFileOf } from './tones.ts';

const DELIVERED = { reference: expect.any(String), status: 'delivered' };

await describeWith(['baresip', 'espeak-ng'], 'a call to baresip', () => {
  it('is answered, and the recording holds the digits of the code', async () => {
    const phone = await startPhone();
    const { call, untilReceipt } = await startCaller([{ port: phone.port }]);
    expect(await call({ script: SCRIPT })).toEqual({ kind: 'accepted', providerId: expect.any(String) });
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
    expect(hearDigits(await phone.recording())).toBe(BRIEF_CODE + BRIEF_CODE);
  });

  it('was heard by who hangs up while the code is said again', async () => {
    const phone = await startPhone();
    const { call, untilReceipt, receipts } = await startCaller([{ port: phone.port }]);
    const again = { say: 'I say it once more for you. '.repeat(20) };
    await call({ script: { ...SCRIPT, greeting: '', body: [{ digits: '7' }, again, { digits: '7' }] } });
    expect(await untilReceipt()).toEqual(DELIVERED);
    await phone.tell('hangup');
    await phone.until('CALL_CLOSED');
    await call({ script: BRIEF });
    expect(await untilReceipt(2)).toEqual(DELIVERED);
    expect(receipts).toHaveLength(2);
  });

  it('does not say the code to who presses another key, or none', async () => {
    const phone = await startPhone();
    const { call, untilReceipt } = await startCaller([{ port: phone.port }], { gate_wait_ms: 500 });
    await call({ script: GATED });
    await phone.until('CALL_ESTABLISHED');
    await phone.press('2');
    expect(await untilReceipt()).toMatchObject({ status: 'undelivered', reason: 'no_key_pressed' });
    expect(hearDigits(await phone.recording())).not.toMatch(/4/);
  });

  it('hears the key by its tones, where a line does not tell them apart', async () => {
    const pressing = join8k(tone([], 2_000), tone(keyTones('1'), 120), tone([], 60_000));
    const phone = await startPhone({ source: `aufile,${wavFileOf(pressing)}` });
    const { call, untilReceipt } = await startCaller([{ port: phone.port }], { inband_dtmf: 'always' });
    await call({ script: { ...GATED, body: [{ digits: '7' }] } });
    expect(await untilReceipt()).toEqual(DELIVERED);
    expect(hearDigits(await phone.recording())).toContain('7');
  });

  it('takes an echo of its own voice for no key', async () => {
    const phone = await startPhone();
    const { call, untilReceipt } = await startCaller([{ port: phone.port }], {
      inband_dtmf: 'always',
      gate_wait_ms: 300,
    });
    await call({ script: GATED });
    expect(await untilReceipt()).toMatchObject({ status: 'undelivered', reason: 'no_key_pressed' });
  });

  it.each([
    ['CNG', [1_100], 500],
    ['CED', [2_100], 2_600],
  ])('ends when a fax answers with %s', async (_, frequency, ms) => {
    const fax = join8k(tone([], 1_000), tone(frequency, ms), tone([], 60_000));
    const phone = await startPhone({ source: `aufile,${wavFileOf(fax)}` });
    const { call, untilReceipt } = await startCaller([{ port: phone.port }]);
    await call({ script: GATED });
    expect(await untilReceipt()).toMatchObject({
      status: 'undelivered',
      reason: 'machine_answered',
      carrierCode: 'sip:fax',
    });
    await phone.until('CALL_CLOSED');
  });

  it('ends when the other side falls silent in mid-call', async () => {
    const phone = await startPhone();
    const { call, untilReceipt } = await startCaller([{ port: phone.port }], { no_audio_seconds: 1 });
    await call({ script: GATED });
    await phone.until('CALL_ESTABLISHED');
    phone.pause();
    expect(await untilReceipt()).toMatchObject({
      status: 'undelivered',
      reason: 'network_error',
      carrierCode: 'sip:rtp_lost',
    });
  });

  it('is over when the phone hangs up', async () => {
    const phone = await startPhone();
    const { call, untilReceipt } = await startCaller([{ port: phone.port }]);
    await call({ script: { ...GATED, gate: { key: '1', prompt: 'Press one. '.repeat(10) } } });
    await phone.until('CALL_ESTABLISHED');
    await phone.tell('hangup');
    expect(await untilReceipt()).toMatchObject({ status: 'undelivered', reason: 'declined', carrierCode: 'sip:bye' });
  });

  it('is refused by a phone that hangs up instead of answering', async () => {
    const phone = await startPhone({ account: 'answermode=manual' });
    const { call, untilReceipt } = await startCaller([{ port: phone.port }]);
    expect(await call()).toMatchObject({ kind: 'accepted' });
    await phone.until('CALL_INCOMING');
    await phone.tell('hangup');
    expect(await untilReceipt()).toMatchObject({ status: 'undelivered', reason: 'busy', carrierCode: 'sip:486' });
  });

  it('asks for no more calls by the other key, before or after the code', async () => {
    const script = { ...GATED, body: [{ digits: '7' }], optOut: { key: '9', prompt: 'To stop, press nine.' } };
    const phone = await startPhone();
    const { call, untilReceipt } = await startCaller([{ port: phone.port }], { opt_out_wait_ms: 5_000 });
    await call({ script });
    await phone.until('CALL_ESTABLISHED');
    await phone.press('9');
    expect(await untilReceipt(1)).toMatchObject({
      status: 'undelivered',
      reason: 'opted_out',
      carrierCode: 'sip:opt_out_key',
    });
    await phone.until('CALL_CLOSED');
    await call({ script });
    await phone.until('CALL_ESTABLISHED', 2);
    await phone.press('1');
    expect(await untilReceipt(2)).toMatchObject({ status: 'delivered' });
    await phone.press('9');
    expect(await untilReceipt(3)).toMatchObject({
      status: 'delivered',
      reason: 'opted_out',
      carrierCode: 'sip:opt_out_key',
    });
  });

  it('goes over TLS with encrypted audio, and only to who has the right certificate', async () => {
    const ours = makeCertificate();
    const file = join(privateFolder('certificate'), 'phone.pem');
    writeFileSync(file, ours.cert + ours.key);
    const phone = await startPhone({
      account: 'answermode=auto;mediaenc=srtp-mand',
      modules: ['srtp'],
      config: [`sip_certificate ${file}`],
    });
    const trunk = { host: 'localhost', port: phone.port + 1, transport: 'tls', srtp: true };
    const stranger = await startCaller([trunk], { tls: { ca: makeCertificate().cert } });
    expect(await stranger.call()).toEqual({ kind: 'failed', reason: 'connection_failed' });
    const { call, untilReceipt } = await startCaller([trunk], { tls: { ca: ours.cert } });
    expect(await call({ script: GATED })).toMatchObject({ kind: 'accepted' });
    await phone.until('CALL_ESTABLISHED');
    await phone.press('1');
    expect(await untilReceipt()).toEqual(DELIVERED);
    expect(hearDigits(await phone.recording())).toBe(BRIEF_CODE);
  });
});
