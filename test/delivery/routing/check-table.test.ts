import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkTable } from '../../../src/delivery/routing/check-table.ts';
import { CARRIERS, tableOf } from './routing-rig.ts';

const check = (written: object) => checkTable(tableOf(written), CARRIERS);
const alpha = { provider: 'alpha' };
const beta = { provider: 'beta' };
const rule = (over: object = {}) => ({ name: 'r', providers: [alpha], ...over });
const sender = (over: object = {}) => ({ value: 'ACME', kind: 'alphanumeric', ...over });

it('a table that can be carried out has no errors', () => {
  const table = {
    senders: [
      sender({ countries: ['FR'], registration: 'registered' }),
      sender({ countries: ['IN'], registration: 'pending', providers: ['beta'] }),
      { value: '+33700000001', kind: 'long', per_second: 1 },
      { value: '38123', kind: 'short_code', countries: ['FR'], per_second: 40, burst: 4 },
      { value: 'codes@example.com', kind: 'email', providers: ['post'] },
    ],
    rules: [
      rule({ name: 'french-codes', when: { purpose: 'code', country: 'FR', channel: 'sms' } }),
      rule({ name: 'french', when: { country: ['FR', 'MC'], channel: ['sms', 'voice'] } }),
      rule({ name: 'mail', when: { channel: 'email' }, providers: [{ provider: 'post' }] }),
      rule({ name: 'rest' }),
    ],
  };
  expect(check(table)).toEqual([]);
  expect(check({})).toEqual([]);
});

it.each<[string, object, string, RegExp]>([
  [
    'a provider that is not configured',
    { rules: [rule({ providers: [alpha, { provider: 'delta' }] })] },
    '/rules/0/providers/1/provider',
    /no provider is called delta: .* \(configured: alpha, beta, gamma, post\)/,
  ],
  [
    'a provider without the channel of the rule',
    { rules: [rule({ when: { channel: 'voice' }, providers: [beta] })] },
    '/rules/0/providers/0/provider',
    /beta carries sms only/,
  ],
  [
    'a provider twice in a rule',
    { rules: [rule({ providers: [alpha, alpha] })] },
    '/rules/0/providers/1/provider',
    /already, at 0/,
  ],
  ['a name twice', { rules: [rule({ when: { country: 'FR' } }), rule()] }, '/rules/1/name', /name of rule 0 already/],
  [
    'weights that are all 0',
    { rules: [rule({ strategy: 'weighted', providers: [{ ...alpha, weight: 0 }] })] },
    '/rules/0/providers',
    /greater weight/,
  ],
  [
    'cheapest without a cost',
    {
      rules: [rule({ strategy: 'cheapest', providers: [{ ...alpha, cost: { amount: '1', currency: 'EUR' } }, beta] })],
    },
    '/rules/0/providers/1',
    /needs a cost/,
  ],
  [
    'cheapest in two currencies',
    {
      rules: [
        rule({
          strategy: 'cheapest',
          providers: [
            { ...alpha, cost: { amount: '1', currency: 'EUR' } },
            { ...beta, cost: { amount: '1', currency: 'USD' } },
          ],
        }),
      ],
    },
    '/rules/0/providers/1/cost/currency',
    /is USD while others are EUR/,
  ],
  [
    'a burst without a rate',
    { rules: [rule({ providers: [{ ...alpha, burst: 5 }] })] },
    '/rules/0/providers/0/burst',
    /per_second/,
  ],
  [
    'a fail-over after the receipt is given up',
    { rules: [rule({ failover_after_seconds: 60, receipt_timeout_seconds: 60 })] },
    '/rules/0/failover_after_seconds',
    /less than receipt_timeout_seconds \(60\)/,
  ],
  ['a country that is none', { rules: [rule({ when: { country: 'UK' } })] }, '/rules/0/when/country', /GB, not UK/],
  [
    'a rule below one that takes all',
    { rules: [rule(), rule({ name: 's', when: { country: 'FR' } })] },
    '/rules/1/when',
    /can never match: rule r above it/,
  ],
  [
    'a narrower prefix below a wider one',
    {
      rules: [
        rule({ when: { prefix: '+336' } }),
        rule({ name: 's', when: { prefix: ['+3361', '+3367'], country: 'FR' } }),
      ],
    },
    '/rules/1/when',
    /can never match: rule r above it/,
  ],
  [
    'a network below all networks of its country',
    { rules: [rule({ when: { mcc_mnc: '208' } }), rule({ name: 's', when: { mcc_mnc: '20801' } })] },
    '/rules/1/when',
    /can never match: rule r above it/,
  ],
  [
    'a country and a prefix of another one',
    { rules: [rule({ when: { country: 'DE', prefix: '+336' } })] },
    '/rules/0/when',
    /numbers of DE do not begin with \+336/,
  ],
  [
    'e-mail to a country',
    { rules: [rule({ when: { channel: 'email', country: 'FR' }, providers: [{ provider: 'post' }] })] },
    '/rules/0/when',
    /e-mail addresses have no country/,
  ],
  [
    'a sender of more than eleven characters',
    { senders: [sender({ value: 'TwelveLetter' })] },
    '/senders/0/value',
    /at most 11/,
  ],
  ['a sender of digits only', { senders: [sender({ value: '123456' })] }, '/senders/0/value', /at least one letter/],
  ['a sender with other characters', { senders: [sender({ value: 'Çédille' })] }, '/senders/0/value', /A-Z a-z/],
  [
    'a long number without its country',
    { senders: [sender({ kind: 'long', value: '0612345678' })] },
    '/senders/0/value',
    /E\.164/,
  ],
  [
    'a short code of nine digits',
    { senders: [sender({ kind: 'short_code', value: '123456789' })] },
    '/senders/0/value',
    /3 to 8/,
  ],
  [
    'an e-mail sender that is none',
    { senders: [sender({ kind: 'email', value: 'codes' })] },
    '/senders/0/value',
    /e-mail/,
  ],
  [
    'a sender of a provider that is not configured',
    { senders: [sender({ providers: ['delta'] })] },
    '/senders/0/providers/0',
    /delta/,
  ],
  [
    'a sender of a provider without its channel',
    { senders: [sender({ providers: ['post'] })] },
    '/senders/0/providers/0',
    /post has no channel that takes a sender of kind alphanumeric/,
  ],
  [
    'a sender with two states in one place',
    { senders: [sender({ countries: ['FR', 'BE'] }), sender({ countries: ['BE'], registration: 'pending' })] },
    '/senders/1',
    /in common with sender 0/,
  ],
  [
    'a sender for e-mail to countries',
    { senders: [{ value: 'a@b.example', kind: 'email', countries: ['FR'] }] },
    '/senders/0/countries',
    /take them out/,
  ],
])('is refused: %s', (_, written, pointer, message) => {
  expect(check(written)).toEqual([{ pointer, message: expect.stringMatching(message) }]);
});

it.each<[string, object, object]>([
  ['another channel', { channel: 'sms' }, { channel: ['sms', 'voice'] }],
  ['a wider prefix', { prefix: '+3361' }, { prefix: '+336' }],
  ['all networks of a country', { mcc_mnc: '20801' }, { mcc_mnc: '208' }],
  ['one condition less', { country: 'FR', purpose: 'code' }, { country: 'FR' }],
  ['another condition', { country: 'FR' }, { purpose: 'code' }],
])('a rule that takes more than the one above it is let through: %s', (_, above, below) => {
  expect(check({ rules: [rule({ name: 'a', when: above }), rule({ name: 'b', when: below })] })).toEqual([]);
});

it('the table of the guide can be carried out', () => {
  const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(readFileSync('docs/guides/routing.md', 'utf8')) ?? [];
  const table = tableOf(parse(yaml).routes);
  const carriers = ['carrier-a', 'carrier-b'].map((name) => ({ name, channels: ['sms'] as const }));
  expect(table.rules).toHaveLength(3);
  expect(checkTable(table, carriers)).toEqual([]);
});
