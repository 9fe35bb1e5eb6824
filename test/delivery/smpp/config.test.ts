import { expect, it } from 'vitest';
import { providerTypes } from '../../../src/delivery/providers/registry.ts';
import { readConfig } from './carrier.ts';

it('is found in the registry', async () => {
  expect((await providerTypes.smpp()).schema).toBeDefined();
});

it('needs a host, a port and who we are, and nothing else', () => {
  const { config, problems } = readConfig({});
  expect(problems).toEqual([]);
  expect(config).toMatchObject({
    binds: [{ type: 'transceiver', count: 1 }],
    window: 10,
    long_messages: 'udh16',
    message_id_base: 'auto',
    receipts: 'all',
    enquire_link_ms: 30_000,
  });
});

it.each<[string, object, string, RegExp]>([
  ['an unknown member', { windows: 5 }, '/windows', /not known/],
  ['a password beyond ASCII', { password: 'pässword' }, '/password', /pattern/],
  ['a system_id that is too long', { system_id: 'sixteen-letters!' }, '/system_id', /15/],
  [
    'no bind that sends',
    { binds: [{ type: 'receiver' }] },
    '/binds',
    /cannot send: add a transceiver or a transmitter/,
  ],
  ['no bind that gets receipts', { binds: [{ type: 'transmitter' }] }, '/binds', /or set receipts to none/],
  ['a back-off upside down', { reconnect_min_ms: 5_000, reconnect_max_ms: 1_000 }, '/reconnect_max_ms', /at least/],
  [
    'national tables over Latin-1',
    { national_alphabets: ['turkish'], default_alphabet: 'latin1' },
    '/national_alphabets',
    /gsm7/,
  ],
  [
    'national tables without a header',
    { national_alphabets: ['turkish'], long_messages: 'sar' },
    '/national_alphabets',
    /udh16 or udh8/,
  ],
  ['a certificate without its key', { tls: { cert: 'PEM' } }, '/tls', /both or neither/],
  ['a certificate that is none', { tls: { cert: 'PEM', key: 'PEM' } }, '/tls', /PEM/],
  ['an authority that is none', { tls: { ca: 'PEM' } }, '/tls', /PEM/],
  ['a status that is no number', { status_reasons: { '401': 'filtered' } }, '/status_reasons/401', /not known/],
  [
    'a reason that is none',
    { status_reasons: { '0x401': 'because' } },
    '/status_reasons/0x401',
    /must be one of invalid_recipient, /,
  ],
])('refuses %s', (_, over, pointer, message) => {
  const { problems } = readConfig(over);
  expect(problems[0]?.pointer).toBe(pointer);
  expect(problems[0]?.message).toMatch(message);
});

it('a transmitter alone will do where no receipts are wanted', () => {
  expect(readConfig({ binds: [{ type: 'transmitter' }], receipts: 'none' }).problems).toEqual([]);
});
