import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { assignVariant } from '../../../src/messaging/campaigns/split.ts';
import { describeWith, privateFolder } from '../../rig/stores.ts';
import { newNumber, PROFILES } from '../../service.ts';
import { type CampaignRig, openCampaignRig } from './campaign-rig.ts';

const NEEDS = { embedded: [], postgres: ['postgres'], scaled: ['postgres', 'redis'] } as const;
const BASE = 'https://go.example';
const BROWSER = {
  'user-agent': 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1',
  accept: 'text/html,application/xhtml+xml',
  'accept-language': 'fr-FR',
};
const HOUR = 3_600_000;

for (const profile of PROFILES) {
  await describeWith(NEEDS[profile], `what comes of campaigns (${profile})`, () => {
    let rig: CampaignRig;
    let people = 0;
    beforeAll(async () => {
      const file = join(privateFolder('config'), 'countersign.yaml');
      writeFileSync(file, `links: { base_url: "${BASE}/", days: 30 }\n`);
      rig = await openCampaignRig(profile, { env: { COUNTERSIGN_CONFIG: file } });
    });
    afterAll(() => rig?.api.close());

    const stats = async (id: string) => (await rig.api.call('GET', `/v1/campaigns/${id}/stats`)).body;
    const convert = (id: string, body: object) => rig.api.call('POST', `/v1/campaigns/${id}/conversions`, body);

    async function click(phone: string): Promise<void> {
      const { api } = rig;
      const [message] = await api.phone(phone);
      const url = /https:\/\/go\.example(\/\S+)/.exec(message?.text ?? '')?.[1] ?? 'no link';
      // No human has it at once.
      api.clock.now += 10_000;
      people += 1;
      const remoteAddress = `198.51.100.${people}`;
      const answer = await api.app.inject({ url: `/l${url}`, headers: BROWSER, remoteAddress });
      expect(answer.statusCode).toBe(302);
      await api.services.links.clicks.flush();
    }

    async function start(campaign: object): Promise<string> {
      const id = await rig.create(campaign);
      await rig.start(id);
      await rig.work();
      return id;
    }

    it('arrivals, clicks, replies, opt-outs, conversions and cost, of people', async () => {
      const { api } = rig;
      const { id: list, phones, contacts } = await rig.list(4);
      const id = await start({
        audience: { lists: [list] },
        text: `Look: https://shop.example/${profile}`,
        shorten_links: true,
      });
      await click(phones[0] ?? '');
      await click(phones[0] ?? '');
      await click(phones[1] ?? '');
      for (const [from, text] of [
        [phones[1], 'Thanks'],
        [phones[2], 'STOP'],
      ]) {
        const answer = await api.call('POST', '/v1/sandbox/messages', { from, to: '+33755550100', text });
        expect(answer.status, JSON.stringify(answer.body)).toBe(201);
        await api.services.inbound.worker.runDue();
      }
      const bought = { reference: 'order 1', contact_id: contacts[0], value: { amount: '19.90', currency: 'EUR' } };
      const first = await convert(id, bought);
      expect(first).toMatchObject({ status: 201, body: { contact_id: contacts[0], value: bought.value } });
      expect((await convert(id, { ...bought, value: { amount: '1', currency: 'EUR' } })).body).toEqual(first.body);
      expect(
        (await convert(id, { reference: 'order 2', to: phones[0], value: { amount: '0.10', currency: 'EUR' } })).status,
      ).toBe(201);
      expect(await stats(id)).toMatchObject({
        total: {
          ...{ recipients: 4, sent: 4, delivered: 4, clicked: 2, converted: 1, conversions: 2 },
          ...{ arrival_rate: 1, click_rate: 0.5, conversion_rate: 0.25 },
          ...{ replied: 2, reply_rate: 0.5, opted_out: 1, opt_out_rate: 0.25 },
        },
        variants: [],
        winner: null,
        value: [{ amount: '20', currency: 'EUR' }],
      });
    });

    it('what may have been sent has been once a carrier reports on it: never more arrive than were sent', async () => {
      const { id: list, contacts } = await rig.list(2);
      const id = await start({ audience: { lists: [list] }, text: 'Hi' });
      // As a crash leaves it whose messages arrived all the same.
      await rig.api.services.db.kysely
        .updateTable('campaign_recipients')
        .set({ state: 'unknown', reason: 'process_lost' })
        .where('campaign_id', '=', id)
        .where('contact_id', '=', contacts[0] ?? '')
        .execute();
      expect((await stats(id)).total).toMatchObject({ sent: 2, unknown: 0, delivered: 2, arrival_rate: 1 });
    });

    it('a conversion of somebody it was not sent to is refused', async () => {
      const { id: list } = await rig.list(1);
      const id = await start({ audience: { lists: [list] }, text: 'Hi' });
      const answer = await convert(id, { reference: 'x', to: newNumber() });
      expect(answer.body.errors).toMatchObject([{ pointer: '/to' }]);
      const both = await convert(id, { reference: 'x' });
      expect(both.body.errors).toMatchObject([{ pointer: '/contact_id' }]);
      const nothing = await stats(await rig.create({ audience: { lists: [list] }, text: 'Hi' }));
      expect(nothing.total).toMatchObject({ recipients: 0, click_rate: null });
    });

    it('a conversion before the campaign, or in the future, is refused; a clock may be some minutes ahead', async () => {
      const { clock } = rig.api;
      const { id: list, contacts } = await rig.list(1);
      const startedAt = clock.now;
      const id = await start({ audience: { lists: [list] }, text: 'Hi' });
      const at = (ms: number) => ({ reference: `at ${ms}`, contact_id: contacts[0], at: new Date(ms).toISOString() });
      for (const ms of [startedAt - 1, clock.now + 300_001]) {
        expect(await convert(id, at(ms))).toMatchObject({ status: 422, body: { errors: [{ pointer: '/at' }] } });
      }
      for (const ms of [startedAt, clock.now + 300_000]) expect((await convert(id, at(ms))).status).toBe(201);
    });

    it('the variant whose link is followed more goes to the rest, once, whichever process finds it', async () => {
      const { api } = rig;
      const { id: list, contacts, phones } = await rig.list(24);
      const variants = [
        { id: 'plain', text: 'Plain: https://shop.example/p' },
        { id: 'warm', text: 'Warm: https://shop.example/w' },
      ];
      const asked = { variants, sample_percent: 50, winner_by: 'clicks', decide_after_seconds: 3_600 };
      const id = await start({ audience: { lists: [list] }, text: 'Hi', shorten_links: true, experiment: asked });
      const experiment = {
        variants: variants.map((one) => ({ id: one.id, weight: 1, content: {} })),
        sample_percent: 50,
      };
      const assigned = contacts.map((contact) =>
        assignVariant({ ...experiment, winner_by: 'clicks', decide_after_seconds: 0 }, id, contact),
      );
      const rest = phones.filter((_, index) => assigned[index] === null);
      const warm = phones.filter((_, index) => assigned[index] === 'warm');
      expect((await rig.read(id)).counts).toMatchObject({ waiting: rest.length, sent: phones.length - rest.length });
      expect((await rig.recipients(id, '&state=waiting'))[0]).toMatchObject({ reason: 'awaiting_winner' });
      if (warm[0] !== undefined) await click(warm[0]);
      api.clock.now += HOUR;
      await Promise.all([rig.work(), rig.work()]);
      await rig.work();
      expect(await rig.read(id)).toMatchObject({ status: 'completed', counts: { sent: phones.length } });
      for (const [index, phone] of phones.entries()) {
        const texts = (await api.phone(phone)).map(({ text }) => text.slice(0, 5));
        const winner = warm.length > 0 ? 'Warm:' : 'Plain';
        expect(texts).toEqual([assigned[index] === null ? winner : assigned[index] === 'warm' ? 'Warm:' : 'Plain']);
      }
      const found = await stats(id);
      if (rest.length > 0) {
        expect(found.winner).toMatchObject({ variant: warm.length > 0 ? 'warm' : 'plain' });
        const { body } = await api.call('GET', '/v1/events?type=campaign.winner_chosen');
        expect(body.data.filter(({ data }: { data: { campaign_id: string } }) => data.campaign_id === id)).toHaveLength(
          1,
        );
      }
      const sent = found.variants.reduce((sum: number, one: { sent: number }) => sum + one.sent, 0);
      expect(sent).toBe(phones.length);
    });

    it('of a person who asked to be forgotten nothing is left in the figures', async () => {
      const { api } = rig;
      const { id: list, phones } = await rig.list(2);
      const id = await start({ audience: { lists: [list] }, text: 'Hi' });
      for (const [index, to] of phones.entries()) {
        expect((await convert(id, { reference: `order ${index}`, to })).status).toBe(201);
      }
      expect((await api.call('POST', '/v1/privacy/erasures', { to: phones[0] })).status).toBe(202);
      await api.services.privacy.worker.runDue();
      const kept = await api.services.db.kysely
        .selectFrom('campaign_conversions')
        .select('reference')
        .where('campaign_id', '=', id)
        .execute();
      expect(kept).toEqual([{ reference: 'order 1' }]);
    });

    it('its progress comes as events until it ends', async () => {
      const { id: list } = await rig.list(1);
      const id = await start({ audience: { lists: [list] }, text: 'Hi' });
      const { headers, body } = await rig.api.call('GET', `/v1/campaigns/${id}/stream`);
      expect(headers['content-type']).toContain('text/event-stream');
      expect(JSON.parse(String(body).slice('data: '.length))).toMatchObject({
        id,
        status: 'completed',
        counts: { sent: 1 },
      });
    });
  });
}
