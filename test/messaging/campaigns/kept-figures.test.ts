import { expect, it, test } from 'vitest';
import type { Database } from '../../../src/db/open.ts';
import type { CampaignRow } from '../../../src/messaging/campaigns/campaign.ts';
import { createKeptFigures } from '../../../src/messaging/campaigns/kept-figures.ts';
import type { Standing } from '../../../src/messaging/campaigns/read-recipients.ts';
import { onEachDialect } from '../../db/on-each-dialect.ts';
import { openTestService } from '../../service.ts';

const NOW = Date.UTC(2026, 0, 2);
const STARTED = Date.UTC(2026, 0, 1);
const NEVER = 3_600_000;
const AT_ONCE = 0;
const PEOPLE = 1_000_000;

const standings = (state: Standing['state']): Standing[] => [{ state, reason: null, count: PEOPLE }];

/** What another process would have: of its own is only what it counts. */
function open(db: Database, waitMs: number, clock = { now: NOW }) {
  const { promise, resolve: end } = Promise.withResolvers<Standing[]>();
  let counts = 0;
  const { read } = createKeptFigures({
    ...{ db, now: () => clock.now, kind: 'standings', atOnce: 25_000, waitMs },
    count: () => {
      counts += 1;
      return promise;
    },
    atStart: ({ recipients }) => [{ state: 'waiting', reason: 'in_line', count: recipients }],
  });
  const campaign = { id: 'cmp_one', status: 'running', totals: null, recipients: PEOPLE, started_at: STARTED };
  return {
    end,
    counts: () => counts,
    read: (change: Partial<CampaignRow> = {}) => read({ ...campaign, ...change } as CampaignRow),
  };
}

await onEachDialect('figures of a large campaign', (databases) => {
  it('are those of its start until it is counted, and the newest afterwards', async () => {
    const { end, read } = open(await databases.open(), AT_ONCE);
    const atStart = [{ state: 'waiting', reason: 'in_line', count: PEOPLE }];
    expect(await read()).toEqual({ value: atStart, countedAt: STARTED, counting: true });
    end(standings('sent'));
    await expect.poll(() => read()).toEqual({ value: standings('sent'), countedAt: NOW, counting: false });
  });

  it('that one process has counted are there in others, while those count anew too', async () => {
    const db = await databases.open();
    const first = open(db, NEVER);
    first.end(standings('sent'));
    await first.read();

    const fresh = { value: standings('sent'), countedAt: NOW, counting: false };
    const second = open(db, NEVER);
    expect(await second.read()).toEqual(fresh);
    expect(second.counts()).toBe(0);
    const stale = { ...fresh, counting: true };
    expect(await open(db, AT_ONCE, { now: NOW + NEVER }).read()).toEqual(stale);
    expect(await open(db, AT_ONCE).read({ status: 'paused' })).toEqual(stale);
  });

  it('are never those of an older count', async () => {
    const db = await databases.open();
    const clock = { now: NOW };
    const [slow, quick] = [open(db, NEVER, clock), open(db, NEVER, { now: NOW + 1 })];
    const reads = [slow.read(), quick.read()];
    await expect.poll(() => [slow.counts(), quick.counts()]).toEqual([1, 1]);
    quick.end(standings('sent'));
    await reads[1];
    clock.now = NOW + 1;
    slow.end(standings('waiting'));
    await reads[0];
    expect(await open(db, AT_ONCE, { now: NOW + NEVER }).read()).toMatchObject({ value: standings('sent') });
  });

  it('that were counted before the clock was set back are counted anew, and replaced', async () => {
    const db = await databases.open();
    const ahead = open(db, NEVER, { now: NOW + NEVER });
    ahead.end(standings('waiting'));
    await ahead.read();
    const fresh = { value: standings('sent'), countedAt: NOW, counting: false };
    const back = open(db, NEVER);
    back.end(standings('sent'));
    expect(await back.read()).toEqual(fresh);
    expect(await open(db, NEVER).read()).toEqual(fresh);
  });
});

test('a large campaign is counted when it ends, always has counts and figures, and soon those of what became of it', async () => {
  const service = await openTestService('embedded');
  try {
    const { id: contact } = (await service.call('POST', '/v1/contacts', { phone: '+33612345678' })).body;
    const { id: list } = (await service.call('POST', '/v1/lists', { name: 'People' })).body;
    await service.call('POST', `/v1/lists/${list}/members/add`, { contacts: [contact] });
    const campaign = { name: 'News', purpose: 'transactional', audience: { lists: [list] }, text: 'Hello' };
    const { id } = (await service.call('POST', '/v1/campaigns', campaign)).body;
    await service.call('POST', `/v1/campaigns/${id}/start`);
    const { kysely } = service.services.db;
    // Many enough to be counted beside, in several pieces.
    await kysely.updateTable('campaigns').set({ recipients: 100_000, chunks: 200 }).where('id', '=', id).execute();
    await service.services.messaging.campaigns.worker.runDue();
    const written = kysely.selectFrom('campaign_figures').select('kind').where('campaign_id', '=', id).orderBy('kind');
    await expect.poll(() => written.execute()).toEqual([{ kind: 'standings' }, { kind: 'sums' }]);
    const [view, stats] = await Promise.all(
      ['', '/stats'].map(async (path) => (await service.call('GET', `/v1/campaigns/${id}${path}`)).body),
    );
    expect(Object.keys(view.counts)).toContain('sent');
    expect(stats.total.recipients).toBeGreaterThan(0);
    const at = new Date(service.clock.now).toISOString();
    await expect
      .poll(async () => (await service.call('GET', `/v1/campaigns/${id}`)).body)
      .toMatchObject({ counts: { sent: 1, waiting: 0 }, counted_at: at });
    await expect
      .poll(async () => (await service.call('GET', `/v1/campaigns/${id}/stats`)).body)
      .toMatchObject({ total: { recipients: 1, sent: 1 }, counted_at: at, counting: false });
  } finally {
    await service.close();
  }
});
