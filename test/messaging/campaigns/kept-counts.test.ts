import { expect, test } from 'vitest';
import { keepCounts } from '../../../src/messaging/campaigns/kept-counts.ts';
import { openTestService } from '../../service.ts';

const NEVER = 3_600_000;
const AT_ONCE = 0;

/** A count that ends when it is told to. */
function counter() {
  const ends: { resolve(value: number): void; reject(error: Error): void }[] = [];
  return {
    ends,
    count: () => new Promise<number>((resolve, reject) => ends.push({ resolve, reject })),
  };
}

test('one count serves all who ask meanwhile, and those after it for nine times as long as it took', async () => {
  let now = 0;
  const { ends, count } = counter();
  const read = keepCounts<number>(() => now, NEVER);
  const asked = [read('a', count), read('a', count)];
  now = 100;
  ends[0]?.resolve(7);
  expect(await Promise.all(asked)).toEqual([7, 7]);
  now = 999;
  expect(await read('a', count)).toBe(7);
  expect(ends).toHaveLength(1);
  now = 1_000;
  const again = read('a', count);
  ends[1]?.resolve(8);
  expect(await again).toBe(8);
});

test('who cannot wait has the count before, or none, and the count goes on for the next', async () => {
  let now = 0;
  const { ends, count } = counter();
  const read = keepCounts<number>(() => now, AT_ONCE);
  expect(await read('a', count)).toBeNull();
  now = 10;
  ends[0]?.resolve(7);
  await expect.poll(() => read('a', count)).toBe(7);
  now = 1_000;
  expect(await read('a', count)).toBe(7);
  expect(ends).toHaveLength(2);
  expect(await read('b', count)).toBeNull();
});

test('a count that failed is told to who waits for it, and begun anew', async () => {
  const { ends, count } = counter();
  const read = keepCounts<number>(() => 0, NEVER);
  const failed = read('a', count);
  ends[0]?.reject(new Error('no database'));
  await expect(failed).rejects.toThrow('no database');
  const again = read('a', count);
  ends[1]?.resolve(7);
  expect(await again).toBe(7);
});

test('a large campaign has the counts and figures of what became of its recipients', async () => {
  const service = await openTestService('embedded');
  try {
    const { id: contact } = (await service.call('POST', '/v1/contacts', { phone: '+33612345678' })).body;
    const { id: list } = (await service.call('POST', '/v1/lists', { name: 'People' })).body;
    await service.call('POST', `/v1/lists/${list}/members/add`, { contacts: [contact] });
    const campaign = { name: 'News', purpose: 'transactional', audience: { lists: [list] }, text: 'Hello' };
    const { id } = (await service.call('POST', '/v1/campaigns', campaign)).body;
    await service.call('POST', `/v1/campaigns/${id}/start`);
    await service.services.messaging.campaigns.worker.runDue();
    const { kysely } = service.services.db;
    // Many enough to be counted beside, in several pieces.
    await kysely.updateTable('campaigns').set({ recipients: 100_000, chunks: 200 }).where('id', '=', id).execute();
    await expect
      .poll(async () => (await service.call('GET', `/v1/campaigns/${id}`)).body.counts)
      .toMatchObject({ sent: 1, waiting: 0 });
    await expect.poll(async () => (await service.call('GET', `/v1/campaigns/${id}/stats`)).status).toBe(200);
    expect((await service.call('GET', `/v1/campaigns/${id}/stats`)).body).toMatchObject({
      total: { recipients: 1, sent: 1 },
      counted_at: new Date(service.clock.now).toISOString(),
    });
  } finally {
    await service.close();
  }
});
