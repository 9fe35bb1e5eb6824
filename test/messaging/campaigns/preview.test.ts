import { afterAll, beforeAll, expect, it } from 'vitest';
import { assignVariant } from '../../../src/messaging/campaigns/split.ts';
import { describeWith } from '../../rig/stores.ts';
import { newNumber, PROFILES } from '../../service.ts';
import { type CampaignRig, openCampaignRig } from './campaign-rig.ts';

const NEEDS = { embedded: [], postgres: ['postgres'], scaled: ['postgres', 'redis'] } as const;

for (const profile of PROFILES) {
  await describeWith(NEEDS[profile], `before a campaign starts (${profile})`, () => {
    let rig: CampaignRig;
    beforeAll(async () => {
      rig = await openCampaignRig(profile);
      // 12:00 in Paris
      rig.api.clock.now = Date.parse('2027-01-15T11:00:00Z');
    });
    afterAll(() => rig?.api.close());

    const post = (path: string, body: object) => rig.api.call('POST', path, body);

    async function template(name: string) {
      const { body } = await post('/v1/templates', {
        name: `${name} ${profile}`,
        variables: { points: { type: 'number' } },
        default_locale: 'en',
        locales: { en: { sms: { text: 'You have {{points}}' } } },
      });
      return body.id;
    }

    it('the preview says who would get it, who would wait, who not and why, and sends nothing', async () => {
      const given = [
        { attributes: { points: 1 } },
        { attributes: { points: 2 } },
        { attributes: { points: 3 }, time_zone: 'America/New_York' },
        { attributes: { name: 'no points' } },
        { phone: null, external_id: `no-phone-${profile}`, attributes: { points: 4 } },
        { attributes: { points: 5 } },
      ];
      const { id: list, phones } = await rig.list(given.length, (index) => given[index] ?? {});
      for (const phone of phones.slice(0, 4)) {
        const yes = { to: phone, channel: 'sms', purpose: 'marketing', state: 'granted', source: 'website' };
        expect((await post('/v1/consents', { ...yes, wording: 'News, please.' })).status).toBe(201);
      }
      const id = await rig.create({
        audience: { lists: [list] },
        template: await template('seen'),
        purpose: 'marketing',
      });
      const { status, body } = await post(`/v1/campaigns/${id}/preview`, {});
      expect(status, JSON.stringify(body)).toBe(200);
      expect(body).toEqual({
        ...{ audience: 6, checked: 6, ready: 2, segments: 3, cost: [], needs_review: false, message: null },
        later: { outside_window: 1 },
        never: { missing_variable: 1, no_address: 1, no_consent: 1 },
      });
      for (const phone of phones) expect(await rig.api.phone(phone)).toEqual([]);
      expect(await rig.read(id)).toMatchObject({ status: 'draft', recipients: 0 });
    });

    it('a cap that would hold people back shows, and is not used up by looking', async () => {
      const rules = { time_zone: 'UTC', windows: [], frequency_caps: [{ purpose: 'transactional', max: 1, days: 2 }] };
      await rig.api.call('PUT', '/v1/sending-rules', rules);
      rig.api.clock.now += 1_001;
      const { id: list } = await rig.list(2);
      const campaign = { audience: { lists: [list] }, text: 'Hi' };
      const id = await rig.create(campaign);
      for (let look = 0; look < 2; look += 1) {
        expect((await post(`/v1/campaigns/${id}/preview`, {})).body).toMatchObject({ ready: 2, later: {} });
      }
      await rig.start(id);
      await rig.work();
      const next = await rig.create(campaign);
      expect((await post(`/v1/campaigns/${next}/preview`, {})).body).toMatchObject({
        ready: 0,
        later: { frequency_cap: 2 },
      });
    });

    it('who has a turn of their own later would wait for it, and whom it never suits would not get it', async () => {
      const zones = ['Europe/Paris', 'America/New_York'];
      const { id: list } = await rig.list(2, (index) => ({ time_zone: zones[index] }));
      const preview = async (campaign: object) => {
        const id = await rig.create({ audience: { lists: [list] }, text: 'Hi', ...campaign });
        return (await post(`/v1/campaigns/${id}/preview`, {})).body;
      };
      // In Paris it has been 11:00.
      const now = { schedule: { local_time: '2027-01-15T11:00' } };
      expect(await preview(now)).toMatchObject({ ready: 1, later: { local_time: 1 }, never: {} });
      const purposes = ['transactional'];
      // At night, by a window that is open then only.
      const night = { local_time: '2027-02-15T23:00', windows: [{ from: '22:00', to: '24:00', purposes }] };
      expect(await preview({ schedule: night })).toMatchObject({ ready: 0, later: { local_time: 2 }, never: {} });
      const windows = [{ from: '10:00', to: '18:00', purposes }];
      await rig.api.call('PUT', '/v1/sending-rules', { time_zone: 'UTC', windows, frequency_caps: [] });
      rig.api.clock.now += 1_001;
      expect(await preview({ schedule: night })).toMatchObject({ ready: 0, later: {}, never: { no_allowed_time: 2 } });
      await rig.api.call('PUT', '/v1/sending-rules', { time_zone: 'UTC', windows: [], frequency_caps: [] });
      rig.api.clock.now += 1_001;
    });

    it('of an experiment the rest of the audience would wait for the winner, and nobody is made it by looking', async () => {
      const { id: list, contacts } = await rig.list(12);
      const variants = [
        { id: 'a', text: 'Variant A' },
        { id: 'b', text: 'Variant B' },
      ];
      const asked = { variants, sample_percent: 50, winner_by: 'conversions', decide_after_seconds: 3_600 } as const;
      const id = await rig.create({ audience: { lists: [list] }, text: 'Hi', experiment: asked });
      const weighted = { ...asked, variants: variants.map((one) => ({ id: one.id, weight: 1, content: {} })) };
      const rest = contacts.filter((contact) => assignVariant(weighted, id, contact) === null).length;
      const { body } = await post(`/v1/campaigns/${id}/preview`, {});
      expect(body).toMatchObject({ ready: 12 - rest, later: rest === 0 ? {} : { awaiting_winner: rest } });
      expect((await rig.read(id)).experiment).not.toHaveProperty('winner');
    });

    it('a test goes to the addresses it names, as the campaign or a variant of it says it, and counts nowhere', async () => {
      const { id: list, contacts } = await rig.list(1, () => ({ attributes: { points: 7 } }));
      const variants = [
        { id: 'a', text: 'Variant A' },
        { id: 'b', text: 'Variant B' },
      ];
      const id = await rig.create({
        ...{ audience: { lists: [list] }, template: await template('tested'), purpose: 'marketing' },
        experiment: { variants },
      });
      const colleague = newNumber();
      const answer = await post(`/v1/campaigns/${id}/test`, { to: [colleague, 'nobody'], contact_id: contacts[0] });
      expect(answer).toMatchObject({
        status: 201,
        body: {
          data: [
            { to: colleague, reason: null },
            { to: 'nobody', message_id: null, status: 'refused' },
          ],
        },
      });
      expect((await post(`/v1/campaigns/${id}/test`, { to: [colleague], variant: 'b' })).status).toBe(201);
      await rig.api.sendMessages();
      expect((await rig.api.phone(colleague)).map(({ text }) => text).sort()).toEqual(['Variant B', 'You have 7']);
      const { body: message } = await rig.api.call('GET', `/v1/messages/${answer.body.data[0].message_id}`);
      expect(message).toMatchObject({ purpose: 'transactional', metadata: { campaign_test: id } });
      const { total } = (await rig.api.call('GET', `/v1/campaigns/${id}/stats`)).body;
      expect(total).toMatchObject({ recipients: 0, sent: 0, delivered: 0 });
      const { body } = await post(`/v1/campaigns/${id}/test`, { to: [colleague], variant: 'c' });
      expect(body.errors).toMatchObject([{ pointer: '/variant' }]);
    });
  });
}
