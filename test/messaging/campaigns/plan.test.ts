import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeWith } from '../../rig/stores.ts';
import { newNumber, PROFILES } from '../../service.ts';
import { type CampaignRig, openCampaignRig } from './campaign-rig.ts';

const NEEDS = { embedded: [], postgres: ['postgres'], scaled: ['postgres', 'redis'] } as const;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const RULES = { time_zone: 'UTC', windows: [], frequency_caps: [] };
const OFFICE = { from: '10:00', to: '18:00', purposes: ['transactional'] };

for (const profile of PROFILES) {
  await describeWith(NEEDS[profile], `when campaigns send (${profile})`, () => {
    let rig: CampaignRig;
    let morning = Date.parse('2027-01-15T08:00:00Z');
    beforeAll(async () => {
      rig = await openCampaignRig(profile);
    });
    beforeEach(async () => {
      // Fridays, 9:00 in Paris.
      rig.api.clock.now = morning;
      morning += 7 * DAY;
      await rules({});
    });
    afterAll(() => rig?.api.close());

    async function rules(change: object): Promise<void> {
      const answer = await rig.api.call('PUT', '/v1/sending-rules', { ...RULES, ...change });
      expect(answer.status, JSON.stringify(answer.body)).toBe(200);
      // Every instance knows within a second.
      rig.api.clock.now += 1_001;
    }
    const at = (text: string) => new Date(rig.api.clock.now).toISOString().slice(0, 11) + text;
    async function begin(campaign: object): Promise<string> {
      const id = await rig.create({ text: 'Hi', ...campaign });
      await rig.start(id);
      await rig.work();
      return id;
    }

    it('who is outside of a window waits for it and says so, and is then sent it once', async () => {
      await rules({ windows: [OFFICE] });
      const zones = ['Europe/Paris', 'Asia/Kolkata', 'America/New_York'];
      const { id: list, phones } = await rig.list(3, (index) => ({ time_zone: zones[index] }));
      const id = await begin({ audience: { lists: [list] } });
      const waiting = await rig.recipients(id, '&state=waiting');
      expect(waiting.map(({ reason, due_at }) => [reason, due_at]).sort()).toEqual([
        ['outside_window', at('09:00:00.000Z')],
        ['outside_window', at('15:00:00.000Z')],
      ]);
      rig.api.clock.now = Date.parse(at('09:00:00.000Z'));
      await rig.work();
      expect((await rig.read(id)).counts).toMatchObject({ sent: 2, waiting: 1 });
      rig.api.clock.now = Date.parse(at('15:00:00.000Z'));
      await rig.work();
      expect(await rig.read(id)).toMatchObject({ status: 'completed', counts: { sent: 3 } });
      for (const phone of phones) expect(await rig.api.phone(phone)).toHaveLength(1);
    });

    it('marketing to France waits for 10:00, and on a Saturday evening for Monday', async () => {
      rig.api.clock.now += 35 * HOUR;
      const { id: list, phones } = await rig.list(1);
      const yes = { to: phones[0], channel: 'sms', purpose: 'marketing', state: 'granted', source: 'website' };
      expect((await rig.api.call('POST', '/v1/consents', { ...yes, wording: 'News, please.' })).status).toBe(201);
      const id = await begin({ audience: { lists: [list] }, purpose: 'marketing' });
      const [waiting] = await rig.recipients(id);
      expect(waiting).toMatchObject({ state: 'waiting', reason: 'outside_window' });
      const due = new Date(waiting.due_at);
      expect([due.getUTCDay(), due.toISOString().slice(11, 16)]).toEqual([1, '09:00']);
      rig.api.clock.now = due.getTime();
      await rig.work();
      expect((await rig.read(id)).counts).toMatchObject({ sent: 1 });
    });

    it('windows that never meet are a reason, and nobody waits for ever', async () => {
      await rules({ windows: [OFFICE] });
      const { id: list } = await rig.list(1);
      const windows = [{ ...OFFICE, from: '20:00', to: '21:00' }];
      const id = await begin({ audience: { lists: [list] }, schedule: { windows } });
      expect(await rig.recipients(id)).toMatchObject([{ state: 'skipped', reason: 'no_allowed_time' }]);
      expect((await rig.read(id)).status).toBe('completed');
    });

    it('at a time of each recipient’s own clock', async () => {
      const zones = ['Asia/Tokyo', 'Europe/Paris', 'America/Los_Angeles'];
      const { id: list } = await rig.list(3, (index) => ({ time_zone: zones[index] }));
      const id = await begin({ audience: { lists: [list] }, schedule: { local_time: at('12:30').slice(0, 16) } });
      const waiting = await rig.recipients(id);
      expect(waiting.map(({ state, reason, due_at }) => [state, reason, due_at]).sort()).toEqual([
        ['sent', null, null],
        ['waiting', 'local_time', at('11:30:00.000Z')],
        ['waiting', 'local_time', at('20:30:00.000Z')],
      ]);
      rig.api.clock.now = Date.parse(at('20:30:00.000Z'));
      await rig.work();
      expect(await rig.read(id)).toMatchObject({ status: 'completed', counts: { sent: 3 } });
    });

    it('a contact is written to no more often than the project says, by all its campaigns', async () => {
      await rules({ frequency_caps: [{ purpose: 'transactional', max: 1, days: 2 }] });
      const { id: list, phones } = await rig.list(2);
      const first = await begin({ audience: { lists: [list] } });
      const second = await begin({ audience: { lists: [list] } });
      expect((await rig.read(first)).counts).toMatchObject({ sent: 2 });
      expect(await rig.recipients(second)).toMatchObject([
        { state: 'waiting', reason: 'frequency_cap' },
        { state: 'waiting', reason: 'frequency_cap' },
      ]);
      rig.api.clock.now += 2 * DAY + HOUR;
      await rig.work();
      expect(await rig.read(second)).toMatchObject({ status: 'completed', counts: { sent: 2 } });
      for (const phone of phones) expect(await rig.api.phone(phone)).toHaveLength(2);
    });

    it('a series is a campaign each time, with those who are in the list then', async () => {
      const { id: list, phones } = await rig.list(1);
      const until = new Date(rig.api.clock.now + 5 * DAY).toISOString();
      const repeat = { every: 'day', at: '12:00', time_zone: 'UTC', until };
      const id = await rig.create({ text: 'Hi', audience: { lists: [list] }, schedule: { repeat } });
      await rig.start(id);
      expect(await rig.read(id)).toMatchObject({ status: 'scheduled', starts_at: at('12:00:00.000Z') });
      rig.api.clock.now = Date.parse(at('12:00:00.000Z'));
      await rig.work();
      const late = newNumber();
      const contact = (await rig.api.call('POST', '/v1/contacts', { phone: late })).body.id;
      await rig.api.call('POST', `/v1/lists/${list}/members/add`, { contacts: [contact] });
      // Two days passed while nothing ran: they are one.
      rig.api.clock.now += 2 * DAY + HOUR;
      await rig.work();
      expect(await rig.api.phone(phones[0] ?? '')).toHaveLength(2);
      expect(await rig.api.phone(late)).toHaveLength(1);
      const { data: times } = (await rig.api.call('GET', `/v1/campaigns?limit=100&series_id=${id}`)).body;
      expect(
        times.map(({ recipients, status }: { recipients: number; status: string }) => [recipients, status]),
      ).toEqual([
        [2, 'completed'],
        [1, 'completed'],
      ]);
      rig.api.clock.now += 10 * DAY;
      await rig.work();
      expect((await rig.read(id)).status).toBe('completed');
    });

    it.each([
      [
        'a zone that does not exist',
        { repeat: { every: 'day', at: '09:00', time_zone: 'Mars/Base' } },
        '/schedule/repeat/time_zone',
      ],
      [
        'days of the week for months',
        { repeat: { every: 'month', on: ['monday'], at: '09:00', time_zone: 'UTC' } },
        '/schedule/repeat/on',
      ],
      ['a day that is not in the calendar', { local_time: '2027-02-30T09:00' }, '/schedule/local_time'],
      ['a window that ends before it begins', { windows: [{ from: '10:00', to: '09:00' }] }, '/schedule/windows/0/to'],
    ])('%s is refused', async (_, schedule, pointer) => {
      const body = { name: 'x', audience: { tags: ['vip'] }, text: 'Hi', schedule };
      const answer = await rig.api.call('POST', '/v1/campaigns', body);
      expect(answer.body.errors, JSON.stringify(answer.body)).toMatchObject([{ pointer }]);
    });
  });
}
