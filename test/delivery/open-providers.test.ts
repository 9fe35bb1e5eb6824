import { Type } from 'typebox';
import { describe, expect, test } from 'vitest';
import { openProviders, type ProviderConfig, type ProviderTypes } from '../../src/delivery/open-providers.ts';
import type { Provider, ProviderDeps, ProviderType } from '../../src/delivery/provider.ts';
import { createRecordingLinks } from '../../src/delivery/recordings/recording-links.ts';
import { ConfigError } from '../../src/lib/config-error.ts';
import { createHttpClient } from '../../src/lib/http-client.ts';
import { createKeyring } from '../../src/lib/keyring.ts';

const SECRET = 'do-not-show-this-secret';

const keyring = createKeyring([Buffer.alloc(32, 7)]);

function open(configured: Record<string, ProviderConfig>, types?: ProviderTypes, publicUrl: string | null = null) {
  const silent = () => {};
  return openProviders(configured, {
    file: 'config.yaml',
    publicUrl,
    keyring,
    links: createRecordingLinks(keyring),
    recordings: { samples: async () => null },
    http: createHttpClient(),
    now: () => 0,
    log: { info: silent, warn: silent, error: silent },
    ...(types && { types }),
  });
}

async function refusal(configured: Record<string, ProviderConfig>): Promise<string> {
  const error = await open(configured).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConfigError)) throw new Error(`not refused: ${error}`);
  return error.message;
}

describe('a provider that cannot be made names the file, the place and the remedy', () => {
  const twilio = { type: 'twilio', account_sid: `AC${'0'.repeat(32)}`, auth_tokens: ['f'.repeat(32)] };

  test.each<[string, Record<string, ProviderConfig>, RegExp]>([
    [
      'an unknown type',
      { main: { type: 'twillio' } },
      /^config\.yaml: \/providers\/main\/type .*did you mean twilio\?$/,
    ],
    ['a type of every object', { main: { type: 'constructor' } }, /\/providers\/main\/type .*is not known/],
    ['a missing member', { main: { type: 'twilio' } }, /^config\.yaml: \/providers\/main\/account_sid is missing/],
    [
      'a wrong member',
      { main: { ...twilio, account_sid: SECRET } },
      /^config\.yaml: \/providers\/main\/account_sid must/,
    ],
    [
      'an unknown member',
      { main: { ...twilio, acount: SECRET } },
      /^config\.yaml: \/providers\/main\/acount is not known$/,
    ],
    [
      'an unsafe URL',
      { main: { ...twilio, base_url: 'http://api.example.com' } },
      /\/main\/base_url must begin with https/,
    ],
    [
      'a word that is none of those there are',
      { main: { type: 'vonage', api: SECRET } },
      /^config\.yaml: \/providers\/main\/api must be one of messages, sms$/,
    ],
    [
      'a callback URL where nobody knows ours',
      { main: { type: 'http', request: { method: 'GET', url: 'https://gw.example.com/?dlr={{receipts_url}}' } } },
      /^config\.yaml: \/providers\/main uses \{\{receipts_url\}\}, which needs public_url: set it/,
    ],
    [
      'calls without a URL to be asked at',
      { main: { type: 'plivo_voice', auth_id: 'MAXXXXXXXXXXXXXXXXXX', auth_tokens: ['x'.repeat(32)] } },
      /^config\.yaml: \/providers\/main needs public_url: the carrier asks there/,
    ],
    ['the name of the sandbox', { sandbox: twilio }, /^config\.yaml: \/providers\/sandbox .*choose another/],
  ])('%s', async (_, configured, expected) => {
    const message = await refusal(configured);
    expect(message).toMatch(expected);
    expect(message).not.toContain(SECRET);
    expect(message).not.toContain('\n');
  });
});

describe('a provider', () => {
  function recording() {
    const made: { config: unknown; deps: ProviderDeps }[] = [];
    const closed: string[] = [];
    const type: ProviderType<unknown> = {
      schema: Type.Object(
        { level: Type.Integer({ default: 3 }), fails: Type.Optional(Type.Boolean()) },
        { additionalProperties: false },
      ),
      create(config, deps): Provider {
        made.push({ config, deps });
        if ((config as { fails?: boolean }).fails) throw new Error('no connection');
        return {
          name: deps.name,
          channels: ['sms'],
          send: async () => ({ kind: 'accepted', providerId: 'x' }),
          async close() {
            closed.push(deps.name);
          },
        };
      },
    };
    return { types: { carrier: async () => type }, made, closed };
  }

  test('is made with its defaults, its name and where it is called back', async () => {
    const { types, made } = recording();
    const { providers } = await open(
      { b: { type: 'carrier' }, a: { type: 'carrier', level: 5 } },
      types,
      'https://otp.example.com/',
    );
    expect([...providers.keys()]).toEqual(['b', 'a']);
    expect(made.map(({ config }) => config)).toEqual([{ level: 3 }, { level: 5 }]);
    expect(made[0]?.deps.callbackUrl('receipts')).toBe('https://otp.example.com/callbacks/b/receipts');
  });

  test('knows of no callback URL when the service has none', async () => {
    const { types, made } = recording();
    await open({ a: { type: 'carrier' } }, types);
    expect(made[0]?.deps.callbackUrl('receipts')).toBeNull();
  });

  test('may report once for all parts, whatever its type', async () => {
    const { types } = recording();
    const { reportsOnce } = await open(
      { a: { type: 'carrier', one_receipt_per_message: true }, b: { type: 'carrier' } },
      types,
    );
    expect([reportsOnce('a'), reportsOnce('b')]).toEqual([true, false]);
  });

  test('is closed with the others, and when a later one cannot be made', async () => {
    const { types, closed } = recording();
    await expect(open({ a: { type: 'carrier' }, b: { type: 'carrier', fails: true } }, types)).rejects.toThrow(
      'no connection',
    );
    expect(closed).toEqual(['a']);
    const { close } = await open({ c: { type: 'carrier' } }, types);
    await close();
    expect(closed).toEqual(['a', 'c']);
  });
});
