import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type CircuitState, chooseRoute, type Trace } from '../../../src/delivery/routing/choose-route.ts';
import { compileTable } from '../../../src/delivery/routing/compile-table.ts';
import type { RouteFacts } from '../../../src/delivery/routing/router.ts';
import { listOf, type RoutingTable } from '../../../src/delivery/routing/table-schema.ts';
import { CARRIERS, outlookOf, seeded, tableOf } from './routing-rig.ts';

const NAMES = ['alpha', 'beta', 'gamma', 'post', 'gone'];
const COUNTRIES = ['FR', 'DE', 'US'];
const PREFIXES = ['+33', '+336', '+49', '+4915', '+1'];
const NUMBERS = ['+33612345678', '+33712345678', '+4915112345678', '+12025550123'];

const some = <T>(values: readonly T[]) =>
  fc.option(fc.oneof(fc.constantFrom(...values), fc.subarray([...values], { minLength: 1 })), { nil: undefined });

const when = fc
  .record({
    purpose: some(['code', 'transactional', 'marketing']),
    channel: some(['sms', 'voice', 'email', 'whatsapp']),
    country: some(COUNTRIES),
    prefix: some(PREFIXES),
    mcc_mnc: some(['20801', '208', '26201']),
    sender: some(['ACME', 'Bank']),
    project: some(['prj_1', 'prj_2']),
  })
  .map((members) => Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)));

const provider = fc.record({
  weight: fc.constantFrom(0, 1, 5),
  cost: fc.record({ amount: fc.constantFrom('0.01', '0.02', '0.1'), currency: fc.constant('EUR') }),
});

const rule = fc
  .record({
    when,
    names: fc.subarray(NAMES, { minLength: 1 }),
    entries: fc.array(provider, { minLength: 5, maxLength: 5 }),
    strategy: fc.constantFrom('ordered', 'weighted', 'cheapest', 'best_conversion'),
  })
  .map(({ when, names, entries, strategy }) => ({
    when,
    strategy,
    providers: names.map((name, at) => ({ provider: name, ...entries[at] })),
  }));

const sender = fc.record({
  value: fc.constantFrom('ACME', 'Bank'),
  kind: fc.constant('alphanumeric'),
  countries: fc.subarray(COUNTRIES, { minLength: 1 }),
  registration: fc.constantFrom('registered', 'pending', 'refused', 'not_required'),
});

const tables = fc
  .record({ senders: fc.array(sender, { maxLength: 3 }), rules: fc.array(rule, { maxLength: 6 }) })
  .map(({ senders, rules }) => tableOf({ senders, rules: rules.map((one, at) => ({ name: `r${at}`, ...one })) }));

const facts: fc.Arbitrary<RouteFacts> = fc
  .record({
    project: fc.constantFrom('prj_1', 'prj_2'),
    purpose: fc.constantFrom('code' as const, 'transactional' as const, 'marketing' as const),
    channel: fc.constantFrom('sms' as const, 'voice' as const, 'email' as const, 'whatsapp' as const),
    to: fc.constantFrom(...NUMBERS),
    country: fc.constantFrom(...COUNTRIES, null),
    mccMnc: fc.option(fc.constantFrom('20801', '20820', '26201'), { nil: undefined }),
    sender: fc.option(fc.constantFrom('ACME', 'Other'), { nil: undefined }),
    avoid: fc.subarray(NAMES),
  })
  .map(({ mccMnc, sender: asked, ...rest }) => ({
    ...rest,
    ...(mccMnc !== undefined && { mccMnc }),
    ...(asked !== undefined && { sender: asked }),
  }));

const states = fc.dictionary(fc.constantFrom(...NAMES), fc.constantFrom<CircuitState>('closed', 'half_open', 'open'));
const scores = fc.dictionary(fc.constantFrom(...NAMES), fc.double({ min: 0, max: 1, noNaN: true }));
const failures = fc.subarray(NAMES);

const outlooks = fc.record({ states, scores, failures }).map(({ states: circuits, scores: given, failures: failing }) =>
  outlookOf({
    circuit: (name) => ({ state: circuits[name] ?? 'closed', reopensAt: NAMES.indexOf(name) }),
    score: (name) => given[name] ?? 0,
    isFailing: (name) => failing.includes(name),
  }),
);

const check = (
  property: (table: RoutingTable, one: RouteFacts, outlook: ReturnType<typeof outlookOf>, seed: number) => void,
) => fc.assert(fc.property(tables, facts, outlooks, fc.integer(), property), { numRuns: 2000 });

/** Condition by condition, as the table's reader understands it. */
function fits({ when: wanted }: RoutingTable['rules'][number], one: RouteFacts): boolean {
  const among = (list: string | string[] | undefined, value: string | null | undefined) =>
    listOf(list)?.some((item) => item === value) ?? true;
  return (
    among(wanted.purpose, one.purpose) &&
    among(wanted.channel, one.channel) &&
    among(wanted.country, one.country) &&
    (listOf(wanted.prefix)?.some((prefix) => one.to.startsWith(prefix)) ?? true) &&
    (listOf(wanted.mcc_mnc)?.some((network) => one.mccMnc === network || one.mccMnc?.slice(0, 3) === network) ??
      true) &&
    among(wanted.sender, one.sender) &&
    among(wanted.project, one.project)
  );
}

it('the first rule that fits decides', () => {
  check((table, one, outlook, seed) => {
    const decision = chooseRoute(compileTable(1, table, CARRIERS), one, outlook, seeded(seed));
    expect(decision.rule).toBe(table.rules.find((candidate) => fits(candidate, one))?.name ?? null);
  });
});

it('whoever asks why gets the decision that a message gets', () => {
  check((table, one, outlook, seed) => {
    const compiled = compileTable(1, table, CARRIERS);
    const trace: Trace = { rules: [], considered: [] };
    const explained = chooseRoute(compiled, one, outlook, seeded(seed), trace);
    expect(explained).toEqual(chooseRoute(compiled, one, outlook, seeded(seed)));
    const last = trace.rules.at(-1);
    if (explained.rule !== null) expect(last).toMatchObject({ rule: { name: explained.rule }, mismatch: null });
    else expect(trace.rules.every(({ mismatch }) => mismatch !== null)).toBe(true);
  });
});

it('each provider of the rule is a candidate or is skipped, once', () => {
  check((table, one, outlook, seed) => {
    const decision = chooseRoute(compileTable(1, table, CARRIERS), one, outlook, seeded(seed));
    const ruled = table.rules.find(({ name }) => name === decision.rule)?.providers.map(({ provider }) => provider);
    const expected = ruled ?? CARRIERS.filter(({ channels }) => channels.includes(one.channel)).map(({ name }) => name);
    const seen = [...decision.candidates, ...decision.skipped].map(({ provider }) => provider);
    expect(seen.sort()).toEqual([...expected].sort());
  });
});

it('no open circuit is tried while another provider could carry the message; then only for codes', () => {
  check((table, one, outlook, seed) => {
    const { candidates, skipped } = chooseRoute(compileTable(1, table, CARRIERS), one, outlook, seeded(seed));
    const isOpen = ({ provider }: { provider: string }) => outlook.circuit(provider).state === 'open';
    if (candidates.some(isOpen)) {
      expect(candidates.every(isOpen)).toBe(true);
      expect(one.purpose).toBe('code');
    }
    if (one.purpose === 'code' && candidates.length === 0) {
      expect(skipped.filter(({ why }) => why === 'circuit_open')).toEqual([]);
    }
  });
});

it('a provider that an earlier send did not arrive through never goes before one that was not tried', () => {
  check((table, one, outlook, seed) => {
    const { candidates } = chooseRoute(compileTable(1, table, CARRIERS), one, outlook, seeded(seed));
    const avoided = candidates.map(({ provider }) => one.avoid?.includes(provider) ?? false);
    expect(avoided).toEqual(avoided.toSorted((a, b) => Number(a) - Number(b)));
  });
});

it('a sender that is pending or refused in the country is never used', () => {
  check((table, one, outlook, seed) => {
    const { candidates } = chooseRoute(compileTable(1, table, CARRIERS), one, outlook, seeded(seed));
    if (one.channel !== 'sms' || one.country === null) return;
    for (const { sender: used } of candidates) {
      const listed = table.senders.filter(
        ({ value, countries }) => value === used && countries?.includes(one.country ?? ''),
      );
      if (listed.length === 0) continue;
      expect(listed.some(({ registration }) => registration === 'registered' || registration === 'not_required')).toBe(
        true,
      );
    }
  });
});
