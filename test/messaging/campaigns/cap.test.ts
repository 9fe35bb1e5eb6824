import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openCarrierFake } from '../../delivery/providers/carrier-fake.ts';
import { describeWith, privateFolder } from '../../rig/stores.ts';
import { openCampaignRig } from './campaign-rig.ts';

const ACCOUNT = { account_sid: `AC${'0a'.repeat(16)}`, auth_tokens: ['f'.repeat(32)] };
const cost = { amount: '0.05', currency: 'EUR' };

for (const profile of ['embedded', 'postgres'] as const) {
  await describeWith(profile === 'postgres' ? ['postgres'] : [], `the cap of a campaign (${profile})`, () => {
    /** A carrier of each of these names, all of them at the same price, which it names when it takes a message. */
    async function open(type: string, names: readonly string[], rule: object = {}) {
      /** Under which id each message was taken. */
      const taken: string[] = [];
      let ids = 0;
      const carrier = await openCarrierFake(() => {
        ids += 1;
        const sid = `CA${String(ids).padStart(32, '0')}`;
        taken.push(sid);
        return { status: 201, body: { sid, status: 'queued', price: '-0.05', price_unit: 'EUR' } };
      });
      const providers = Object.fromEntries(names.map((name) => [name, { type, base_url: carrier.url, ...ACCOUNT }]));
      const senders = [{ value: 'Example', kind: 'alphanumeric', countries: ['FR'], registration: 'registered' }];
      const france = { name: 'france', when: { country: ['FR'] }, ...rule };
      const rules = [{ ...france, providers: names.map((provider) => ({ provider, cost })) }];
      const file = join(privateFolder('cap'), 'countersign.json');
      const config = { public_url: 'https://otp.example.com', providers, routes: { senders, rules } };
      writeFileSync(file, JSON.stringify(config));
      const rig = await openCampaignRig(profile, { env: { COUNTERSIGN_CONFIG: file } });
      onTestFinished(() => rig.api.close());
      const { api } = rig;
      return {
        rig,
        taken,
        /** All that it has taken so far did not arrive. */
        async fail(provider: string, reason?: string) {
          const receipts = taken.map((providerId) => ({ providerId, status: 'undelivered', reason }));
          await api.services.delivery.receive(provider, receipts as never);
          await api.settled();
        },
        async work(ms: number) {
          api.clock.now += ms;
          await rig.work();
        },
      };
    }

    it('has room for the calls that may follow, also where the carrier names the price of the first one', async () => {
      const { rig, taken, fail, work } = await open('twilio_voice', ['calls']);
      const start = async (people: number) => {
        const { id: list } = await rig.list(people);
        const id = await rig.create({
          ...{ audience: { lists: [list] }, channel: 'voice', text: 'Hello.', spend_cap: { ...cost, amount: '0.20' } },
          retry: { attempts: 3, wait_seconds: 60, on: ['busy'] },
        });
        await rig.start(id);
        for (let turn = 0; turn < 3; turn += 1) await work(1_000);
        return id;
      };
      const two = await start(2);
      expect(taken).toHaveLength(1);
      expect(await rig.read(two)).toMatchObject({ status: 'paused', reason: 'spend_cap', spent: { amount: '0.15' } });
      taken.length = 0;
      const one = await start(1);
      for (let turn = 0; turn < 4; turn += 1) {
        await fail('calls', 'busy');
        await work(61_000);
      }
      expect(taken).toHaveLength(3);
      expect(await rig.read(one)).toMatchObject({ status: 'completed', spent: { amount: '0.15' } });
    });

    it('has room for the carriers that a message may go to after a receipt', async () => {
      const { rig, taken, fail, work } = await open('twilio', ['first', 'second'], { failover_on_receipt: true });
      const start = async (people: number) => {
        const { id: list } = await rig.list(people);
        const text = { text: 'Hello.', sender: 'Example' };
        const id = await rig.create({
          ...{ audience: { lists: [list] }, ...text, spend_cap: { ...cost, amount: '0.20' } },
        });
        const { body: preview } = await rig.api.call('POST', `/v1/campaigns/${id}/preview`, {});
        await rig.start(id);
        for (let turn = 0; turn < 3; turn += 1) await work(1_000);
        return { id, preview };
      };
      const four = await start(4);
      expect(taken).toHaveLength(2);
      expect(four.preview.cost).toEqual([{ amount: '0.4', currency: 'EUR' }]);
      expect(await rig.read(four.id)).toMatchObject({ status: 'paused', spent: { amount: '0.2' } });
      taken.length = 0;
      const two = await start(2);
      await fail('first');
      await work(1_000);
      expect(taken).toHaveLength(4);
      expect(await rig.read(two.id)).toMatchObject({ status: 'completed', spent: { amount: '0.2' } });
    });

    it('is spent by one carrier only where messages go to no other one', async () => {
      const { rig, taken, work } = await open('twilio', ['first', 'second'], { failover_on_receipt: false });
      const { id: list } = await rig.list(4);
      const text = { text: 'Hello.', sender: 'Example' };
      const id = await rig.create({
        ...{ audience: { lists: [list] }, ...text, spend_cap: { ...cost, amount: '0.20' } },
      });
      await rig.start(id);
      await work(0);
      expect(taken).toHaveLength(4);
      expect(await rig.read(id)).toMatchObject({ status: 'completed', spent: { amount: '0.2' } });
    });

    it('stays in its currency once the campaign has started, also while there is none', async () => {
      const { rig } = await open('twilio', ['first']);
      const { id: list } = await rig.list(1);
      const text = { text: 'Hello.', sender: 'Example' };
      const id = await rig.create({ audience: { lists: [list] }, ...text, per_second: 1 });
      const patch = async (spend_cap: object | null) => {
        const { status, body } = await rig.api.call('PATCH', `/v1/campaigns/${id}`, { spend_cap });
        return [status, ...(body.errors ?? []).map(({ pointer }: { pointer: string }) => pointer)];
      };
      const dollars = { amount: '1', currency: 'USD' };
      const refused = [422, '/spend_cap/currency'];
      expect(await patch(dollars)).toEqual([200]);
      expect(await patch(null)).toEqual([200]);
      const at = new Date(rig.api.clock.now + 60_000).toISOString();
      expect((await rig.api.call('POST', `/v1/campaigns/${id}/schedule`, { at })).status).toBe(200);
      expect(await patch(dollars)).toEqual([200]);
      expect(await patch(cost)).toEqual([200]);
      await rig.start(id);
      expect(await patch(dollars)).toEqual(refused);
      expect(await patch({ ...cost, amount: '2' })).toEqual([200]);
      expect(await patch(null)).toEqual([200]);
      expect(await patch(dollars)).toEqual(refused);
      await rig.api.call('POST', `/v1/campaigns/${id}/pause`, {});
      expect(await patch(dollars)).toEqual(refused);
      expect(await rig.read(id)).toMatchObject({ spend_cap: null, spent: { amount: '0', currency: 'EUR' } });
      expect(await patch(cost)).toEqual([200]);
      await rig.api.call('POST', `/v1/campaigns/${id}/resume`, {});
      await rig.work();
      const done = { status: 'completed', spend_cap: cost, spent: cost };
      expect(await rig.read(id)).toMatchObject(done);
      expect((await rig.api.call('PATCH', `/v1/campaigns/${id}`, { spend_cap: dollars })).status).toBe(409);
    });

    it('may be given in any currency to one that started without', async () => {
      const { rig } = await open('twilio', ['first']);
      const { id: list } = await rig.list(1);
      const id = await rig.create({ audience: { lists: [list] }, text: 'Hello.', sender: 'Example' });
      await rig.start(id);
      expect((await rig.api.call('PATCH', `/v1/campaigns/${id}`, { spend_cap: cost })).status).toBe(200);
      await rig.work();
      expect(await rig.read(id)).toMatchObject({ status: 'completed', spent: cost });
    });
  });
}
