import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { startCountersign } from '../../countersign-process.ts';
import { describeWith, privateFolder } from '../../rig/stores.ts';
import { openCarrierService } from '../twilio-service.ts';
import { startPhone } from './baresip.ts';
import { ESPEAK, WAIT } from './caller.ts';
import { hearDigits } from './hear-digits.ts';

const TO = '+33612345678';
/** The shortest: it is said at the pace of a voice. */
const CODE_LENGTH = 4;

function trunkTo(port: number) {
  const trunk = { host: '127.0.0.1', port, caller_id: '+33180000000', ping_seconds: 0 };
  return { type: 'sip', trunks: [trunk], speech: { command: ESPEAK }, drain_ms: 100 };
}

function environment(port: number): { COUNTERSIGN_CONFIG: string } {
  const file = join(privateFolder('config'), 'countersign.yaml');
  writeFileSync(file, JSON.stringify({ providers: { trunk: trunkTo(port) } }));
  return { COUNTERSIGN_CONFIG: file };
}

await describeWith(['baresip', 'espeak-ng'], 'a verification by a call', () => {
  it('is approved with what the recording of the call says, after an SMS that was not delivered and the key', {
    timeout: 120_000,
  }, async () => {
    const phone = await startPhone();
    const { service, main, report, read } = await openCarrierService('embedded', {
      more: `  trunk: ${JSON.stringify(trunkTo(phone.port))}\n`,
      policy: { code_length: CODE_LENGTH },
    });
    const workflow = [{ channel: 'sms', wait_seconds: 300 }, { channel: 'voice' }];
    const started = await service.call('POST', '/v1/verifications', { to: TO, locale: 'en', workflow });
    expect(started.status, JSON.stringify(started.body)).toBe(201);
    const { id } = started.body;
    await service.recorded();
    expect(main.sent()).toHaveLength(1);
    const { body: messages } = await service.call('GET', `/v1/messages?verification_id=${id}`);
    const { attempts } = await read(messages.data[0].id);
    const MessageSid = attempts[0].parts[0].provider_id;
    await report({ MessageSid, MessageStatus: 'undelivered', ErrorCode: '30005' });
    await phone.until('CALL_ESTABLISHED');
    await phone.press('1');
    const digits = await vi.waitFor(async () => hearDigits(await phone.recording()), { ...WAIT, timeout: 120_000 });
    // Said twice; the prompt before it may have the key in it.
    const code = digits.slice(-CODE_LENGTH);
    expect(code).toHaveLength(CODE_LENGTH);
    expect(digits.slice(-2 * CODE_LENGTH)).toBe(code + code);
    await vi.waitFor(async () => {
      await service.work();
      const { body } = await service.call('GET', `/v1/verifications/${id}`);
      expect(body.sends).toMatchObject([
        { channel: 'sms', status: 'failed', provider: 'main' },
        { channel: 'voice', status: 'delivered', provider: 'trunk' },
      ]);
    }, WAIT);
    const checked = await service.call('POST', `/v1/verifications/${id}/check`, { code });
    expect(checked.body).toMatchObject({ status: 'approved' });
  });

  it('goes on when its process is killed in the call, and calls nobody twice', { timeout: 120_000 }, async () => {
    const phone = await startPhone();
    const env = {
      ...environment(phone.port),
      DATABASE_URL: `sqlite:${join(privateFolder('sqlite'), 'countersign.db')}`,
      COUNTERSIGN_API_KEY: `cs_live_${randomBytes(24).toString('base64url')}`,
      COUNTERSIGN_SECRET: randomBytes(32).toString('base64url'),
    };
    const first = await startCountersign(env);
    const workflow = [{ channel: 'voice', wait_seconds: 5 }, { channel: 'sms' }];
    const started = await first.call('POST', '/v1/verifications', { to: TO, workflow });
    expect(started.status, JSON.stringify(started.body) + first.output()).toBe(201);
    await phone.until('CALL_ESTABLISHED');
    await first.stop('SIGKILL');
    const second = await startCountersign(env);
    await vi.waitFor(
      async () => {
        const { body } = await second.call('GET', `/v1/verifications/${started.body.id}`);
        // There is no carrier for the SMS; that it was its turn is what counts.
        expect(body.sends.map(({ channel }: { channel: string }) => channel)).toEqual(['voice', 'sms']);
        expect(body.sends[1].status).toBe('failed');
      },
      { timeout: 120_000, interval: 200 },
    );
    expect(phone.events.filter(({ type }) => type === 'CALL_ESTABLISHED')).toHaveLength(1);
    await second.stop();
  });
});
