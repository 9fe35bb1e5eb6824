import { expect, it } from 'vitest';
import { prepareSending } from '../../chaos/prepare-sending.ts';
import { type CountersignProcess, eventually } from '../../countersign-process.ts';
import { describeWith, freshDatabase } from '../../rig/stores.ts';

const LEASE_MS = 31_000;
const PHONES = 40;

await describeWith(['postgres'], 'answers to phones, by processes that are killed', () => {
  it('every message that was kept is answered once and told of once', { timeout: 120_000 }, async () => {
    const startAhead = prepareSending((await freshDatabase('postgres')).url);
    /** The leases of those killed before have ended by its clock. */
    const start = (round: number) => startAhead(round * LEASE_MS);
    let service: CountersignProcess = await start(0);
    const rule = { keywords: ['hours'], action: { type: 'reply', text: 'From 9 to 5.' } };
    expect((await service.call('POST', '/v1/keywords', rule)).status).toBe(201);
    const listed = async (path: string): Promise<Record<string, unknown>[]> =>
      (await service.call('GET', `${path}limit=100`)).body.data;

    for (let round = 1; round <= 2; round += 1) {
      const phones = Array.from({ length: PHONES }, (_, at) => `+3361${round}${String(at).padStart(6, '0')}`);
      const posts = phones.map((from) =>
        service.call('POST', '/v1/sandbox/messages', { from, to: '+33755550100', text: 'hours' }).catch(() => null),
      );
      const before = (round - 1) * PHONES;
      // Some are answered, others handled or just kept.
      await eventually(async () => (await listed('/v1/messages?')).length > before / 2 + 2, 30);
      await service.stop('SIGKILL');
      await Promise.all(posts);
      service = await start(round);
    }

    const inbound = await eventually(async () => {
      const found = await listed('/v1/inbound?');
      return found.every(({ status }) => status === 'handled') && found;
    }, 60);
    const messages = await eventually(async () => {
      const found = await listed('/v1/messages?');
      return found.length >= inbound.length && found;
    }, 60);
    expect(inbound.length).toBeGreaterThan(2);
    expect(messages.map(({ to }) => to).toSorted()).toEqual(inbound.map(({ from }) => from).toSorted());
    expect(await listed('/v1/events?type=message.received&')).toHaveLength(inbound.length);
    await service.stop();
  });
});
