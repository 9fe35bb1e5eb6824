import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startCountersign } from '../countersign-process.ts';
import { privateFolder } from '../rig/stores.ts';
import { newNumber, wrongCode } from '../service.ts';

describe('what the process writes', () => {
  it('holds no code, no key, no full number and no secret, in the log or (but for numbers) in the database', async () => {
    const folder = privateFolder('written-secrets');
    const config = join(folder, 'config.json');
    const database = join(folder, 'countersign.db');
    const secret = randomBytes(32).toString('base64');
    const { writeFileSync } = await import('node:fs');
    writeFileSync(config, JSON.stringify({ log_level: 'debug' }));
    const service = await startCountersign({
      DATABASE_URL: `sqlite:${database}`,
      COUNTERSIGN_SECRET: secret,
      COUNTERSIGN_CONFIG: config,
    });
    const codes: string[] = [];
    const numbers: string[] = [];
    const tokens: string[] = [];
    for (const ending of ['55', '0001', '0003', '0004', '0005']) {
      const to = newNumber(ending);
      numbers.push(to);
      const started = await service.call('POST', '/v1/verifications', { to, subject: 'user-42' });
      expect(started.status).toBe(201);
      const path = `/v1/verifications/${started.body.id}`;
      const messages = await service.call('GET', `/v1/sandbox/messages?to=${encodeURIComponent(to)}`);
      const code = /\b\d{6}\b/.exec(messages.body.data[0]?.text ?? '')?.[0];
      if (!code) continue;
      codes.push(code);
      await service.call('POST', `${path}/check`, { code: wrongCode(code) });
      const issued = await service.call('POST', `${path}/client-token`);
      tokens.push(issued.body.client_token);
      const checked = await service.call('POST', `${path}/check`, { code }, { 'idempotency-key': `k-${to}` });
      tokens.push(checked.body.token);
    }
    // Each of these puts a secret where it does not belong.
    const [number = ''] = numbers;
    await service.call('GET', `/v1/verifications?to=${encodeURIComponent(number)}&api_key=${service.key}`);
    await service.call('GET', `/${service.key}/${codes[0]}`);
    await service.call('POST', '/v1/verifications', { to: number, code: codes[0], [number]: 1 });
    await service.call('POST', '/v1/tokens/introspect', { token: tokens[1] });
    await service.call('GET', '/v1/events', undefined, { authorization: `Bearer ${service.key}x` });
    const metrics = await service.call('GET', '/metrics');
    const events = await service.call('GET', '/v1/events?limit=100');
    expect(await service.stop()).toBe(0);

    expect(codes.length).toBeGreaterThan(0);
    const log = service.output();
    const places = { log, metrics: metrics.body as string, events: JSON.stringify(events.body) };
    const stored = readFileSync(database, 'latin1');
    for (const [place, text] of Object.entries(places)) {
      for (const needle of [...numbers, ...numbers.map((n) => n.slice(1)), service.key, secret, ...tokens]) {
        expect(text.includes(needle), `${needle} in the ${place}`).toBe(false);
      }
      for (const code of codes)
        expect(new RegExp(`(?<!\\d)${code}(?!\\d)`).test(text), `${code} in the ${place}`).toBe(false);
    }
    for (const needle of [...codes.map((code) => `"${code}"`), service.key, secret, ...tokens]) {
      expect(stored.includes(needle), `${needle} in the database`).toBe(false);
    }
    // The log says something at all.
    expect(log).toContain('/v1/verifications/:id/check');
  });
});
