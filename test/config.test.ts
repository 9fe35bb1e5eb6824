import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from '../src/config.ts';
import { privateFolder } from './rig/stores.ts';

const secret = () => randomBytes(32).toString('base64');
const production = { COUNTERSIGN_MODE: 'production', COUNTERSIGN_SECRET: secret() };

function refusal(env: Record<string, string>): string {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('it was accepted');
}

function fileWith(text: string): string {
  const path = join(privateFolder('config'), 'countersign.yaml');
  writeFileSync(path, text);
  return path;
}

describe('without any variable', () => {
  it('listens on this machine only, on an SQLite file, for development', () => {
    expect(readConfig({})).toMatchObject({
      port: 3000,
      host: '127.0.0.1',
      databaseUrl: 'sqlite:./data/countersign.db',
      redisUrl: null,
      masterSecrets: null,
      apiKey: null,
      mode: 'development',
      allowPrivateWebhooks: false,
    });
  });
});

describe('is refused, by name', () => {
  it.each<[string, string]>([
    ['PORT', '70000'],
    ['PORT', '3000 '],
    ['DATABASE_URL', 'mysql://localhost'],
    ['REDIS_URL', 'http://localhost'],
    ['COUNTERSIGN_MODE', 'prod'],
    ['COUNTERSIGN_ALLOW_PRIVATE_WEBHOOKS', 'yes'],
    ['COUNTERSIGN_SECRET', 'secret'],
    ['COUNTERSIGN_SECRET', 'not base64 at all, however long it is made!!'],
    ['COUNTERSIGN_SECRET', Buffer.alloc(32, 'a').toString('base64')],
    ['COUNTERSIGN_SECRET', Buffer.from('changeme'.repeat(8)).toString('base64')],
    ['COUNTERSIGN_SECRET', `${secret()},short`],
    ['COUNTERSIGN_API_KEY', 'cs_live_short'],
    ['COUNTERSIGN_API_KEY', `cs_prod_${'x1'.repeat(20)}`],
    ['COUNTERSIGN_API_KEY', `cs_live_${'x'.repeat(40)}`],
    ['COUNTERSIGN_CONFIG', '/no/such/file.yaml'],
  ])('%s=%s', (name, value) => {
    const message = refusal({ [name]: value });
    expect(message).toContain(name);
    expect(message).not.toContain('\n');
    if (/SECRET|KEY/.test(name)) expect(message).not.toContain(value);
  });

  it('Redis beside an SQLite file, which instances cannot share', () => {
    expect(refusal({ REDIS_URL: 'redis://localhost' })).toContain('DATABASE_URL');
  });
});

describe('production refuses', () => {
  it('to make a secret of its own', () => {
    expect(refusal({ COUNTERSIGN_MODE: 'production' })).toContain('COUNTERSIGN_SECRET is required');
    expect(readConfig(production).mode).toBe('production');
  });

  it('private webhook targets', () => {
    expect(refusal({ ...production, COUNTERSIGN_ALLOW_PRIVATE_WEBHOOKS: 'true' })).toContain('PRIVATE_WEBHOOKS');
  });

  it('test numbers (OTP-31)', () => {
    const path = fileWith('policy: { test_numbers: { "+33612345678": "123456" } }');
    expect(readConfig({ COUNTERSIGN_CONFIG: path }).file.policy).toHaveProperty('test_numbers');
    expect(refusal({ ...production, COUNTERSIGN_CONFIG: path })).toContain('test_numbers');
  });
});

describe('the file', () => {
  it('may be YAML or JSON; what it does not say has its default', () => {
    const yaml = readConfig({
      COUNTERSIGN_CONFIG: fileWith('hashing: { concurrency: 2 }\npolicy:\n  code_length: 8\n'),
    });
    expect(yaml.file).toMatchObject({ hashing: { concurrency: 2, max_queued: 512 }, policy: { code_length: 8 } });
    const json = readConfig({ COUNTERSIGN_CONFIG: fileWith('{"database_pool": 3}') });
    expect(json.file).toMatchObject({ database_pool: 3, log_level: 'info' });
    expect(readConfig({ COUNTERSIGN_CONFIG: fileWith('') }).file).toEqual(readConfig({}).file);
  });

  it.each([
    ['log_levle: info', '/'],
    ['database_pool: "10"', '/database_pool'],
    ['hashing: { concurrency: 0 }', '/hashing/concurrency'],
    ['public_url: ftp://example.com', '/public_url'],
    ['policy: { ttl_seconds: 3600 }', '/policy/ttl_seconds'],
    ['policy: { limits: { ip: { max: -1 } } }', '/policy/limits/ip/max'],
    ['policy: { lenght: 6 }', '/policy'],
    ['retention: { client_days: 30 }', '/retention/verifications_days'],
    ['retention: { event_families: { erasure: 30 } }', '/retention/event_families/erasure'],
    ['policy: { allowed_channels: [voice] }', '/policy/workflow/0/channel'],
    ['policy: { locales: [fr] }', '/policy/default_locale'],
    ['a: [', 'cannot read'],
    ['providers: { main: {} }', '/providers/main/type'],
    ['providers: { "Main Carrier": { type: twilio } }', '/providers/Main Carrier'],
    ['routes: { rules: [{ name: all }] }', '/routes/rules/0/'],
    ['routes: { rule: [] }', '/routes/rule'],
  ])('%s is refused at %s', (text, place) => {
    const path = fileWith(text);
    const message = refusal({ COUNTERSIGN_CONFIG: path });
    expect(message).toContain(path);
    expect(message).toContain(place);
  });

  describe('may name variables of the environment', () => {
    const TOKEN = 'a-secret-token';
    const text = (place: string) => `providers: { main: { type: twilio, auth_tokens: ["${place}"] } }`;
    const variable = '$' + '{TOKEN}';

    it('whose values take their place; an escaped one stays', () => {
      const path = fileWith(text(variable));
      expect(readConfig({ COUNTERSIGN_CONFIG: path, TOKEN }).file.providers).toEqual({
        main: { type: 'twilio', auth_tokens: [TOKEN] },
      });
      const escaped = readConfig({ COUNTERSIGN_CONFIG: fileWith(text(`$${variable}`)), TOKEN });
      expect(escaped.file.providers.main).toMatchObject({ auth_tokens: [variable] });
    });

    it('and refuses to start without them, saying where they are needed', () => {
      const path = fileWith(text(variable));
      const message = refusal({ COUNTERSIGN_CONFIG: path });
      expect(message).toContain(path);
      expect(message).toContain('/providers/main/auth_tokens/0');
      expect(message).toContain('TOKEN');
    });

    it('never shows a secret of the file, not even when it cannot be read', () => {
      for (const broken of [`a: "${TOKEN}`, `a: ${TOKEN}: ${TOKEN}: [`]) {
        expect(refusal({ COUNTERSIGN_CONFIG: fileWith(broken) })).not.toContain(TOKEN);
      }
      expect(refusal({ COUNTERSIGN_CONFIG: fileWith(`log_level: ${variable}`), TOKEN })).not.toContain(TOKEN);
    });
  });
});
