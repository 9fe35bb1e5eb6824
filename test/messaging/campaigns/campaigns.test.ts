import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../rig/stores.ts';
import { newNumber, PROFILES } from '../../service.ts';
import { type CampaignRig, openCampaignRig } from './campaign-rig.ts';

const NEEDS = { embedded: [], postgres: ['postgres'], scaled: ['postgres', 'redis'] } as const;

for (const profile of PROFILES) {
  await describeWith(NEEDS[profile], `campaigns (${profile})`, () => {
    let rig: CampaignRig;
    beforeAll(async () => {
      rig = await openCampaignRig(profile);
    });
    afterAll(() => rig?.api.close());

    it('everybody of the audience gets it once, in words of their own', async () => {
      const { api } = rig;
      const { body: template } = await api.call('POST', '/v1/templates', {
        name: `greeting ${profile}`,
        variables: { name: { type: 'string' } },
        default_locale: 'en',
        locales: { en: { sms: { text: 'Hello {{name}}' } } },
      });
      const { id: list, phones } = await rig.list(7);
      const id = await rig.create({ audience: { lists: [list] }, template: template.id });
      expect(await rig.read(id)).toMatchObject({ status: 'draft', recipients: 0 });
      await rig.start(id);
      await rig.work();
      expect(await rig.read(id)).toMatchObject({
        status: 'completed',
        recipients: 7,
        counts: { sent: 7, waiting: 0 },
        template_version: 1,
      });
      for (const [index, phone] of phones.entries()) {
        expect((await api.phone(phone)).map(({ text }) => text)).toEqual([`Hello N${index}`]);
      }
      const [first] = await rig.recipients(id);
      expect(first).toMatchObject({ state: 'sent', reason: null });
      const { body: message } = await api.call('GET', `/v1/messages/${first.message_id}`);
      expect(message).toMatchObject({ status: 'delivered', provider: 'sandbox', attempts: [{ status: 'delivered' }] });
    });

    it('an audience of nobody ends at once, and says so', async () => {
      const { id: list } = await rig.list(0);
      const id = await rig.create({ audience: { lists: [list] }, text: 'Hi' });
      await rig.start(id);
      await rig.work();
      expect(await rig.read(id)).toMatchObject({ status: 'completed', reason: 'empty_audience', recipients: 0 });
    });

    it('whoever cannot get it has a state and a reason, and keeps nobody else from it', async () => {
      const { api } = rig;
      const { body: template } = await api.call('POST', '/v1/templates', {
        name: `points ${profile}`,
        variables: { points: { type: 'number' } },
        default_locale: 'en',
        locales: { en: { sms: { text: 'You have {{points}}' } } },
      });
      const given = [
        { attributes: { points: 3 } },
        { attributes: { name: 'no points' } },
        { phone: null, external_id: `no-phone-${profile}`, attributes: { points: 4 } },
        { phone: newNumber('0003'), attributes: { points: 5 } },
        { phone: newNumber('0004'), attributes: { points: 6 } },
        { attributes: { points: 7 } },
      ];
      const { id: list, contacts, phones } = await rig.list(given.length, (index) => given[index] ?? {});
      await api.call('POST', '/v1/suppressions', { to: phones[5], channel: 'sms', purpose: 'all' });
      const id = await rig.create({ audience: { lists: [list] }, template: template.id });
      await rig.start(id);
      await rig.work();
      const found = await rig.recipients(id);
      const standing = contacts.map((contact) => {
        const { state, reason } = found.find(({ contact_id }) => contact_id === contact);
        return [state, reason];
      });
      expect(standing).toEqual([
        ['sent', null],
        ['skipped', 'missing_variable'],
        ['skipped', 'no_address'],
        ['failed', 'invalid_recipient'],
        ['unknown', 'timeout'],
        ['blocked', 'suppressed'],
      ]);
      expect(await rig.recipients(id, '&state=skipped&reason=no_address')).toMatchObject([{ contact_id: contacts[2] }]);
      expect(await rig.read(id)).toMatchObject({ status: 'completed', counts: { sent: 1, skipped: 2, blocked: 1 } });
    });

    it('marketing goes to those who said yes', async () => {
      const { api } = rig;
      // In France nobody may be sent marketing early in the morning.
      api.clock.now = Math.max(api.clock.now, Date.parse('2027-01-15T10:30:00Z'));
      const { id: list, contacts, phones } = await rig.list(2);
      const yes = {
        to: phones[0],
        channel: 'sms',
        purpose: 'marketing',
        source: 'website',
        wording: 'Yes, news please.',
      };
      const consent = await api.call('POST', '/v1/consents', yes);
      expect(consent.status, JSON.stringify(consent.body)).toBeLessThan(300);
      const id = await rig.create({ audience: { lists: [list] }, text: 'News', purpose: 'marketing' });
      await rig.start(id);
      await rig.work();
      expect(await rig.recipients(id, '&state=sent')).toMatchObject([{ contact_id: contacts[0] }]);
      expect(await rig.recipients(id, '&state=blocked')).toMatchObject([
        { contact_id: contacts[1], reason: 'no_consent' },
      ]);
    });

    it('while it is paused nobody gets anything, and everybody says why; then it goes on', async () => {
      const { api } = rig;
      const { id: list, phones } = await rig.list(3);
      const id = await rig.create({ audience: { lists: [list] }, text: 'Hi' });
      await rig.start(id);
      expect((await api.call('POST', `/v1/campaigns/${id}/pause`, {})).body.status).toBe('paused');
      await rig.work();
      expect(await rig.read(id)).toMatchObject({ status: 'paused', reason: 'requested' });
      expect((await api.call('POST', `/v1/campaigns/${id}/resume`, {})).status).toBe(200);
      await rig.work();
      expect(await rig.read(id)).toMatchObject({ status: 'completed', counts: { sent: 3 } });
      for (const phone of phones) expect(await api.phone(phone)).toHaveLength(1);
      expect((await api.call('POST', `/v1/campaigns/${id}/pause`, {})).body).toMatchObject({
        code: 'wrong_campaign_state',
      });
    });

    it('it goes at its pace: who waits says so, and a pause in between keeps the rest back', async () => {
      const { api } = rig;
      const { id: list } = await rig.list(6);
      const id = await rig.create({ audience: { lists: [list] }, text: 'Hi', per_second: 2 });
      await rig.start(id);
      await rig.work();
      expect(await rig.read(id)).toMatchObject({
        counts: { sent: 1, waiting: 5 },
        reasons: [{ state: 'waiting', reason: 'pace', count: 5 }],
      });
      api.clock.now += 500;
      await rig.work();
      expect(await rig.read(id)).toMatchObject({ counts: { sent: 2, waiting: 4 } });
      await api.call('POST', `/v1/campaigns/${id}/pause`, {});
      api.clock.now += 5_000;
      await rig.work();
      expect(await rig.read(id)).toMatchObject({
        counts: { sent: 2, waiting: 4 },
        reasons: [{ state: 'waiting', reason: 'paused', count: 4 }],
      });
      const faster = await api.call('PATCH', `/v1/campaigns/${id}`, { per_second: null });
      expect(faster.body).toMatchObject({ status: 'paused', per_second: null });
      await api.call('POST', `/v1/campaigns/${id}/resume`, {});
      await rig.work();
      expect(await rig.read(id)).toMatchObject({ status: 'completed', counts: { sent: 6 } });
    });

    it('a pace is kept where turns come late, and what was not used is not saved up', async () => {
      const { api } = rig;
      const { id: list } = await rig.list(9);
      const id = await rig.create({ audience: { lists: [list] }, text: 'Hi', per_second: 2 });
      await rig.start(id);
      for (const [ms, sent] of [
        [0, 1],
        [750, 2],
        [250, 3],
        [60_000, 5],
        [0, 5],
        [500, 6],
      ] as const) {
        api.clock.now += ms;
        await rig.work();
        expect((await rig.read(id)).counts).toMatchObject({ sent });
      }
    });

    it('once it is canceled nobody who waits gets it', async () => {
      const { api } = rig;
      const { id: list } = await rig.list(4);
      const id = await rig.create({ audience: { lists: [list] }, text: 'Hi', per_second: 2 });
      await rig.start(id);
      await rig.work();
      expect((await api.call('POST', `/v1/campaigns/${id}/cancel`, {})).body.status).toBe('canceled');
      api.clock.now += 60_000;
      await rig.work();
      expect(await rig.read(id)).toMatchObject({
        status: 'canceled',
        counts: { sent: 1, waiting: 0, canceled: 3 },
        reasons: [{ state: 'canceled', reason: 'campaign_canceled', count: 3 }],
      });
      expect((await api.call('POST', `/v1/campaigns/${id}/resume`, {})).status).toBe(409);
    });

    it('canceling calls off what waits for another carrier', async () => {
      const { api } = rig;
      const { db, delivery } = api.services;
      const { id: list } = await rig.list(2, () => ({ phone: newNumber('0001') }));
      const id = await rig.create({ audience: { lists: [list] }, text: 'Hi', per_second: 2 });
      await rig.start(id);
      await rig.work();
      const undelivered = await db.kysely
        .updateTable('messages')
        .set({ status: 'queued' })
        .where('campaign_id', '=', id)
        .where('status', '=', 'undelivered')
        .returning(['id', 'project_id'])
        .execute();
      expect(undelivered).toHaveLength(1);
      const jobs = undelivered.map(({ id: message, project_id }) => ({
        id: message,
        lane: 1,
        owner: project_id,
        dueAt: 0,
      }));
      await db.batch({}, (batch) => batch.commit(delivery.queue.enqueue(jobs)));
      await api.call('POST', `/v1/campaigns/${id}/cancel`, {});
      await rig.work();
      for (const { id: message } of undelivered) {
        const { body } = await api.call('GET', `/v1/messages/${message}`);
        expect(body).toMatchObject({ status: 'canceled', attempts: [{ status: 'undelivered' }] });
      }
    });

    it('it starts at its time, to those who are in its lists then', async () => {
      const { api } = rig;
      const { id: list } = await rig.list(2);
      const id = await rig.create({ audience: { lists: [list] }, text: 'Hi' });
      const at = new Date(api.clock.now + 3_600_000).toISOString();
      await api.call('POST', `/v1/campaigns/${id}/schedule`, { at });
      await rig.work();
      expect(await rig.read(id)).toMatchObject({ status: 'scheduled', starts_at: at, recipients: 0 });
      api.clock.now += 3_600_000;
      await rig.work();
      expect(await rig.read(id)).toMatchObject({ status: 'completed', counts: { sent: 2 } });
    });

    it('a carrier that says not now gets it again later; who could not be sent it in time does not get it', async () => {
      const { api } = rig;
      const { id: list, phones } = await rig.list(1, () => ({ phone: newNumber('0005') }));
      const id = await rig.create({ audience: { lists: [list] }, text: 'Hi' });
      await rig.start(id);
      await rig.work();
      const busy = await rig.read(id);
      if (busy.status === 'running') {
        expect(busy.reasons).toMatchObject([{ state: 'waiting', reason: 'rate_limited' }]);
        api.clock.now += 10_000;
        await rig.work();
      }
      expect(await rig.read(id)).toMatchObject({ status: 'completed', counts: { sent: 1 } });
      expect(phones).toHaveLength(1);

      const late = await rig.create({ audience: { lists: [list] }, text: 'Hi', per_second: 1, validity_seconds: 60 });
      await rig.start(late);
      await api.call('POST', `/v1/campaigns/${late}/pause`, {});
      api.clock.now += 61_000;
      await api.call('POST', `/v1/campaigns/${late}/resume`, {});
      await rig.work();
      expect(await rig.recipients(late)).toMatchObject([{ state: 'expired', reason: 'validity' }]);
      expect(await rig.read(late)).toMatchObject({ status: 'completed', counts: { expired: 1 } });
    });

    it('a clock that is set back or forward skips nobody and sends nobody anything twice', async () => {
      const { api } = rig;
      const { id: list, phones } = await rig.list(5);
      const id = await rig.create({ audience: { lists: [list] }, text: 'Hi', per_second: 2 });
      await rig.start(id);
      await rig.work();
      api.clock.now -= 3_600_000;
      await rig.work();
      const back = await rig.read(id);
      expect(back.counts.sent + back.counts.waiting).toBe(5);
      api.clock.now += 2 * 3_600_000;
      for (let turn = 0; turn < 6; turn += 1) {
        await rig.work();
        api.clock.now += 500;
      }
      expect(await rig.read(id)).toMatchObject({ status: 'completed', counts: { sent: 5 } });
      for (const phone of phones) expect(await api.phone(phone)).toHaveLength(1);
    });

    it('another project’s campaign is not there, nor a test key’s', async () => {
      const { api } = rig;
      const { id: list } = await rig.list(0);
      const id = await rig.create({ audience: { lists: [list] }, text: 'Hi' });
      const { body } = await api.call('POST', '/v1/keys', {
        ...{ name: 'test', mode: 'test', scopes: ['campaigns:read', 'campaigns:write'] },
      });
      for (const call of ['', '/recipients']) {
        const answer = await api.call('GET', `/v1/campaigns/${id}${call}`, undefined, { key: body.key });
        expect(answer.status).toBe(404);
      }
      expect((await api.call('POST', `/v1/campaigns/${id}/start`, {}, { key: body.key })).status).toBe(404);
    });
  });
}
