import { describe, expect, it } from 'vitest';
import { type CircuitState, chooseRoute, EXPLORED, type Outlook } from '../../../src/delivery/routing/choose-route.ts';
import { compileTable } from '../../../src/delivery/routing/compile-table.ts';
import type { RouteDecision, RouteFacts } from '../../../src/delivery/routing/router.ts';
import type { RoutingTable } from '../../../src/delivery/routing/table-schema.ts';
import { CARRIERS, factsOf, never, outlookOf, ruleTable, seeded, tableOf } from './routing-rig.ts';

interface Choice {
  facts?: Partial<RouteFacts>;
  outlook?: Partial<Outlook>;
  random?: () => number;
}

function choose(table: RoutingTable, { facts = {}, outlook = {}, random = never }: Choice = {}): RouteDecision {
  return chooseRoute(compileTable(7, table, CARRIERS), factsOf(facts), outlookOf(outlook), random);
}

const providersOf = ({ candidates }: RouteDecision) => candidates.map(({ provider }) => provider);
const sendersOf = ({ candidates }: RouteDecision) => candidates.map(({ provider, sender }) => [provider, sender]);
const circuits = (states: Record<string, [CircuitState, number?]>): Partial<Outlook> => ({
  circuit: (provider) => {
    const [state, reopensAt = 0] = states[provider] ?? ['closed'];
    return { state, reopensAt };
  },
});
const failing = (...names: string[]): Partial<Outlook> => ({ isFailing: (provider) => names.includes(provider) });

describe('rules', () => {
  const one = (name: string, when: object, provider = 'alpha') => ({ name, when, providers: [{ provider }] });
  const table = tableOf({
    rules: [
      one('network', { mcc_mnc: ['20801', '310'] }),
      one('named', { sender: 'ACME' }),
      one('own', { project: 'prj_2' }),
      one('mobile', { prefix: ['+3367', '+3368'] }),
      one('codes', { country: ['FR', 'BE'], purpose: 'code', channel: 'sms' }, 'beta'),
      one('french', { country: 'FR' }),
    ],
  });

  it.each<[string | null, Partial<RouteFacts>]>([
    ['codes', {}],
    ['codes', { country: 'BE', to: '+32470123456' }],
    ['french', { purpose: 'marketing' }],
    ['french', { channel: 'voice' }],
    ['mobile', { to: '+33671234567' }],
    ['own', { project: 'prj_2', to: '+33671234567' }],
    ['named', { sender: 'ACME', project: 'prj_2' }],
    ['network', { mccMnc: '20801', sender: 'ACME' }],
    ['network', { mccMnc: '310260', country: 'US', to: '+12125550123' }],
    ['codes', { mccMnc: '20810' }],
    [null, { country: 'DE', to: '+4915112345678' }],
    [null, { country: null, to: 'a@b.example', channel: 'email' }],
  ])('the first that fits decides: %s for %o', (rule, facts) => {
    expect(choose(table, { facts }).rule).toBe(rule);
  });

  it('without one, every provider of the channel in the order of the file', () => {
    const decision = choose(tableOf({}));
    expect(decision).toMatchObject({ version: 7, rule: null, strategy: 'ordered', skipped: [] });
    expect(providersOf(decision)).toEqual(['alpha', 'beta', 'gamma']);
    expect(providersOf(choose(tableOf({}), { facts: { channel: 'whatsapp' } }))).toEqual(['gamma']);
    expect(providersOf(choose(tableOf({}), { facts: { channel: 'telegram' } }))).toEqual([]);
  });

  it('say validity, receipts and fail-over; codes and other messages have defaults of their own', () => {
    const rule = {
      validity_seconds: 300,
      receipt_timeout_seconds: 120,
      failover_after_seconds: 60,
      failover_on_receipt: false,
    };
    expect(choose(ruleTable(rule))).toMatchObject({
      validitySeconds: 300,
      receiptTimeoutSeconds: 120,
      failoverAfterSeconds: 60,
      failoverOnReceipt: false,
    });
    const defaults = { validitySeconds: null, failoverAfterSeconds: null, failoverOnReceipt: true };
    expect(choose(ruleTable({}))).toMatchObject({ ...defaults, receiptTimeoutSeconds: 900 });
    const marketing = choose(ruleTable({}), { facts: { purpose: 'marketing' } });
    expect(marketing).toMatchObject({ ...defaults, receiptTimeoutSeconds: 172_800 });
  });

  it('a provider that lacks the channel, or is not configured any more, is skipped', () => {
    const table = ruleTable({ providers: ['beta', 'delta', 'alpha'].map((provider) => ({ provider })) });
    const decision = choose(table, { facts: { channel: 'voice' } });
    expect(providersOf(decision)).toEqual(['alpha']);
    expect(decision.skipped).toEqual([
      { provider: 'beta', why: 'wrong_channel' },
      { provider: 'delta', why: 'not_configured' },
    ]);
  });
});

describe('strategies', () => {
  const three = (over: object[] = [{}, {}, {}]) =>
    ['alpha', 'beta', 'gamma'].map((provider, at) => ({ provider, ...over[at] }));
  const euros = (amount: string) => ({ cost: { amount, currency: 'EUR' } });

  it('ordered: as the table says', () => {
    expect(providersOf(choose(ruleTable({ providers: three() })))).toEqual(['alpha', 'beta', 'gamma']);
  });

  it('cheapest: by cost, which the candidate keeps', () => {
    const providers = three([euros('0.10'), euros('0.0075'), euros('0.009')]);
    const decision = choose(ruleTable({ strategy: 'cheapest', providers }));
    expect(providersOf(decision)).toEqual(['beta', 'gamma', 'alpha']);
    expect(decision.candidates[0]?.cost).toEqual({ amount: '0.0075', currency: 'EUR' });
  });

  it('best_conversion: by score, equals as the table says', () => {
    const score = (provider: string) => ({ alpha: 0.5, beta: 0.7, gamma: 0.5 })[provider] ?? 0;
    const table = ruleTable({ strategy: 'best_conversion', providers: three() });
    expect(providersOf(choose(table, { outlook: { score } }))).toEqual(['beta', 'alpha', 'gamma']);
  });

  it('weighted: each is first as often as its weight says, and second as often as its weight among the rest', () => {
    const table = ruleTable({ strategy: 'weighted', providers: three([{ weight: 6 }, { weight: 3 }, { weight: 1 }]) });
    const compiled = compileTable(1, table, CARRIERS);
    const random = seeded(1);
    const firsts = new Map<string, number>();
    let secondAfterAlpha = 0;
    const rounds = 20_000;
    for (let round = 0; round < rounds; round += 1) {
      const facts = factsOf({ purpose: 'transactional' });
      const [first = '', second] = providersOf(chooseRoute(compiled, facts, outlookOf(), random));
      firsts.set(first, (firsts.get(first) ?? 0) + 1);
      if (first === 'alpha' && second === 'beta') secondAfterAlpha += 1;
    }
    const share = (name: string) => (firsts.get(name) ?? 0) / rounds;
    expect(share('alpha')).toBeCloseTo(0.6, 1);
    expect(share('beta')).toBeCloseTo(0.3, 1);
    expect(share('gamma')).toBeCloseTo(0.1, 1);
    expect(secondAfterAlpha / (firsts.get('alpha') ?? 1)).toBeCloseTo(0.75, 1);
  });

  it('weighted: a weight of 0 is for when no other is left', () => {
    const table = ruleTable({ strategy: 'weighted', providers: three([{ weight: 0 }, { weight: 1 }, { weight: 0 }]) });
    const random = seeded(2);
    for (let round = 0; round < 50; round += 1) {
      expect(providersOf(choose(table, { random }))[0]).toBe('beta');
    }
    expect(providersOf(choose(table, { random, outlook: circuits({ beta: ['open'] }) }))).toEqual(['alpha', 'gamma']);
  });
});

describe('providers that do badly', () => {
  const table = ruleTable({ providers: ['alpha', 'beta', 'gamma'].map((provider) => ({ provider })) });

  it('an open circuit is skipped', () => {
    const decision = choose(table, { outlook: circuits({ alpha: ['open'] }) });
    expect(providersOf(decision)).toEqual(['beta', 'gamma']);
    expect(decision.skipped).toEqual([{ provider: 'alpha', why: 'circuit_open' }]);
  });

  it('a half-open circuit keeps its place', () => {
    expect(providersOf(choose(table, { outlook: circuits({ alpha: ['half_open'] }) }))[0]).toBe('alpha');
  });

  it('when all circuits are open a code still goes, through the one that opens first', () => {
    const outlook = circuits({ alpha: ['open', 300], beta: ['open', 100], gamma: ['open', 200] });
    const decision = choose(table, { outlook });
    expect(providersOf(decision)).toEqual(['beta', 'gamma', 'alpha']);
    expect(decision.skipped).toEqual([]);
  });

  it('when all circuits are open other messages wait', () => {
    const outlook = circuits({ alpha: ['open'], beta: ['open'], gamma: ['open'] });
    const decision = choose(table, { outlook, facts: { purpose: 'transactional' } });
    expect(decision.candidates).toEqual([]);
    expect(decision.skipped.map(({ why }) => why)).toEqual(['circuit_open', 'circuit_open', 'circuit_open']);
  });

  it('one that no longer delivers comes after the others, whatever the strategy', () => {
    expect(providersOf(choose(table, { outlook: failing('alpha') }))).toEqual(['beta', 'gamma', 'alpha']);
    expect(providersOf(choose(table, { outlook: failing('alpha', 'beta', 'gamma') }))).toEqual([
      'alpha',
      'beta',
      'gamma',
    ]);
  });

  it('one that an earlier send of the verification did not arrive through comes last of all', () => {
    const decision = choose(table, { facts: { avoid: ['alpha'] }, outlook: failing('beta') });
    expect(providersOf(decision)).toEqual(['gamma', 'beta', 'alpha']);
    const only = ruleTable({ providers: [{ provider: 'alpha' }] });
    expect(providersOf(choose(only, { facts: { avoid: ['alpha'] } }))).toEqual(['alpha']);
  });
});

describe('exploring', () => {
  const providers = ['alpha', 'beta', 'gamma'].map((provider) => ({ provider }));
  const best = ruleTable({ strategy: 'best_conversion', providers });
  const score = (provider: string) => (provider === 'beta' ? 0.9 : 0.1);

  function firstsOf(table: RoutingTable, choice: Choice): Record<string, number> {
    const random = seeded(3);
    const rounds = 20_000;
    const shares: Record<string, number> = {};
    for (let round = 0; round < rounds; round += 1) {
      const decision = choose(table, { ...choice, random });
      const [first = ''] = providersOf(decision);
      shares[first] = (shares[first] ?? 0) + 1 / rounds;
      expect(new Set(providersOf(decision)).size).toBe(3);
    }
    return shares;
  }

  it('a small share of codes keeps the figures of the others alive', () => {
    const shares = firstsOf(best, { outlook: { score } });
    expect(shares.beta).toBeCloseTo(1 - EXPLORED, 2);
    expect(shares.alpha).toBeCloseTo(EXPLORED / 2, 2);
    expect(shares.gamma).toBeCloseTo(EXPLORED / 2, 2);
  });

  it('one that no longer delivers can recover under any strategy', () => {
    const shares = firstsOf(ruleTable({ providers }), { outlook: failing('alpha') });
    expect(shares.alpha).toBeGreaterThan(EXPLORED / 2);
    expect(shares.alpha).toBeLessThan(EXPLORED * 2);
    expect(shares.gamma).toBeUndefined();
  });

  it('is recorded, and spares other messages and those who got no code already', () => {
    const always = () => 0;
    expect(choose(best, { outlook: { score }, random: always })).toMatchObject({ explored: true });
    for (const facts of [{ purpose: 'transactional' }, { purpose: 'marketing' }, { avoid: ['gamma'] }] as const) {
      const decision = choose(best, { facts, outlook: { score }, random: always });
      expect(decision).not.toHaveProperty('explored');
      expect(providersOf(decision)[0]).toBe('beta');
    }
  });
});

describe('senders', () => {
  const senders = [
    { value: 'ACME', kind: 'alphanumeric', countries: ['FR', 'BE'], registration: 'registered' },
    { value: 'ACME', kind: 'alphanumeric', countries: ['IN'], registration: 'pending' },
    { value: 'AcmeBank', kind: 'alphanumeric', countries: ['FR'] },
    { value: '38123', kind: 'short_code', countries: ['US'], providers: ['alpha'], per_second: 40, burst: 4 },
    { value: '+12025550100', kind: 'long', countries: ['US'], per_second: 1 },
    { value: 'Gone', kind: 'alphanumeric', countries: ['GB'], registration: 'refused' },
  ];
  const table = ruleTable({}, ...senders);
  const to = (country: string, over: Partial<RouteFacts> = {}) => ({ facts: { country, ...over } });

  it('the first that may be used in the country with that provider', () => {
    expect(sendersOf(choose(table, to('FR')))).toEqual([
      ['alpha', 'ACME'],
      ['beta', 'ACME'],
    ]);
    expect(sendersOf(choose(table, to('US')))).toEqual([
      ['alpha', '38123'],
      ['beta', '+12025550100'],
    ]);
  });

  it('where all that are listed are pending or refused, nothing is sent', () => {
    for (const country of ['IN', 'GB']) {
      const decision = choose(table, to(country));
      expect(decision.candidates).toEqual([]);
      expect(decision.skipped.map(({ why }) => why)).toEqual(['sender_not_registered', 'sender_not_registered']);
    }
  });

  it('where none is listed, the name of the app', () => {
    expect(sendersOf(choose(table, to('DE')))[0]).toEqual(['alpha', 'Acme']);
    for (const [brand, sender] of [
      ['Crédit Agricole de Paris', 'Credit Agri'],
      ['123', 'Countersign'],
      [undefined, 'Countersign'],
    ] as const) {
      const facts = factsOf({ country: 'DE' });
      delete facts.brand;
      const decision = chooseRoute(
        compileTable(1, table, CARRIERS),
        { ...facts, ...(brand !== undefined && { brand }) },
        outlookOf(),
        never,
      );
      expect(decision.candidates[0]?.sender).toBe(sender);
    }
  });

  it('one that was asked for must be listed for the country', () => {
    expect(sendersOf(choose(table, to('FR', { sender: 'AcmeBank' })))[0]).toEqual(['alpha', 'AcmeBank']);
    for (const [country, sender] of [
      ['BE', 'AcmeBank'],
      ['IN', 'ACME'],
      ['FR', 'Bank'],
      ['DE', 'ACME'],
    ] as const) {
      expect(choose(table, to(country, { sender })).candidates).toEqual([]);
    }
    expect(sendersOf(choose(ruleTable({}), to('FR', { sender: 'Bank' })))[0]).toEqual(['alpha', 'Bank']);
  });

  it('a kind is for its channels only', () => {
    expect(sendersOf(choose(table, to('FR', { channel: 'voice' })))).toEqual([['alpha', 'Acme']]);
    expect(sendersOf(choose(table, to('US', { channel: 'voice' })))).toEqual([['alpha', '+12025550100']]);
  });

  it('long numbers share the recipients, and each recipient always sees the same one', () => {
    const numbers = Array.from({ length: 4 }, (_, at) => ({ value: `+3370000000${at}`, kind: 'long' }));
    const pool = ruleTable({}, ...numbers);
    const senderFor = (recipient: string) => choose(pool, { facts: { to: recipient } }).candidates[0]?.sender ?? '';
    const recipients = Array.from({ length: 400 }, (_, at) => `+336${12_345_678 + at * 7919}`);
    const counts = Map.groupBy(recipients, senderFor);
    expect(counts.size).toBe(4);
    for (const group of counts.values()) expect(group.length).toBeGreaterThan(50);
    for (const recipient of recipients) expect(senderFor(recipient)).toBe(senderFor(recipient));
  });

  it('rates are those of the rule’s provider and of the sender with it', () => {
    const rates = ruleTable({ providers: [{ provider: 'alpha', per_second: 55 }] }, ...senders);
    expect(choose(rates, to('US')).candidates[0]?.buckets).toEqual([
      { key: 'route:only:alpha', perSecond: 55, burst: 6 },
      { key: 'sender:alpha:38123', perSecond: 40, burst: 4 },
    ]);
    expect(choose(rates, to('FR')).candidates[0]?.buckets).toEqual([
      { key: 'route:only:alpha', perSecond: 55, burst: 6 },
    ]);
    expect(choose(ruleTable({})).candidates[0]?.buckets).toEqual([]);
  });
});
