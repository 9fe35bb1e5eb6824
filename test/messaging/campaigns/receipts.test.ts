import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeWith } from '../../rig/stores.ts';
import { type CampaignRig, openCampaignRig } from './campaign-rig.ts';
import { type HttpCarrier, openHttpCarrier } from './http-carrier.ts';

for (const profile of ['embedded', 'postgres'] as const) {
  const needs = profile === 'postgres' ? (['postgres'] as const) : [];
  await describeWith([...needs], `figures, after what receipts tell (${profile})`, () => {
    let rig: CampaignRig;
    let carrier: HttpCarrier;
    /** What the carrier calls what it took, in the order in which it did. */
    const taken: string[] = [];

    beforeAll(async () => {
      carrier = await openHttpCarrier(async (to) => `${to} ${taken.push(to)}`, {
        ...{ cost: { amount: '0.05', currency: 'EUR' }, channels: ['voice', 'sms'] },
      });
      rig = await openCampaignRig(profile, { env: carrier.env });
    });
    beforeEach(() => {
      taken.length = 0;
      // 12:00 in Paris, a Friday
      rig.api.clock.now = Date.parse('2027-01-15T11:00:00Z');
    });
    afterAll(async () => {
      await rig?.api.close();
      carrier?.close();
    });

    const stats = async (id: string) => (await rig.api.call('GET', `/v1/campaigns/${id}/stats`)).body;
    async function tell(index: number, receipt: object): Promise<void> {
      const providerId = `${taken[index]} ${index + 1}`;
      await rig.api.services.delivery.receive('sink', [{ providerId, ...receipt } as never]);
      await rig.api.settled();
    }
    async function send(count: number, campaign: object = {}): Promise<string> {
      const { id: list } = await rig.list(count);
      const id = await rig.create({ audience: { lists: [list] }, text: 'Hi', ...campaign });
      await rig.start(id);
      await rig.work();
      expect(taken).toHaveLength(count);
      return id;
    }

    it('who pressed the key for no more calls has opted out, once, however often the call was reported', async () => {
      const id = await send(3, { channel: 'voice', opt_out_key: '9' });
      await tell(0, { status: 'delivered', reason: 'opted_out' });
      await tell(0, { status: 'delivered', reason: 'opted_out' });
      await tell(1, { status: 'delivered' });
      expect((await stats(id)).total).toMatchObject({ delivered: 2, opted_out: 1, opt_out_rate: 0.5 });
    });

    it('whom a carrier says it keeps us from has opted out, of the campaign that it was said of', async () => {
      const first = await send(2, { sender: 'Example' });
      await tell(0, { status: 'undelivered', reason: 'opted_out' });
      await tell(1, { status: 'delivered' });
      expect((await stats(first)).total).toMatchObject({ sent: 2, delivered: 1, opted_out: 1 });
      taken.length = 0;
      const second = await send(1, { sender: 'Example' });
      expect((await stats(second)).total).toMatchObject({ sent: 1, opted_out: 0 });
    });

    it('cost is what receipts say where they do, of calls that were busy at first too; else what was expected', async () => {
      const texts = await send(3);
      await tell(0, { status: 'delivered', price: { amount: '0.07', currency: 'EUR' } });
      await tell(1, { status: 'delivered', price: { amount: '0.02', currency: 'USD' } });
      expect((await stats(texts)).cost).toEqual([
        { amount: '0.12', currency: 'EUR' },
        { amount: '0.02', currency: 'USD' },
      ]);
      const costs = (await rig.recipients(texts)).map(({ cost }) => `${cost.amount} ${cost.currency}`);
      expect(costs.sort()).toEqual(['0.02 USD', '0.05 EUR', '0.07 EUR']);

      taken.length = 0;
      const retry = { attempts: 2, wait_seconds: 60, on: ['busy'] };
      const calls = await send(1, { channel: 'voice', retry });
      await tell(0, { status: 'undelivered', reason: 'busy', price: { amount: '0.01', currency: 'EUR' } });
      rig.api.clock.now += 61_000;
      await rig.work();
      await tell(1, { status: 'delivered', price: { amount: '0.08', currency: 'EUR' } });
      expect((await stats(calls)).cost).toEqual([{ amount: '0.09', currency: 'EUR' }]);
      expect((await rig.recipients(calls))[0].cost).toEqual({ amount: '0.09', currency: 'EUR' });
    });
  });
}
