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
