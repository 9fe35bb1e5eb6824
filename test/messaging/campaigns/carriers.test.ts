import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../rig/stores.ts';
import { openTestService, PROFILES, type TestService } from '../../service.ts';
import { type CampaignRig, openCampaignRig } from './campaign-rig.ts';
import { type HttpCarrier, openHttpCarrier } from './http-carrier.ts';

const NEEDS = { embedded: [], postgres: ['postgres'], scaled: ['postgres', 'redis'] } as const;

for (const profile of PROFILES) {
  await describeWith(NEEDS[profile], `campaigns and carriers (${profile})`, () => {
    let rig: CampaignRig;
    let other: TestService;
    let carrier: HttpCarrier;
    let isAway = false;
    /** Done once, before the carrier answers the first that it gets. */
    let midway: (() => Promise<unknown>) | null = null;
    const got = new Map<string, number>();

    beforeAll(async () => {
      const take = async (to: string) => {
        if (isAway) return null;
        const act = midway;
        midway = null;
        await act?.();
        got.set(to, (got.get(to) ?? 0) + 1);
        return `${to}-${got.get(to)}`;
      };
      carrier = await openHttpCarrier(take, { cost: { amount: '0.05', currency: 'EUR' } });
      rig = await openCampaignRig(profile, { env: carrier.env });
      other = await openTestService(profile, { beside: rig.api });
    });
    afterAll(async () => {
      await other?.close();
      await rig?.api.close();
      carrier.close();
    });

    const timesOf = (phones: readonly string[]) => phones.map((phone) => got.get(phone.slice(1)) ?? 0);

    it('never more than its cap is spent, by two workers at once; raised, it goes on', async () => {
      const { api } = rig;
      const { id: list, phones } = await rig.list(40);
      const id = await rig.create({
        ...{ audience: { lists: [list] }, text: 'Hi', sender: 'Example' },
        spend_cap: { amount: '0.62', currency: 'EUR' },
      });
      await rig.start(id);
      const workers = [api, other].map(({ services }) => services.messaging.campaigns.worker);
      for (let turn = 0; turn < 5; turn += 1) {
        await Promise.all(workers.map((worker) => worker.runDue()));
        api.clock.now += 1_000;
      }
      expect(timesOf(phones).reduce((sum, times) => sum + times, 0)).toBe(12);
      expect(await rig.read(id)).toMatchObject({
        ...{ status: 'paused', reason: 'spend_cap', counts: { sent: 12, waiting: 28 } },
        spent: { amount: '0.6', currency: 'EUR' },
      });
      expect((await rig.recipients(id, '&state=sent'))[0]).toMatchObject({ cost: { amount: '0.05', currency: 'EUR' } });
      const raised = { spend_cap: { amount: '5', currency: 'EUR' } };
      expect((await api.call('PATCH', `/v1/campaigns/${id}`, raised)).status).toBe(200);
      await api.call('POST', `/v1/campaigns/${id}/resume`, {});
      await Promise.all(workers.map((worker) => worker.runDue()));
      await rig.work();
      expect(await rig.read(id)).toMatchObject({ status: 'completed', counts: { sent: 40 } });
      expect(timesOf(phones)).toEqual(phones.map(() => 1));
    });

    it('what a process had reserved that slept through its lease is spent once', async () => {
      const { api } = rig;
      const { id: list, phones } = await rig.list(10);
      const id = await rig.create({
        ...{ audience: { lists: [list] }, text: 'Hi', sender: 'Example' },
        spend_cap: { amount: '5', currency: 'EUR' },
      });
      await rig.start(id);
      midway = () => {
        api.clock.now += 31_000;
        return other.services.messaging.campaigns.worker.runDue();
      };
      await rig.work();
      expect(await rig.read(id)).toMatchObject({
        ...{ status: 'completed', counts: { sent: 0, unknown: 10 } },
        spent: { amount: '0.5', currency: 'EUR' },
      });
      const figures = api.services.db.kysely.selectFrom('campaigns').select('reserved').where('id', '=', id);
      expect(await figures.executeTakeFirst()).toEqual({ reserved: 0 });
      for (const times of timesOf(phones)) expect(times).toBeLessThanOrEqual(1);
    });

    it('two workers on one campaign send everybody one message', async () => {
      const { api } = rig;
      const { id: list, phones } = await rig.list(60);
      const id = await rig.create({ audience: { lists: [list] }, text: 'Hi', sender: 'Example' });
      await rig.start(id);
      await Promise.all([api, other].map(({ services }) => services.messaging.campaigns.worker.runDue()));
      await rig.work();
      expect(await rig.read(id)).toMatchObject({ status: 'completed', counts: { sent: 60 } });
      expect(timesOf(phones)).toEqual(phones.map(() => 1));
    });

    it('a number that no route goes to, or without a price under a cap, fails and says why', async () => {
      const { id: list } = await rig.list(1, () => ({ phone: '+41791234567' }));
      const id = await rig.create({ audience: { lists: [list] }, text: 'Hi', sender: 'Example' });
      await rig.start(id);
      await rig.work();
      expect(await rig.recipients(id)).toMatchObject([{ state: 'failed', reason: 'no_route' }]);
      expect(await rig.read(id)).toMatchObject({ status: 'completed', counts: { failed: 1 } });
      const { id: french } = await rig.list(1);
      const capped = await rig.create({
        ...{ audience: { lists: [french] }, text: 'Hi', sender: 'Example' },
        spend_cap: { amount: '1', currency: 'USD' },
      });
      await rig.start(capped);
      await rig.work();
      expect(await rig.recipients(capped)).toMatchObject([{ state: 'failed', reason: 'price_unknown' }]);
    });

    it('a carrier that is away for an hour gets everybody when it is back', async () => {
      const { api } = rig;
      const { id: list, phones } = await rig.list(5);
      const id = await rig.create({ audience: { lists: [list] }, text: 'Hi', sender: 'Example' });
      isAway = true;
      await rig.start(id);
      for (const until = api.clock.now + 3_600_000; api.clock.now < until; api.clock.now += 300_000) await rig.work();
      const away = await rig.read(id);
      expect(away).toMatchObject({ status: 'running', counts: { waiting: 5, sent: 0 } });
      for (const { reason } of away.reasons) expect(['rate_limited', 'provider_unavailable']).toContain(reason);
      isAway = false;
      for (let turn = 0; turn < 5; turn += 1) {
        api.clock.now += 300_000;
        await rig.work();
      }
      expect(await rig.read(id)).toMatchObject({ status: 'completed', counts: { sent: 5 } });
      expect(timesOf(phones)).toEqual(phones.map(() => 1));
    });
  });
}
