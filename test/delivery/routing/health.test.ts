import { describe, expect, it } from 'vitest';
import type { Database } from '../../../src/db/open.ts';
import type { OpenRouting } from '../../../src/delivery/routing/create-routing.ts';
import type { RoutingTable } from '../../../src/delivery/routing/table-schema.ts';
import { databasesOf, onEachDialect } from '../../db/on-each-dialect.ts';
import { factsOf, HOUR, MINUTE, NOW, openRouting, outcomeOf, ruleTable, SECOND, seeded } from './routing-rig.ts';

const REFRESH = 10 * SECOND;

interface Traffic {
  /** A code goes out this often. */
  everyMs: number;
  /** Share of codes that are approved, by the provider they went through. */
  converts: Record<string, number>;
  /** How long people take to type them. */
  typedMs?: number;
}

/** Instances on one database that send codes by turns; time passes only here. */
function createWorld(instances: readonly OpenRouting[], start = NOW) {
  const random = seeded(5);
  const sends: { at: number; provider: string }[] = [];
  let now = start;
  let turn = 0;
  let nextSend = now;
  let nextRefresh = now;
  let approvals: { at: number; sentAt: number; provider: string }[] = [];
  const next = () => instances[turn++ % instances.length] as OpenRouting;

  async function step({ everyMs, converts, typedMs = 20 * SECOND }: Traffic): Promise<void> {
    for (const { provider, sentAt } of approvals.filter(({ at }) => at <= now)) {
      next().converted({ provider, channel: 'sms', country: 'FR' }, now, sentAt);
    }
    approvals = approvals.filter(({ at }) => at > now);
    if (now >= nextSend) {
      const sender = next();
      const provider = sender.route(factsOf(), now).candidates[0]?.provider ?? 'none';
      sender.tried(outcomeOf(provider), now);
      sends.push({ at: now, provider });
      if (random() < (converts[provider] ?? 0)) approvals.push({ at: now + typedMs, sentAt: now, provider });
      nextSend = now + everyMs;
    }
    if (now >= nextRefresh) {
      for (const instance of instances) await instance.refreshHealth(now);
      nextRefresh = now + REFRESH;
    }
  }

  return {
    now: () => now,
    async pass(ms: number, traffic: Traffic): Promise<void> {
      for (const end = now + ms; now < end; now += SECOND / 2) await step(traffic);
    },
    /** Providers of the sends since then. */
    since: (at: number) => sends.filter((send) => send.at >= at).map(({ provider }) => provider),
  };
}

const share = (providers: readonly string[], name: string) =>
  providers.filter((provider) => provider === name).length / providers.length;

async function twoInstances(open: () => Promise<Database>, fileTable: RoutingTable, random = () => 0.999) {
  const db = await open();
  const over = { fileTable, random };
  return { db, instances: [await openRouting(db, over), await openRouting(db, over)] as const };
}

/** Fifty sends in three minutes. */
const FIFTY = 3.5 * SECOND;
const CODES = { purpose: 'code' };
const euros = (amount: string) => ({ amount, currency: 'EUR' });
const tables: [string, RoutingTable][] = [
  ['ordered', ruleTable({ when: CODES })],
  [
    'cheapest',
    ruleTable({
      strategy: 'cheapest',
      providers: [
        { provider: 'beta', cost: euros('0.02') },
        { provider: 'alpha', cost: euros('0.01') },
      ],
    }),
  ],
  [
    'best_conversion',
    ruleTable({ strategy: 'best_conversion', providers: [{ provider: 'alpha' }, { provider: 'beta' }] }),
  ],
];

await onEachDialect('silent loss: codes are taken and never arrive (R41)', ({ open }) => {
  it.each(tables)('%s: within three minutes of fifty sends they go another way', async (_, table) => {
    const { instances } = await twoInstances(open, table);
    const world = createWorld(instances);
    await world.pass(40 * MINUTE, { everyMs: FIFTY, converts: { alpha: 0.6, beta: 0.5 } });
    expect(share(world.since(NOW), 'alpha')).toBeGreaterThan(0.95);
    const lostAt = world.now();
    await world.pass(3 * MINUTE, { everyMs: FIFTY, converts: { alpha: 0, beta: 0.5 } });
    expect(share(world.since(lostAt), 'alpha')).toBeGreaterThan(0.5);
    const later = world.now();
    await world.pass(10 * MINUTE, { everyMs: FIFTY, converts: { alpha: 0, beta: 0.5 } });
    expect(share(world.since(later), 'beta')).toBe(1);
    for (const { logged } of instances) {
      expect(logged.filter(({ level }) => level === 'warn')).toEqual([
        {
          level: 'warn',
          facts: expect.objectContaining({ provider: 'alpha', country: 'FR' }),
          message: expect.any(String),
        },
      ]);
    }
  });
});

describe('conversion', () => {
  const { open } = databasesOf('sqlite');

  it.each([0, 6, 12, 18, 24])('a drop is seen in time wherever it falls (%d s into a period)', async (offset) => {
    const { instances } = await twoInstances(open, ruleTable({}));
    const world = createWorld(instances);
    await world.pass(20 * MINUTE + offset * SECOND, { everyMs: FIFTY, converts: { alpha: 0.6 } });
    await world.pass(3 * MINUTE, { everyMs: FIFTY, converts: { beta: 0.5 } });
    const later = world.now();
    await world.pass(MINUTE, { everyMs: FIFTY, converts: { beta: 0.5 } });
    expect(share(world.since(later), 'beta')).toBe(1);
  });

  it('that goes up and down as chance has it moves nothing', async () => {
    const { instances } = await twoInstances(open, ruleTable({}));
    const world = createWorld(instances);
    await world.pass(6 * HOUR, { everyMs: 5 * SECOND, converts: { alpha: 0.35 } });
    expect(share(world.since(NOW), 'alpha')).toBe(1);
  });

  it('a drop is seen in time although the codes before it are still being typed', async () => {
    const { instances } = await twoInstances(open, ruleTable({}));
    const world = createWorld(instances);
    const traffic = { everyMs: FIFTY, typedMs: 70 * SECOND };
    await world.pass(20 * MINUTE, { ...traffic, converts: { alpha: 0.6 } });
    await world.pass(3 * MINUTE, { ...traffic, converts: { beta: 0.5 } });
    expect(instances[0].health.of('sms', 'FR').isFailing('alpha')).toBe(true);
  });

  it.each([0.5, 5])('of people who are slow to type is not missing (a code in %d s)', async (everySeconds) => {
    const { instances } = await twoInstances(open, ruleTable({}));
    const world = createWorld(instances);
    await world.pass(30 * MINUTE, { everyMs: everySeconds * SECOND, converts: { alpha: 0.6 }, typedMs: 80 * SECOND });
    expect(share(world.since(NOW), 'alpha')).toBe(1);
  });

  it('of codes that are on their way yet is not missing', async () => {
    const { instances } = await twoInstances(open, ruleTable({}));
    const world = createWorld(instances);
    await world.pass(20 * MINUTE, { everyMs: 10 * SECOND, converts: { alpha: 0.6 } });
    const before = world.now();
    await world.pass(2 * MINUTE, { everyMs: SECOND / 2, converts: { alpha: 0.6 } });
    expect(share(world.since(before), 'alpha')).toBe(1);
  });

  it('that is low everywhere is not the provider’s fault', async () => {
    const { instances } = await twoInstances(open, ruleTable({}));
    const world = createWorld(instances);
    await world.pass(30 * MINUTE, { everyMs: 5 * SECOND, converts: { alpha: 0.01, beta: 0.01 } });
    expect(share(world.since(NOW), 'alpha')).toBe(1);
  });

  it('that comes back brings the messages back', async () => {
    const { instances } = await twoInstances(open, ruleTable({}), seeded(6));
    const world = createWorld(instances);
    const good = { everyMs: SECOND / 2, converts: { alpha: 0.6, beta: 0.6 } };
    await world.pass(15 * MINUTE, good);
    await world.pass(10 * MINUTE, { ...good, converts: { beta: 0.6 } });
    expect(instances[0].health.of('sms', 'FR').isFailing('alpha')).toBe(true);
    await world.pass(40 * MINUTE, good);
    const later = world.now();
    await world.pass(5 * MINUTE, good);
    expect(share(world.since(later), 'alpha')).toBeGreaterThan(0.9);
    expect(instances[0].logged.at(-1)).toMatchObject({ level: 'info', facts: { provider: 'alpha' } });
  });

  it('is judged for each country apart', async () => {
    const { instances } = await twoInstances(open, ruleTable({}));
    const world = createWorld(instances);
    await world.pass(20 * MINUTE, { everyMs: FIFTY, converts: { alpha: 0.6 } });
    await world.pass(5 * MINUTE, { everyMs: FIFTY, converts: { beta: 0.5 } });
    const [one] = instances;
    expect(one.route(factsOf(), world.now()).candidates[0]?.provider).toBe('beta');
    expect(one.route(factsOf({ country: 'BE' }), world.now()).candidates[0]?.provider).toBe('alpha');
  });
});

describe('best_conversion', () => {
  const { open } = databasesOf('sqlite');
  const table = ruleTable({
    strategy: 'best_conversion',
    providers: ['alpha', 'beta', 'gamma'].map((provider) => ({ provider })),
  });

  async function orderAfter(figures: Record<string, [sent: number, approved: number]>): Promise<string[]> {
    const routing = await openRouting(await open(), { fileTable: table });
    for (const [provider, [sent, approved]] of Object.entries(figures)) {
      for (let at = 0; at < sent; at += 1) routing.tried(outcomeOf(provider), NOW);
      for (let at = 0; at < approved; at += 1) routing.converted({ provider, channel: 'sms', country: 'FR' }, NOW, NOW);
    }
    await routing.refreshHealth(NOW + 2 * MINUTE);
    const { candidates } = routing.route(factsOf(), NOW + 2 * MINUTE);
    await routing.close();
    return candidates.map(({ provider }) => provider);
  }

  it('the provider whose codes are approved most goes first', async () => {
    expect(await orderAfter({ alpha: [500, 200], beta: [500, 350], gamma: [500, 300] })).toEqual([
      'beta',
      'gamma',
      'alpha',
    ]);
  });

  it('a few lucky or unlucky codes do not decide', async () => {
    expect(await orderAfter({ alpha: [500, 350], beta: [3, 3], gamma: [500, 100] })).toEqual([
      'alpha',
      'beta',
      'gamma',
    ]);
    expect((await orderAfter({ alpha: [500, 300], beta: [500, 350], gamma: [2, 0] }))[0]).toBe('beta');
  });

  it('without any figures the order is the table’s', async () => {
    expect(await orderAfter({})).toEqual(['alpha', 'beta', 'gamma']);
  });

  it('where no codes are sent receipts decide', async () => {
    const routing = await openRouting(await open(), { fileTable: table });
    for (const [provider, delivered] of [
      ['alpha', 60],
      ['beta', 90],
      ['gamma', 80],
    ] as const) {
      for (let at = 0; at < 100; at += 1) {
        routing.tried(outcomeOf(provider, { purpose: 'transactional' }), NOW);
        const status = at < delivered ? 'delivered' : 'undelivered';
        routing.reported({ provider, channel: 'sms', country: 'FR' }, status, NOW);
      }
    }
    await routing.refreshHealth(NOW + 2 * MINUTE);
    const { candidates } = routing.route(factsOf({ purpose: 'transactional' }), NOW + 2 * MINUTE);
    expect(candidates.map(({ provider }) => provider)).toEqual(['beta', 'gamma', 'alpha']);
  });
});

await onEachDialect('figures of providers', ({ open }) => {
  it('are the sum of what all instances counted, and survive them', async () => {
    const db = await open();
    const instances = [await openRouting(db), await openRouting(db)];
    await Promise.all(
      instances.map(async (instance) => {
        for (let round = 0; round < 20; round += 1) {
          instance.tried(outcomeOf('alpha'), NOW);
          instance.tried(outcomeOf('alpha', { kind: 'rejected', reason: 'invalid_recipient' }), NOW);
          instance.tried(outcomeOf('beta', { kind: 'outcome_unknown', reason: 'timeout', country: null }), NOW);
          instance.reported({ provider: 'alpha', channel: 'sms', country: 'FR' }, 'delivered', NOW);
          await instance.refreshHealth(NOW);
        }
        instance.tried(outcomeOf('alpha', { kind: 'failed', reason: 'unavailable', purpose: 'marketing' }), NOW);
        await instance.close();
      }),
    );
    const third = await openRouting(db, { now: () => NOW + MINUTE });
    const listed = third.health.list().map(({ provider, country, recent }) => ({ provider, country, ...recent }));
    expect(listed).toHaveLength(2);
    expect(listed).toContainEqual({
      provider: 'alpha',
      country: 'FR',
      sent: 82,
      accepted: 40,
      rejected: 40,
      failed: 2,
      unknown: 0,
      delivered: 40,
      undelivered: 0,
      codes_sent: 40,
      codes_approved: 0,
    });
    expect(listed).toContainEqual(
      expect.objectContaining({ provider: 'beta', country: '-', sent: 40, unknown: 40, codes_sent: 40 }),
    );
  });

  it('count less the older they are, and for a day', async () => {
    const db = await open();
    const routing = await openRouting(db);
    for (let at = 0; at < 1000; at += 1) routing.tried(outcomeOf('alpha'), NOW);
    const sentAfter = async (ms: number) => {
      await routing.refreshHealth(NOW + ms);
      return routing.health.list()[0]?.long.sent ?? 0;
    };
    expect(await sentAfter(MINUTE)).toBeCloseTo(996, -1);
    expect(await sentAfter(3 * HOUR)).toBeCloseTo(500, -1);
    expect(await sentAfter(6 * HOUR)).toBeCloseTo(250, -1);
    const fresh = await openRouting(db, { now: () => NOW + 6 * HOUR });
    expect(fresh.health.list()[0]?.long.sent).toBeCloseTo(250, -1);
    expect(await sentAfter(25 * HOUR)).toBe(0);
  });

  it('that could not be written are written later', async () => {
    const db = await open();
    const routing = await openRouting(db);
    routing.tried(outcomeOf('alpha'), NOW);
    await db.kysely.schema.alterTable('provider_stats').renameTo('away').execute();
    await expect(routing.refreshHealth(NOW)).rejects.toThrow();
    await db.kysely.schema
      .alterTable('away' as never)
      .renameTo('provider_stats')
      .execute();
    routing.tried(outcomeOf('alpha'), NOW);
    await routing.refreshHealth(NOW + MINUTE);
    expect(routing.health.list()[0]?.recent.sent).toBe(2);
  });

  it('leave the database when nobody reads them any more', async () => {
    const db = await open();
    const routing = await openRouting(db);
    const rows = async () =>
      (await db.kysely.selectFrom('provider_stats').select('seconds').orderBy('seconds').execute()).map(
        ({ seconds }) => seconds,
      );
    const refreshes = async (at: number) => {
      for (let round = 0; round < 60; round += 1) await routing.refreshHealth(at);
    };
    routing.tried(outcomeOf('alpha'), NOW);
    await refreshes(NOW + HOUR);
    expect(await rows()).toEqual([30, 3600]);
    await refreshes(NOW + 3 * HOUR);
    expect(await rows()).toEqual([3600]);
    await refreshes(NOW + 8 * 24 * HOUR);
    expect(await rows()).toEqual([]);
  });
});
