import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { startCountersign } from '../../countersign-process.ts';
import { describeWith, privateFolder } from '../../rig/stores.ts';
import { openTestService, type TestService } from '../../service.ts';
import { startPhone } from './baresip.ts';
import { BRIEF, ESPEAK, startCaller, WAIT } from './caller.ts';
import { hearDigits } from './hear-digits.ts';

const TO = '+33612345678';
const LONG = { timeout: 120_000 };

function environment(port: number): { COUNTERSIGN_CONFIG: string } {
  const file = join(privateFolder('config'), 'countersign.yaml');
  const trunk = { host: '127.0.0.1', port, caller_id: '+33180000000', ping_seconds: 0 };
  const times = { drain_ms: 100, settle_ms: 100, between_repeats_ms: 200, opt_out_wait_ms: 5_000 };
  const providers = { trunk: { type: 'sip', trunks: [trunk], speech: { command: ESPEAK }, ...times } };
  writeFileSync(file, JSON.stringify({ providers }));
  return { COUNTERSIGN_CONFIG: file };
}

const liveKey = () => `cs_live_${randomBytes(24).toString('base64url')}`;

async function openService(port: number): Promise<TestService> {
  const service = await openTestService('embedded', { key: liveKey(), env: environment(port) });
  onTestFinished(() => service.close());
  return service;
}

async function send(service: TestService, body: object): Promise<string> {
  const { body: message } = await service.call('POST', '/v1/messages', { to: TO, channel: 'voice', ...body });
  void service.sendMessages();
  return message.id;
}

const untilMessage = (service: TestService, id: string, expected: object) =>
  vi.waitFor(
    async () => {
      await service.settled();
      const { body } = await service.call('GET', `/v1/messages/${id}`);
      expect(body).toMatchObject(expected);
    },
    { ...WAIT, timeout: 40_000 },
  );

await describeWith(['baresip', 'espeak-ng', 'ffmpeg'], 'a message by a call', () => {
  it('is heard as it was written, long numbers digit by digit', LONG, async () => {
    const phone = await startPhone();
    const service = await openService(phone.port);
    const id = await send(service, { text: 'Order 407931.', repeats: 1 });
    await untilMessage(service, id, { status: 'delivered', provider: 'trunk' });
    expect(hearDigits(await phone.recording())).toContain('407931');
  });

  it('is heard as it was recorded', LONG, async () => {
    const phone = await startPhone();
    const service = await openService(phone.port);
    const { stdout: spoken } = spawnSync('espeak-ng', ['--stdin', '--stdout', '-v', 'en', '-s', '140'], { input: '9' });
    const mp3 = spawnSync('ffmpeg', ['-v', 'error', '-i', 'pipe:0', '-b:a', '64k', '-f', 'mp3', 'pipe:1'], {
      input: spoken,
    });
    const uploaded = await service.app.inject({
      method: 'POST',
      url: '/v1/recordings',
      payload: mp3.stdout,
      headers: { authorization: `Bearer ${service.key}`, 'content-type': 'audio/mpeg' },
    });
    const id = await send(service, { recording: uploaded.json().id, repeats: 2 });
    await untilMessage(service, id, { status: 'delivered', call: { repeats: 2 } });
    expect(hearDigits(await phone.recording())).toBe('99');
  });

  it('is followed by no other when 9 is pressed', LONG, async () => {
    const phone = await startPhone();
    const service = await openService(phone.port);
    const first = await send(service, { text: 'Hello.', repeats: 1, opt_out_key: '9' });
    await untilMessage(service, first, { status: 'delivered' });
    await phone.press('9');
    await phone.until('CALL_CLOSED');
    await vi.waitFor(async () => {
      const { body } = await service.call('GET', '/v1/events?type=recipient.opted_out');
      expect(body.data).toMatchObject([{ message_id: first, data: { provider: 'trunk' } }]);
    }, WAIT);
    const second = await send(service, { text: 'Hello again.' });
    await untilMessage(service, second, { status: 'blocked', reason: 'opted_out' });
    expect(phone.events.filter(({ type }) => type === 'CALL_ESTABLISHED')).toHaveLength(1);
  });

  it('comes again to who was busy', LONG, async () => {
    const phone = await startPhone({ account: 'answermode=manual' });
    const service = await openService(phone.port);
    const id = await send(service, {
      text: 'Hello.',
      repeats: 1,
      retry: { attempts: 2, wait_seconds: 60, on: ['busy'] },
    });
    await phone.until('CALL_INCOMING');
    await phone.tell('hangup');
    await untilMessage(service, id, { status: 'queued', attempts: [{ reason: 'busy', carrier_code: 'sip:486' }] });
    service.clock.now += 60_000;
    void service.sendMessages();
    await phone.until('CALL_INCOMING', 2);
    await phone.tell('accept');
    await untilMessage(service, id, {
      status: 'delivered',
      attempts: [{ status: 'undelivered' }, { status: 'delivered' }],
    });
  });

  it('whose process is killed in the call is not said twice', LONG, async () => {
    const phone = await startPhone();
    const env = {
      ...environment(phone.port),
      DATABASE_URL: `sqlite:${join(privateFolder('sqlite'), 'countersign.db')}`,
      COUNTERSIGN_API_KEY: liveKey(),
      COUNTERSIGN_SECRET: randomBytes(32).toString('base64url'),
    };
    const first = await startCountersign(env);
    const body = { to: TO, channel: 'voice', text: 'Hello. '.repeat(50), retry: { attempts: 5, wait_seconds: 30 } };
    const { id } = (await first.call('POST', '/v1/messages', body)).body;
    await phone.until('CALL_ESTABLISHED');
    await first.stop('SIGKILL');
    await phone.tell('hangup');
    await phone.until('CALL_CLOSED');
    const second = await startCountersign(env);
    const other = (await second.call('POST', '/v1/messages', body)).body;
    // What was sent later has its call: whatever was due before has been looked at.
    await phone.until('CALL_ESTABLISHED', 2);
    expect((await second.call('GET', `/v1/messages/${other.id}`)).body.attempts).toHaveLength(1);
    expect((await second.call('GET', `/v1/messages/${id}`)).body).toMatchObject({ attempts: [{ number: 1 }] });
    await second.stop();
  });
});

it('a recording that makes a call longer than it may be is not begun', async () => {
  const { call } = await startCaller([{ port: 9 }], { max_call_seconds: 2 });
  const script = { ...BRIEF, body: [{ recording: 'rec_1' }], repeats: 2 };
  const tooLong = { kind: 'failed', reason: 'unsupported', carrierCode: 'script_too_long' };
  expect(await call({ script })).toEqual(tooLong);
  const gone = { kind: 'failed', reason: 'misconfigured', carrierCode: 'sip:speech' };
  expect(await call({ script: { ...script, body: [{ recording: 'rec_2' }] } })).toEqual(gone);
});
