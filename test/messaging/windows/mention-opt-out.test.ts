import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newAutomation, newContact, text, workAll } from '../automations/rig.ts';
import { type CampaignRig, openCampaignRig } from '../campaigns/campaign-rig.ts';

const MENTION = 'STOP au 36111';
/** With the mention below it, one character more than fits into one SMS. */
const FULL = 'x'.repeat(160 - MENTION.length);

describe('how to stop it', () => {
  let rig: CampaignRig;
  const call = (url: string, body: object) => rig.api.call('POST', url, body);
  beforeAll(async () => {
    rig = await openCampaignRig('embedded');
    // A Monday morning in Paris.
    rig.api.clock.now = Date.parse('2027-02-08T10:00:00Z');
    const rules = { time_zone: 'UTC', windows: [], frequency_caps: [], opt_out_mentions: { FR: MENTION } };
    expect((await rig.api.call('PUT', '/v1/sending-rules', rules)).status).toBe(200);
    rig.api.clock.now += 1_001;
  });
  afterAll(() => rig?.api.close());

  async function friend(given: object = {}) {
    const one = await newContact(rig.api, given);
    await call('/v1/consents', { to: one.phone, source: 'website' });
    return one;
  }
  const inbox = async (phone: string) => (await rig.api.phone(phone)).map((message) => message.text).reverse();

  it('is below every marketing SMS to the country that does not say it, and below nothing else', async () => {
    const { phone: to } = await friend();
    const marketing = { to, purpose: 'marketing' };
    const { body } = await call('/v1/messages', { ...marketing, text: FULL });
    expect(body).toMatchObject({ text: `${FULL}\n${MENTION}`, segments: 2 });
    await call('/v1/messages', { ...marketing, text: `Sale. ${MENTION.toLowerCase()}` });
    await call('/v1/messages', { to, text: 'Your parcel is here.' });
    await rig.api.sendMessages();
    expect((await inbox(to)).toSorted()).toEqual(
      ['Your parcel is here.', `Sale. ${MENTION.toLowerCase()}`, `${FULL}\n${MENTION}`].toSorted(),
    );
    const german = await call('/v1/messages', { to: '+4915112345678', purpose: 'marketing', text: 'Sale' });
    expect(german.body).toMatchObject({ text: 'Sale' });
  });

  it('counts in previews', async () => {
    const { phone: to } = await friend();
    const { body } = await call('/v1/messages/preview', { to, purpose: 'marketing', text: FULL });
    expect(body).toMatchObject({ text: `${FULL}\n${MENTION}`, segments: 2 });
    const long = await call('/v1/messages', { to, purpose: 'marketing', text: 'x'.repeat(1_520) });
    expect(long.body.errors).toMatchObject([{ pointer: '/text', message: 'takes more than 10 segments' }]);
  });

  it('is in the test of a campaign, and in what is shown of it to one contact, as in the campaign', async () => {
    const { id, phone } = await friend({ tags: ['tested'] });
    const campaign = await rig.create({ purpose: 'marketing', audience: { tags: ['tested'] }, text: FULL });
    const seen = { text: `${FULL}\n${MENTION}`, segments: 2 };
    const { body: preview } = await call(`/v1/campaigns/${campaign}/preview`, { contact_id: id });
    expect(preview.message).toMatchObject(seen);
    const { body: tested } = await call(`/v1/campaigns/${campaign}/test`, { to: [phone, '+4915112345678'] });
    const read = async (at: number) => (await rig.api.call('GET', `/v1/messages/${tested.data[at].message_id}`)).body;
    expect(await read(0)).toMatchObject({ ...seen, purpose: 'transactional' });
    expect(await read(1)).toMatchObject({ text: FULL, segments: 1 });
    await rig.start(campaign);
    await rig.work();
    expect(await inbox(phone)).toEqual([seen.text, seen.text]);
  });

  it('is said by campaigns and automations alike', async () => {
    const { id, phone } = await friend({ tags: ['friend'] });
    const campaign = await rig.create({ purpose: 'marketing', audience: { tags: ['friend'] }, text: FULL });
    const preview = await call(`/v1/campaigns/${campaign}/preview`, {});
    expect(preview.body).toMatchObject({ ready: 1, segments: 2 });
    await rig.start(campaign);
    await rig.work();
    const steps = [text('Offer', { purpose: 'marketing' })];
    const automation = await newAutomation(rig.api, { trigger: { type: 'api' }, steps });
    await call(`/v1/automations/${automation}/runs`, { contact_id: id });
    await workAll(rig.api);
    expect(await inbox(phone)).toEqual([`${FULL}\n${MENTION}`, `Offer\n${MENTION}`]);
  });
});
