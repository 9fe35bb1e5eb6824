import { afterAll, beforeAll, expect, it } from 'vitest';
import { keepTotals } from '../../../src/messaging/campaigns/purge-recipients.ts';
import { describeWith } from '../../rig/stores.ts';
import { type CampaignRig, openCampaignRig } from './campaign-rig.ts';

const DAY = 86_400_000;
/** Before all others. */
const FIRST = Date.UTC(2020, 0, 1);
const LEDGERS = ['campaign_recipients', 'campaign_conversions', 'messages'] as const;

for (const profile of ['embedded', 'postgres'] as const) {
  await describeWith(profile === 'postgres' ? ['postgres'] : [], `campaigns that are long over (${profile})`, () => {
    let rig: CampaignRig;
    beforeAll(async () => {
      rig = await openCampaignRig(profile);
    });
    afterAll(() => rig?.api.close());

    async function send(): Promise<string> {
      const { id: list, contacts } = await rig.list(3, (index) =>
        index === 2 ? { phone: null, external_id: `x${Math.random()}` } : {},
      );
      const id = await rig.create({ audience: { lists: [list] }, text: 'Hi' });
      await rig.start(id);
      await rig.work();
      const conversion = { contact_id: contacts[0], reference: 'order 1', value: { amount: '9.50', currency: 'EUR' } };
      expect((await rig.api.call('POST', `/v1/campaigns/${id}/conversions`, conversion)).status).toBe(201);
      return id;
    }
    const stats = async (id: string) => {
      const { total, cost, value, winner } = (await rig.api.call('GET', `/v1/campaigns/${id}/stats`)).body;
      return { total, cost, value, winner };
    };
    async function retain(): Promise<void> {
      // Messages are looked at in the same run, and campaigns once more in the next.
      for (let day = 0; day < 2; day += 1) {
        await rig.api.services.privacy.worker.runDue();
        rig.api.clock.now += DAY;
      }
    }
    const rowsOf = (id: string) =>
      Promise.all(
        LEDGERS.map(async (table) => {
          const rows = rig.api.services.db.kysely.selectFrom(table).select('campaign_id').where('campaign_id', '=', id);
          return (await rows.execute()).length;
        }),
      );

    it('what came of one stays when its recipients go, with its messages; a younger one keeps all', async () => {
      const old = await send();
      const before = { view: await rig.read(old), stats: await stats(old) };
      expect(before.view).toMatchObject({ status: 'completed', counts: { sent: 2, skipped: 1 } });
      expect(before.stats).toMatchObject({
        total: { sent: 2, converted: 1 },
        value: [{ amount: '9.5', currency: 'EUR' }],
      });
      rig.api.clock.now += 60 * DAY;
      const young = await send();
      rig.api.clock.now += 31 * DAY;
      await retain();
      expect(await rowsOf(old)).toEqual([0, 0, 0]);
      expect({ view: await rig.read(old), stats: await stats(old) }).toEqual(before);
      expect(await rig.recipients(old)).toEqual([]);
      expect(await rowsOf(young)).toEqual([3, 1, 2]);
      expect(await stats(young)).toEqual(before.stats);
    });

    it('a conversion is refused once what came of the campaign is added up, or the figures would not have it', async () => {
      const id = await send();
      // What ended later is added up with what began with it, and keeps its recipients until then.
      const { kysely } = rig.api.services.db;
      const ended_at = rig.api.clock.now + 30 * DAY;
      await kysely.updateTable('campaigns').set({ ended_at }).where('id', '=', id).execute();
      const [first] = await rig.recipients(id, '&state=sent');
      const tell = (reference: string) =>
        rig.api.call('POST', `/v1/campaigns/${id}/conversions`, { contact_id: first.contact_id, reference });
      rig.api.clock.now += 80 * DAY;
      expect((await tell('in time')).status).toBe(201);
      rig.api.clock.now += 11 * DAY;
      await retain();
      expect((await rowsOf(id))[0]).toBe(3);
      const late = await tell('too late');
      expect(late).toMatchObject({ status: 409, body: { code: 'wrong_campaign_state' } });
      // Told again, it is still the same.
      expect((await tell('in time')).status).toBe(201);
      expect((await stats(id)).total).toMatchObject({ conversions: 2 });
    });

    it('a conversion told while it is added up counts, or is refused', async () => {
      const id = await send();
      const { db } = rig.api.services;
      const [first] = await rig.recipients(id, '&state=sent');
      // In so many pieces that others have their turn.
      await db.kysely.updateTable('campaigns').set({ chunks: 2_000 }).where('id', '=', id).execute();
      const find = () => db.kysely.selectFrom('campaigns').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
      const { project_id: project, mode, started_at } = await find();
      let isAdded = false;
      const adding = (async () => {
        for await (const _ of keepTotals(db, { project, mode, before: started_at ?? 0 }, rig.api.clock.now));
        isAdded = true;
      })();
      let counted = 1;
      for (let told = 0; !isAdded; told += 1) {
        const conversion = { contact_id: first.contact_id, reference: `while ${told}` };
        const { status } = await rig.api.call('POST', `/v1/campaigns/${id}/conversions`, conversion);
        expect([201, 409]).toContain(status);
        if (status === 201) counted += 1;
      }
      await adding;
      expect((await stats(id)).total).toMatchObject({ conversions: counted });
    });

    it('of one that still runs rates are of those whose messages are kept', async () => {
      const { id: list } = await rig.list(2);
      const validity_seconds = 7 * 86_400;
      const id = await rig.create({ audience: { lists: [list] }, text: 'Hi', per_second: 1, validity_seconds });
      await rig.start(id);
      await rig.work();
      const [first] = await rig.recipients(id, '&state=sent');
      const conversion = { contact_id: first.contact_id, reference: 'order 1' };
      expect((await rig.api.call('POST', `/v1/campaigns/${id}/conversions`, conversion)).status).toBe(201);
      expect((await stats(id)).total).toMatchObject({ sent: 1, delivered: 1, arrival_rate: 1, conversion_rate: 1 });
      expect((await rig.api.call('POST', `/v1/campaigns/${id}/pause`, {})).status).toBe(200);
      rig.api.clock.now += 6 * DAY;
      expect((await rig.api.call('POST', `/v1/campaigns/${id}/resume`, {})).status).toBe(200);
      await rig.work();
      expect((await stats(id)).total).toMatchObject({ sent: 2, delivered: 2, arrival_rate: 1, conversion_rate: 0.5 });
      // As if somebody waited still.
      const { kysely } = rig.api.services.db;
      const going = { status: 'paused', ended_at: null } as const;
      await kysely.updateTable('campaigns').set(going).where('id', '=', id).execute();
      rig.api.clock.now += 84 * DAY;
      await retain();
      expect((await stats(id)).total).toMatchObject({
        ...{ sent: 2, delivered: 1, converted: 1, arrival_rate: 1, conversion_rate: 0 },
      });
      rig.api.clock.now += 7 * DAY;
      await retain();
      expect((await stats(id)).total).toMatchObject({ sent: 2, delivered: 0, arrival_rate: null });
    });

    // SQLite has one connection.
    if (profile !== 'embedded') return;

    it('while a large one is added up, others write', async () => {
      rig.api.clock.now = FIRST;
      const id = await send();
      const { db } = rig.api.services;
      // In so many pieces that others have their turn.
      await db.kysely.updateTable('campaigns').set({ chunks: 20_000 }).where('id', '=', id).execute();
      const campaign = () =>
        db.kysely.selectFrom('campaigns').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
      const { project_id: project, mode, started_at: before } = await campaign();
      const adding = keepTotals(db, { project, mode, before: before ?? 0 }, rig.api.clock.now).next();
      await rig.list(0);
      expect((await campaign()).totals).toBeNull();
      await adding;
      expect(JSON.parse((await campaign()).totals ?? 'null')).toMatchObject({
        sums: { figures: [{ sent: 2, converted: 1 }] },
        countedAt: rig.api.clock.now,
      });
    });
  });
}
