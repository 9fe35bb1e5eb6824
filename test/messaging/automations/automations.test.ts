import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../rig/stores.ts';
import { openTestService, PROFILES, type TestService } from '../../service.ts';
import { newAutomation, newContact, runsOf, text, workAll } from './rig.ts';

const NEEDS = { embedded: [], postgres: ['postgres'], scaled: ['postgres', 'redis'] } as const;
const API = { type: 'api' };
const HOUR = 3_600_000;

for (const profile of PROFILES) {
  await describeWith(NEEDS[profile], `automations (${profile})`, () => {
    let api: TestService;
    beforeAll(async () => {
      api = await openTestService(profile);
      await api.call('PUT', '/v1/contact-attributes', {
        attributes: { city: 'string', member: 'boolean', birthday: 'date' },
      });
    });
    afterAll(() => api?.close());

    const enter = (automation: string, contact: string, more: object = {}) =>
      api.call('POST', `/v1/automations/${automation}/runs`, { contact_id: contact, ...more });
    const read = async (automation: string, run: string) =>
      (await api.call('GET', `/v1/automations/${automation}/runs/${run}`)).body;
    const texts = async (phone: string) => (await api.phone(phone)).map((message) => message.text).reverse();

    it('each step is done in its turn, and the history says what came of it', async () => {
      const list = (await api.call('POST', '/v1/lists', { name: 'l' })).body.id;
      const automation = await newAutomation(api, {
        trigger: API,
        steps: [
          text('one'),
          { type: 'add_tag', tag: 'seen' },
          { type: 'add_to_list', list_id: list },
          { type: 'wait', seconds: 3_600 },
          { type: 'condition', name: 'is_seen', filter: { tag: 'seen' }, if_false: 'last' },
          text('two', { next: 'end' }),
          text('three', { name: 'last' }),
        ],
      });
      const { id, phone } = await newContact(api);
      const { status, body } = await enter(automation, id);
      expect([status, body.outcome]).toEqual([201, 'entered']);
      await workAll(api);
      expect(await read(automation, body.run_id)).toMatchObject({
        status: 'running',
        next_step: 'is_seen',
        waiting_for: { reason: 'time', until: new Date(api.clock.now + HOUR).toISOString() },
        history: [
          { step: '1', type: 'send', outcome: 'sent', message_id: expect.stringMatching(/^msg_/) },
          { step: '2', type: 'add_tag', outcome: 'done' },
          { step: '3', type: 'add_to_list', outcome: 'done' },
          { step: '4', type: 'wait', outcome: 'waiting' },
        ],
      });
      api.clock.now += HOUR - 1;
      await workAll(api);
      expect(await texts(phone)).toEqual(['one']);
      api.clock.now += 1;
      await workAll(api);
      expect(await texts(phone)).toEqual(['one', 'two']);
      const done = await read(automation, body.run_id);
      expect(done).toMatchObject({ status: 'completed', reason: null, next_step: null, waiting_for: null });
      expect(done.history.slice(4)).toMatchObject([{ step: 'is_seen', outcome: 'yes' }, { outcome: 'sent' }]);
      const { body: contact } = await api.call('GET', `/v1/contacts/${id}`);
      expect(contact.tags).toEqual(['seen']);
      expect((await api.call('GET', `/v1/contacts?list_id=${list}`)).body.data).toHaveLength(1);
      expect((await enter(automation, id)).status).toBe(201);
    });

    it('who is in a version goes on by it, who enters gets the newest', async () => {
      const steps = (words: string) => [{ type: 'wait', seconds: 60 }, text(words)];
      const automation = await newAutomation(api, { trigger: API, steps: steps('first') });
      const [old, young] = [await newContact(api), await newContact(api)];
      await enter(automation, old.id);
      await workAll(api);
      const changed = await api.call('PATCH', `/v1/automations/${automation}`, {
        definition: { trigger: API, steps: steps('second') },
      });
      expect(changed.body.version).toBe(2);
      await enter(automation, young.id);
      await workAll(api);
      api.clock.now += 60_000;
      await workAll(api);
      expect([await texts(old.phone), await texts(young.phone)]).toEqual([['first'], ['second']]);
    });

    it('re-entry is as its rules say', async () => {
      const rules = { trigger: API, steps: [{ type: 'wait', seconds: 60 }] };
      const { id } = await newContact(api);
      const reasons = async (automation: string) => {
        const { status, body } = await enter(automation, id);
        return status === 201 ? 'entered' : body.reason;
      };
      const once = await newAutomation(api, { ...rules, reentry: 'never' });
      const free = await newAutomation(api, { ...rules, reentry: 'after_end', cooldown_seconds: 120 });
      const always = await newAutomation(api, { ...rules, reentry: 'always' });
      const all = async () => [await reasons(once), await reasons(free), await reasons(always)];
      expect(await all()).toEqual(['entered', 'entered', 'entered']);
      await workAll(api);
      expect(await all()).toEqual(['entered_before', 'already_in', 'entered']);
      api.clock.now += 60_000;
      await workAll(api);
      expect(await all()).toEqual(['entered_before', 'cooling_down', 'entered']);
      api.clock.now += 60_000;
      expect(await all()).toEqual(['entered_before', 'entered', 'entered']);
      // Whatever the rules: ten in a day.
      for (let left = 6; left > 0; left -= 1) expect(await reasons(always)).toBe('entered');
      expect(await reasons(always)).toBe('too_often');
      const { body } = await api.call('GET', `/v1/automations/${once}`);
      expect(body).toMatchObject({ runs: { completed: 1, running: 0 }, refused: { entered_before: 3 } });
    });

    it('many requests at once let a contact in once', async () => {
      const automation = await newAutomation(api, { trigger: API, steps: [{ type: 'wait', seconds: 60 }] });
      const { id } = await newContact(api);
      // The second time there is a row of the contact's already.
      for (const round of [1, 2]) {
        const answers = await Promise.all(Array.from({ length: 8 }, () => enter(automation, id)));
        const entered = answers.filter(({ status }) => status === 201);
        expect(entered).toHaveLength(1);
        await api.call('POST', `/v1/automations/${automation}/runs/${entered[0]?.body.run_id}/stop`);
        expect(await runsOf(api, automation)).toHaveLength(round);
      }
    });

    it('a paused automation does nothing and lets nobody in; resumed, it goes on where it was', async () => {
      const automation = await newAutomation(api, { trigger: API, steps: [{ type: 'wait', seconds: 60 }, text('on')] });
      const { id, phone } = await newContact(api);
      await enter(automation, id);
      await workAll(api);
      expect((await api.call('POST', `/v1/automations/${automation}/pause`)).body.status).toBe('paused');
      const refused = await enter(automation, (await newContact(api)).id);
      expect([refused.status, refused.body.reason]).toEqual([409, 'not_active']);
      api.clock.now += 120_000;
      await workAll(api);
      const [held] = await runsOf(api, automation);
      expect(held).toMatchObject({ status: 'running', waiting_for: { reason: 'paused', until: null } });
      expect(await texts(phone)).toEqual([]);
      const again = await api.call('POST', `/v1/automations/${automation}/pause`);
      expect([again.status, again.body.code, again.body.automation_status]).toEqual([
        ...[409, 'wrong_automation_state', 'paused'],
      ]);
      await api.call('POST', `/v1/automations/${automation}/resume`);
      await workAll(api);
      expect(await texts(phone)).toEqual(['on']);
      expect((await runsOf(api, automation))[0].status).toBe('completed');
    });

    it('stopping one ends the runs in it, and so does deleting it', async () => {
      for (const [method, path] of [
        ['POST', '/stop'],
        ['DELETE', ''],
      ] as const) {
        const automation = await newAutomation(api, {
          trigger: API,
          steps: [{ type: 'wait', seconds: 60 }, text('on')],
        });
        const { id, phone } = await newContact(api);
        const { body } = await enter(automation, id);
        await workAll(api);
        await api.call(method, `/v1/automations/${automation}${path}`);
        const again = await api.call('POST', `/v1/automations/${automation}/start`);
        if (path === '/stop') expect([again.status, again.body.automation_status]).toEqual([409, 'stopping']);
        await workAll(api);
        expect(await read(automation, body.run_id)).toMatchObject({ status: 'stopped', reason: 'automation_stopped' });
        api.clock.now += 120_000;
        await workAll(api);
        expect(await texts(phone)).toEqual([]);
      }
    });

    it('one run can be stopped', async () => {
      const automation = await newAutomation(api, { trigger: API, steps: [{ type: 'wait', seconds: 60 }, text('on')] });
      const { id, phone } = await newContact(api);
      const { body } = await enter(automation, id);
      const { body: stopped } = await api.call('POST', `/v1/automations/${automation}/runs/${body.run_id}/stop`);
      expect(stopped).toMatchObject({ status: 'stopped', reason: 'requested' });
      api.clock.now += 120_000;
      await workAll(api);
      expect(await texts(phone)).toEqual([]);
      expect((await enter(automation, id)).status).toBe(201);
    });

    it('an event lets in whom it is about, once', async () => {
      const automation = await newAutomation(api, {
        trigger: { type: 'event', event: 'message.delivered', where: { 'data.purpose': ['transactional'] } },
        reentry: 'always',
        steps: [{ type: 'add_tag', tag: 'reached' }],
      });
      const { id, phone } = await newContact(api);
      const outlet = api.services.db.kysely
        .selectFrom('audit_outlets')
        .select('next')
        .where('name', '=', 'automations');
      const { next } = await outlet.executeTakeFirstOrThrow();
      await api.call('POST', '/v1/messages', { to: phone, text: 'hello' });
      await workAll(api);
      expect(await runsOf(api, automation)).toMatchObject([{ contact_id: id, cause: 'event', status: 'completed' }]);
      expect((await api.call('GET', `/v1/contacts/${id}`)).body.tags).toEqual(['reached']);
      // A reader that died before it could say how far it was reads the same again.
      await api.services.db.kysely
        .updateTable('audit_outlets')
        .set({ next })
        .where('name', '=', 'automations')
        .execute();
      await workAll(api);
      expect(await runsOf(api, automation)).toHaveLength(1);
      await api.call('POST', `/v1/automations/${automation}/stop`);
    });

    it('an automation is not set off by what it did; two that set each other off come to an end', async () => {
      const self = await newAutomation(api, {
        trigger: { type: 'event', event: 'message.delivered', where: { 'data.purpose': 'transactional' } },
        filter: { tag: 'self' },
        reentry: 'always',
        steps: [text('again')],
      });
      const { phone } = await newContact(api, { tags: ['self'] });
      await api.call('POST', '/v1/messages', { to: phone, text: 'hello' });
      await workAll(api);
      expect(await texts(phone)).toEqual(['hello', 'again']);
      const other = await newAutomation(api, {
        trigger: { type: 'event', event: 'message.delivered', where: { 'data.purpose': 'transactional' } },
        filter: { tag: 'self' },
        reentry: 'always',
        steps: [text('and again')],
      });
      await api.call('POST', '/v1/messages', { to: phone, text: 'hello' });
      await workAll(api);
      const runs = [...(await runsOf(api, self)), ...(await runsOf(api, other))];
      expect(runs.length).toBeLessThan(16);
      const { body } = await api.call('GET', `/v1/automations/${other}`);
      expect(body.refused.too_deep).toBeGreaterThan(0);
      for (const id of [self, other]) await api.call('POST', `/v1/automations/${id}/stop`);
    });

    it('STOP, a reply and a conversion end a run that stops on them', async () => {
      const wait = { type: 'wait', seconds: 3_600 };
      const automation = await newAutomation(api, {
        trigger: API,
        stop_on: ['opt_out', 'reply', 'conversion'],
        conversion: { event: 'verification.created', where: { 'data.purpose': 'purchase' } },
        steps: [text('are you there?', { sender: '+33755550100' }), wait, text('hello?')],
      });
      const people = [await newContact(api), await newContact(api), await newContact(api), await newContact(api)];
      for (const { id } of people) await enter(automation, id);
      await workAll(api);
      api.clock.now += 1_000;
      const [stopped, replied, converted, silent] = people;
      const say = (from: string | undefined, words: string) =>
        api.call('POST', '/v1/sandbox/messages', { from, to: '+33755550100', text: words });
      await say(stopped?.phone, 'STOP');
      await say(replied?.phone, 'yes, I am');
      await api.call('POST', '/v1/verifications', { to: converted?.phone, purpose: 'purchase' });
      await api.settled();
      await api.services.inbound.worker.runDue();
      await workAll(api);
      const reasons = new Map((await runsOf(api, automation)).map((run) => [run.contact_id, run.reason]));
      expect(people.map(({ id }) => reasons.get(id))).toEqual(['opted_out', 'replied', 'converted', null]);
      api.clock.now += HOUR;
      await workAll(api);
      expect(await texts(silent?.phone ?? '')).toEqual(['are you there?', 'hello?']);
    });

    it('what a person did holds before the next step, also while the feed of events is held up', async () => {
      const automation = await newAutomation(api, {
        trigger: API,
        stop_on: ['conversion'],
        conversion: { event: 'verification.created', where: { 'data.purpose': 'purchase' } },
        steps: [{ type: 'wait', seconds: 5 }, text('late')],
      });
      const { id, phone } = await newContact(api);
      await enter(automation, id);
      await workAll(api);
      api.clock.now += 5_000;
      await api.call('POST', '/v1/verifications', { to: phone, purpose: 'purchase' });
      const outlet = api.services.db.kysely.updateTable('audit_outlets').where('name', '=', 'automations');
      await outlet.set({ leased_until: api.clock.now + 10_000 }).execute();
      await workAll(api);
      expect(await runsOf(api, automation)).toMatchObject([{ status: 'stopped', reason: 'converted' }]);
      await outlet.set({ leased_until: 0 }).execute();
    });

    it('marketing waits for the hour and goes to nobody without consent', async () => {
      const automation = await newAutomation(api, {
        trigger: API,
        steps: [text('offer', { purpose: 'marketing' }), { type: 'add_tag', tag: 'offered' }],
      });
      const { id, phone } = await newContact(api, { time_zone: 'Europe/Paris' });
      const friend = await newContact(api, { time_zone: 'Europe/Paris' });
      const consent = await api.call('POST', '/v1/consents', { to: friend.phone, source: 'website' });
      expect(consent.status).toBeLessThan(300);
      // Friday night in Paris.
      api.clock.now = Date.parse('2027-02-05T22:30:00Z');
      const { body } = await enter(automation, id);
      await enter(automation, friend.id);
      await workAll(api);
      const late = await read(automation, body.run_id);
      expect(late.waiting_for).toMatchObject({ reason: 'quiet_hours' });
      api.clock.now = Date.parse(late.waiting_for.until);
      expect(new Date(api.clock.now).getUTCHours()).toBeLessThan(12);
      await workAll(api);
      expect(await read(automation, body.run_id)).toMatchObject({
        status: 'completed',
        history: [{ outcome: 'blocked', reason: expect.any(String) }, { outcome: 'done' }],
      });
      expect([await texts(phone), await texts(friend.phone)]).toEqual([[], [expect.stringContaining('offer')]]);
    });

    it('what automations send counts for the caps, and waits for them like campaigns', async () => {
      api.clock.now = Date.parse('2027-02-08T10:00:00Z');
      const rules = { time_zone: 'Europe/Paris', windows: [] };
      const caps = [{ purpose: 'marketing', max: 1, days: 2 }];
      await api.call('PUT', '/v1/sending-rules', { ...rules, frequency_caps: caps });
      const offer = (words: string) => text(words, { purpose: 'marketing' });
      const steps = [offer('first'), text('receipt'), offer('second')];
      const automation = await newAutomation(api, { trigger: API, steps });
      const friend = await newContact(api, { time_zone: 'Europe/Paris', tags: ['capped'] });
      await api.call('POST', '/v1/consents', { to: friend.phone, source: 'website' });
      const { body } = await enter(automation, friend.id);
      await workAll(api);
      const until = '2027-02-10T10:00:00.000Z';
      expect((await read(automation, body.run_id)).waiting_for).toEqual({ reason: 'frequency_cap', until });
      const campaign = { name: 'c', channel: 'sms', purpose: 'marketing', audience: { tags: ['capped'] }, text: 'x' };
      const made = await api.call('POST', '/v1/campaigns', campaign);
      const preview = await api.call('POST', `/v1/campaigns/${made.body.id}/preview`, {});
      expect(preview.body).toMatchObject({ ready: 0, later: { frequency_cap: 1 } });
      api.clock.now = Date.parse(until);
      await workAll(api);
      expect((await texts(friend.phone)).toSorted()).toEqual(['first', 'receipt', 'second']);
      await api.call('PUT', '/v1/sending-rules', { ...rules, frequency_caps: [] });
    });

    it('a date lets a contact in on its day, at the time of its clock', async () => {
      api.clock.now = Date.parse('2027-03-10T00:00:00Z');
      const automation = await newAutomation(api, {
        trigger: { type: 'date', attribute: 'birthday', offset_days: -1, at: '09:00', repeat: 'yearly' },
        steps: [text('tomorrow is your day')],
      });
      const of = (time_zone: string, birthday: string) => newContact(api, { time_zone, attributes: { birthday } });
      const [paris, york, other] = [
        await of('Europe/Paris', '1990-03-12'),
        await of('America/New_York', '1990-03-12'),
        await of('Europe/Paris', '1990-03-20'),
      ];
      await api.call('POST', `/v1/automations/${automation}/stop`);
      await api.call('POST', `/v1/automations/${automation}/start`);
      const phones = async () => [await texts(paris.phone), await texts(york.phone), await texts(other.phone)];
      const goTo = async (time: string) => {
        api.clock.now = Date.parse(time);
        await workAll(api);
        return phones();
      };
      const said = ['tomorrow is your day'];
      expect(await goTo('2027-03-11T07:29:00Z')).toEqual([[], [], []]);
      // What is not near yet may still change.
      expect(await runsOf(api, automation)).toEqual([]);
      expect(await goTo('2027-03-11T07:59:00Z')).toEqual([[], [], []]);
      expect(await goTo('2027-03-11T08:00:00Z')).toEqual([said, [], []]);
      expect(await goTo('2027-03-11T13:59:00Z')).toEqual([said, [], []]);
      expect(await goTo('2027-03-11T14:00:00Z')).toEqual([said, said, []]);
      expect(await goTo('2027-03-12T14:00:00Z')).toEqual([said, said, []]);
      expect((await goTo('2028-03-11T14:00:00Z'))[0]).toHaveLength(2);
      await api.call('POST', `/v1/automations/${automation}/stop`);
    });

    it('another project’s automation is not there', async () => {
      const automation = await newAutomation(api, { trigger: API, steps: [text('x')] });
      const other = await openTestService(profile, { beside: api });
      expect((await other.call('GET', `/v1/automations/${automation}`)).status).toBe(200);
      await other.app.close();
      const row = { project_id: 'prj_other' };
      await api.services.db.kysely.updateTable('automations').set(row).where('id', '=', automation).execute();
      for (const [method, path] of [
        ['GET', ''],
        ['GET', '/runs'],
        ['POST', '/start'],
        ['DELETE', ''],
      ] as const) {
        expect((await api.call(method, `/v1/automations/${automation}${path}`)).status).toBe(404);
      }
    });
  });
}
