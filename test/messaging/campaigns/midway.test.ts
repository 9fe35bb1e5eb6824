import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../rig/stores.ts';
import { type CampaignRig, openCampaignRig } from './campaign-rig.ts';
import { type HttpCarrier, openHttpCarrier } from './http-carrier.ts';

/** More than are handed over at once before anything is known of a carrier, twice. */
const PEOPLE = 66;

for (const profile of ['embedded', 'postgres'] as const) {
  await describeWith(
    profile === 'postgres' ? ['postgres'] : [],
    `campaigns while a carrier has some of a chunk (${profile})`,
    () => {
      let rig: CampaignRig;
      let carrier: HttpCarrier;
      let people: Awaited<ReturnType<CampaignRig['list']>>;
      /** Done once, before the carrier answers the first that it gets. */
      let midway: (() => Promise<unknown>) | null = null;
      const got = new Set<string>();

      beforeAll(async () => {
        carrier = await openHttpCarrier(async (to) => {
          got.add(`+${to}`);
          const act = midway;
          midway = null;
          await act?.();
          return `${to}-${got.size}`;
        });
        rig = await openCampaignRig(profile, { env: carrier.env });
        people = await rig.list(PEOPLE);
      });
      afterAll(async () => {
        await rig?.api.close();
        carrier.close();
      });

      it('canceled, those who were yet to be handed over are canceled too', async () => {
        const id = await rig.create({ audience: { lists: [people.id] }, text: 'Hi', sender: 'Example' });
        await rig.start(id);
        midway = () => rig.api.call('POST', `/v1/campaigns/${id}/cancel`, {});
        await rig.work();
        const { status, counts } = await rig.read(id);
        expect({ status, waiting: counts.waiting }).toEqual({ status: 'canceled', waiting: 0 });
        expect(counts.canceled).toBeGreaterThan(0);
        expect(counts.sent + counts.canceled).toBe(PEOPLE);
        const { kysely } = rig.api.services.db;
        const chunks = kysely.selectFrom('campaign_chunks').select('id').where('campaign_id', '=', id);
        expect(await chunks.execute()).toEqual([]);
      });

      it('whoever says no while carriers are slow is not handed over with the rest of the chunk', async () => {
        const { api } = rig;
        const { id: list, phones, contacts } = people;
        got.clear();
        const last = contacts.indexOf(contacts.toSorted().at(-1) ?? '');
        const id = await rig.create({ audience: { lists: [list] }, text: 'Hi', sender: 'Example' });
        await rig.start(id);
        midway = async () => {
          await api.call('POST', '/v1/suppressions', { to: phones[last], channel: 'sms', purpose: 'all' });
          api.clock.now += 2_000;
        };
        await rig.work();
        expect(got.has(phones[last] ?? '')).toBe(false);
        expect(await rig.read(id)).toMatchObject({ status: 'completed', counts: { sent: PEOPLE - 1, blocked: 1 } });
      });

      it('whoever is forgotten meanwhile is sent nothing afterwards, and the figures add up', async () => {
        const { api } = rig;
        const { kysely } = api.services.db;
        got.clear();
        const byId = people.contacts.map((contact, index) => ({ contact, phone: people.phones[index] ?? '' }));
        byId.sort((a, b) => (a.contact < b.contact ? -1 : 1));
        const [handed, waiting] = [byId.at(0)?.phone ?? '', byId.at(-2)?.phone ?? ''];
        const id = await rig.create({ audience: { lists: [people.id] }, text: 'Hi', sender: 'Example' });
        await rig.start(id);
        midway = async () => {
          for (const to of [handed, waiting]) {
            expect((await api.call('POST', '/v1/privacy/erasures', { to })).status).toBe(202);
          }
          await api.services.privacy.worker.runDue();
          api.clock.now += 2_000;
        };
        await rig.work();
        api.clock.now += 60_000;
        await api.services.privacy.worker.runDue();
        expect(got.has(handed)).toBe(true);
        expect(got.has(waiting)).toBe(false);
        const { status, counts } = await rig.read(id);
        // The last one has suppressed it before.
        expect({ status, ...counts }).toMatchObject({ status: 'completed', sent: PEOPLE - 2, skipped: 1, blocked: 1 });
        const ledger = await kysely
          .selectFrom('campaign_recipients')
          .selectAll()
          .where('campaign_id', '=', id)
          .execute();
        expect(ledger).toHaveLength(PEOPLE);
        for (const phone of people.phones) expect(JSON.stringify(ledger)).not.toContain(phone.slice(1));
        const kept = kysely.selectFrom('messages').select('id').where('recipient', 'in', [handed, waiting]);
        expect(await kept.execute()).toEqual([]);
      });
    },
  );
}
