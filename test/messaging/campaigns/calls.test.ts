import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { tone, wavOf } from '../../delivery/sip/tones.ts';
import { openPhone } from '../../delivery/voice/phone-service.ts';
import { describeWith } from '../../rig/stores.ts';
import { newNumber, PROFILES } from '../../service.ts';
import { type CampaignRig, openCampaignRig } from './campaign-rig.ts';
import { openHttpCarrier } from './http-carrier.ts';

const NEEDS = { embedded: [], postgres: ['postgres'], scaled: ['postgres', 'redis'] } as const;

for (const profile of PROFILES) {
  await describeWith(NEEDS[profile], `campaigns by call (${profile})`, () => {
    let rig: CampaignRig;
    beforeAll(async () => {
      rig = await openCampaignRig(profile, { policy: { brand: 'Example', voice: { pace: 0.9 } } });
      // 12:00 in Paris, a Friday
      rig.api.clock.now = Date.parse('2027-01-15T11:00:00Z');
    });
    afterAll(() => rig?.api.close());

    async function template() {
      const { body } = await rig.api.call('POST', '/v1/templates', {
        name: `call ${profile} ${Math.random()}`,
        variables: { name: { type: 'string' } },
        default_locale: 'en',
        locales: {
          en: { voice: { text: 'Hello {{name}}.' }, sms: { text: 'Hi {{name}}' } },
          fr: { voice: { text: 'Bonjour {{name}}.' } },
          eu: { voice: { text: 'Kaixo {{name}}.' } },
        },
      });
      return body.id as string;
    }

    it('everybody is called once, in the template’s words for calls and their language, and told how to say no', async () => {
      const locales = ['en', 'fr', 'eu'];
      const { id: list, phones, contacts } = await rig.list(3, (index) => ({ locale: locales[index] ?? 'en' }));
      const id = await rig.create({
        ...{ audience: { lists: [list] }, channel: 'voice', template: await template() },
        ...{ press_key: '1', opt_out_key: '9', repeats: 1, retry: { attempts: 2 } },
      });
      expect((await rig.api.call('POST', `/v1/campaigns/${id}/preview`, {})).body).toMatchObject({
        ...{ ready: 2, never: { no_words_for_keys: 1 }, segments: null },
      });
      await rig.start(id);
      await rig.work();
      expect((await rig.api.phone(phones[0] ?? '')).map(({ text, channel }) => [channel, text])).toEqual([
        ['voice', 'Hello N0. To receive no more calls like this, press 9.'],
      ]);
      const [french] = await rig.api.phone(phones[1] ?? '');
      expect(french).toMatchObject({
        channel: 'voice',
        locale: 'fr',
        text: expect.stringMatching(/^Bonjour N1\. .* 9/),
      });
      expect(await rig.api.phone(phones[2] ?? '')).toEqual([]);
      const found = await rig.recipients(id);
      const standing = (at: number) => found.find(({ contact_id }) => contact_id === contacts[at]);
      expect(standing(2)).toMatchObject({ state: 'skipped', reason: 'no_words_for_keys' });
      const { body: message } = await rig.api.call('GET', `/v1/messages/${standing(0).message_id}`);
      expect(message).toMatchObject({
        ...{ status: 'delivered', channel: 'voice', segments: null, text: 'Hello N0.' },
        call: { repeats: 1, press_key: '1', opt_out_key: '9', retry: { attempts: 2, wait_seconds: 120 } },
      });
      expect(await rig.read(id)).toMatchObject({ status: 'completed', channel: 'voice', repeats: 1, opt_out_key: '9' });
    });
  });
}

describe('a campaign by call', () => {
  let rig: CampaignRig;
  let list: Awaited<ReturnType<CampaignRig['list']>>;
  beforeAll(async () => {
    rig = await openCampaignRig('embedded');
    list = await rig.list(2);
  });
  afterAll(() => rig?.api.close());

  const call = { name: 'Call', purpose: 'transactional', channel: 'voice', text: 'Hello.' };
  const audience = () => ({ audience: { lists: [list.id] } });
  const pointers = async (method: 'POST' | 'PATCH', url: string, body: object) => {
    const answer = await rig.api.call(method, url, body);
    return [answer.status, ...(answer.body.errors ?? []).map(({ pointer }: { pointer: string }) => pointer)];
  };
  const variants = [
    { id: 'a', text: 'A', subject: 'A' },
    { id: 'b', text: 'B' },
  ];

  it.each<[string, object, string[]]>([
    ['links', { shorten_links: true, utm: { source: 'x' } }, ['/shorten_links', '/utm']],
    ['what is for texts', { smart_encoding: true }, ['/smart_encoding']],
    ['a subject', { subject: 'Hello' }, ['/subject']],
    ['HTML', { html: '<p>Hello</p>' }, ['/html']],
    ['one key for two things', { press_key: '1', opt_out_key: '1' }, ['/opt_out_key']],
    ['keys that there are no words for', { press_key: '1', locale: 'eu' }, ['/locale']],
    ['a recording beside the text', { recording: `rec_${'0'.repeat(26)}` }, ['/text']],
    ['marketing without a way to say no', { purpose: 'marketing' }, ['/opt_out_key']],
    [
      'clicks to decide by, and subjects of variants',
      { experiment: { variants, sample_percent: 50 } },
      ['/experiment/winner_by', '/experiment/variants/0/subject'],
    ],
    ['a call by another channel', { channel: 'sms', press_key: '1' }, ['/press_key']],
  ])('is refused with %s', async (_, members, expected) => {
    expect(await pointers('POST', '/v1/campaigns', { ...call, ...audience(), ...members })).toEqual([422, ...expected]);
  });

  it('is refused when it starts with words that are not there', async () => {
    const { body: texts } = await rig.api.call('POST', '/v1/templates', {
      ...{ name: 'texts only', variables: {}, default_locale: 'en', locales: { en: { sms: { text: 'Hi' } } } },
    });
    const silent = await rig.create({ ...audience(), channel: 'voice', template: texts.id });
    expect(await pointers('POST', `/v1/campaigns/${silent}/start`, {})).toEqual([422, '/template']);
    const gone = await rig.create({ ...audience(), channel: 'voice', recording: `rec_${'0'.repeat(26)}` });
    expect(await pointers('POST', `/v1/campaigns/${gone}/start`, {})).toEqual([422, '/recording']);
    expect(await pointers('POST', `/v1/campaigns/${gone}/test`, { to: ['+33612345678'] })).toEqual([422, '/recording']);
  });

  it('that becomes one by text leaves behind what only calls have', async () => {
    const id = await rig.create({ ...call, ...audience(), press_key: '1', retry: { attempts: 2 } });
    const changed = await rig.api.call('PATCH', `/v1/campaigns/${id}`, { press_key: '2' });
    expect(changed.body).toMatchObject({ press_key: '2', retry: { attempts: 2 } });
    const { status, body } = await rig.api.call('PATCH', `/v1/campaigns/${id}`, { channel: 'sms' });
    expect([status, body.channel, body.text, body.press_key]).toEqual([200, 'sms', 'Hello.', undefined]);
  });

  it('is made as the policy was when it was scheduled', async () => {
    const id = await rig.create({ ...call, ...audience(), retry: { wait_seconds: 60 } });
    const at = new Date(rig.api.clock.now + 60_000).toISOString();
    expect((await rig.api.call('POST', `/v1/campaigns/${id}/schedule`, { at })).status).toBe(200);
    const project = (await rig.api.call('GET', '/v1/projects')).body.data[0].id;
    const policy = { call_retry: { attempts: 4, wait_seconds: 45, on: ['busy'] } };
    expect((await rig.api.call('PATCH', `/v1/projects/${project}`, { policy })).status).toBe(200);
    rig.api.clock.now += 60_000;
    await rig.work();
    const [first] = await rig.recipients(id);
    const { body } = await rig.api.call('GET', `/v1/messages/${first.message_id}`);
    expect(body.call.retry).toEqual({ attempts: 1, wait_seconds: 60, on: ['busy', 'no_answer'] });
  });

  it('keeps to the hours of calls where they are shorter than those of texts', async () => {
    // 13:30 in Paris, a Friday: texts may be sent, calls not before 14:00.
    rig.api.clock.now = Date.parse('2027-01-15T12:30:00Z');
    const { id, phones } = await rig.list(1);
    for (const channel of ['sms', 'voice']) {
      const yes = {
        to: phones[0],
        channel,
        purpose: 'marketing',
        state: 'granted',
        source: 'website',
        wording: 'Yes.',
      };
      expect((await rig.api.call('POST', '/v1/consents', yes)).status).toBe(201);
    }
    const marketing = { ...call, purpose: 'marketing', audience: { lists: [id] } };
    for (const offer of [{ channel: 'sms' }, { opt_out_key: '9' }]) {
      await rig.start(await rig.create({ ...marketing, ...offer }));
    }
    await rig.work();
    const heard = async () => (await rig.api.phone(phones[0] ?? '')).map(({ channel }) => channel);
    expect(await heard()).toEqual(['sms']);
    rig.api.clock.now = Date.parse('2027-01-15T13:00:00Z');
    await rig.work();
    expect((await heard()).toSorted()).toEqual(['sms', 'voice']);
  });
});

describe('a phone that is busy', () => {
  const busy = { CallStatus: 'busy', SipResponseCode: '486' };

  async function startCampaign(phone: Awaited<ReturnType<typeof openPhone>>, members: object = {}) {
    const { service } = phone;
    const post = async (url: string, body: object) => (await service.call('POST', url, body)).body;
    const list = await post('/v1/lists', { name: 'list' });
    const people = [];
    for (let one = 0; one < 2; one += 1) people.push(await post('/v1/contacts', { phone: newNumber() }));
    await post(`/v1/lists/${list.id}/members/add`, { contacts: people.map(({ id }) => id) });
    const retry = { attempts: 2, wait_seconds: 60 };
    const call = { name: 'Call', channel: 'voice', purpose: 'transactional', text: 'Hello.', retry };
    // The second one waits.
    const campaign = { ...call, per_second: 1, ...members };
    const { id } = await post('/v1/campaigns', { ...campaign, audience: { lists: [list.id] } });
    await post(`/v1/campaigns/${id}/start`, {});
    const work = async (ms: number) => {
      service.clock.now += ms;
      while ((await service.services.messaging.campaigns.worker.runDue()) > 0) await service.settled();
      await service.sendMessages();
    };
    await work(0);
    const [recipient] = (await service.call('GET', `/v1/campaigns/${id}/recipients?state=sent`)).body.data;
    return { id, recipient, post, work, read: () => phone.read(recipient.message_id) };
  }

  it('is called again as the campaign says, not while it is paused', async () => {
    const phone = await openPhone();
    const { id, recipient, post, work, read } = await startCampaign(phone);
    expect(recipient).toMatchObject({ state: 'sent', reason: null });
    await phone.pickUp().end(busy);
    await post(`/v1/campaigns/${id}/pause`, {});
    await work(60_000);
    expect(phone.carrier.requests).toHaveLength(1);
    expect(await read()).toMatchObject({ status: 'queued', reason: 'paused' });
    await post(`/v1/campaigns/${id}/resume`, {});
    await work(0);
    expect(await read()).toMatchObject({ status: 'sent', attempts: [{ reason: 'busy' }, { status: 'sent' }] });
    await phone.pickUp().end(busy);
    await work(3_600_000);
    const { total } = (await phone.service.call('GET', `/v1/campaigns/${id}/stats`)).body;
    const nobody = { no_answer: 0, declined: 0, machine_answered: 0, no_key_pressed: 0 };
    expect(total).toMatchObject({ sent: 2, delivered: 0, calls: { busy: 1, ...nobody } });
  });

  it('is called again also when the carrier says so at once, with each call on record', async () => {
    const phone = await openPhone();
    phone.carrier.next({ status: 400, body: { code: 21214, status: 400 } });
    const retry = { attempts: 2, wait_seconds: 60, on: ['unreachable_recipient'] };
    const { recipient, work, read } = await startCampaign(phone, { retry });
    expect(recipient).toMatchObject({ state: 'sent', reason: null });
    expect(await read()).toMatchObject({ status: 'queued', attempts: [{ number: 1, status: 'rejected' }] });
    await work(60_000);
    expect(await read()).toMatchObject({
      status: 'sent',
      attempts: [{ status: 'rejected' }, { status: 'sent' }],
    });
  });
});

it('the calls that may be made again are within the cap too', async () => {
  const called: string[] = [];
  const take = async (to: string) => String(called.push(to));
  const carrier = await openHttpCarrier(take, { channels: ['voice'], cost: { amount: '0.05', currency: 'EUR' } });
  const rig = await openCampaignRig('embedded', { env: carrier.env });
  onTestFinished(async () => {
    await rig.api.close();
    carrier.close();
  });
  const { id: list } = await rig.list(4);
  const id = await rig.create({
    ...{ audience: { lists: [list] }, channel: 'voice', text: 'Hello.', retry: { attempts: 3 } },
    spend_cap: { amount: '0.40', currency: 'EUR' },
  });
  const { body: preview } = await rig.api.call('POST', `/v1/campaigns/${id}/preview`, {});
  expect(preview).toMatchObject({ ready: 4, cost: [{ amount: '0.6', currency: 'EUR' }] });
  await rig.start(id);
  for (let turn = 0; turn < 3; turn += 1) {
    await rig.work();
    rig.api.clock.now += 1_000;
  }
  expect(called).toHaveLength(2);
  expect(await rig.read(id)).toMatchObject({ status: 'paused', reason: 'spend_cap', spent: { amount: '0.3' } });
});

await describeWith(['ffmpeg'], 'a campaign of a recording', () => {
  it('plays it, and pauses once it is deleted', async () => {
    const rig = await openCampaignRig('embedded');
    const { api } = rig;
    onTestFinished(() => api.close());
    const uploaded = await api.app.inject({
      ...{ method: 'POST', url: '/v1/recordings', payload: wavOf(tone([440], 1_000)) },
      headers: { authorization: `Bearer ${api.key}`, 'content-type': 'audio/wav' },
    });
    const recording = uploaded.json().id;
    const { id: list, phones, contacts } = await rig.list(2);
    // The second one waits.
    const id = await rig.create({ audience: { lists: [list] }, channel: 'voice', recording, per_second: 1 });
    const body = { contact_id: contacts[0] };
    const { message } = (await api.call('POST', `/v1/campaigns/${id}/preview`, body)).body;
    expect(message).toMatchObject({ text: `(${recording}, 1 s)` });
    await rig.start(id);
    await rig.work();
    const heard = (await Promise.all(phones.map((phone) => api.phone(phone)))).flat();
    expect(heard).toMatchObject([{ channel: 'voice', text: `(${recording}, 1 s)` }]);
    expect((await api.call('DELETE', `/v1/recordings/${recording}`)).status).toBe(204);
    api.clock.now += 1_000;
    await rig.work();
    expect(await rig.read(id)).toMatchObject({ status: 'paused', reason: 'recording_missing', recording });
  });
});
