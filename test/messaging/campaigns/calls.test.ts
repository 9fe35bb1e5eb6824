import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../rig/stores.ts';
import { PROFILES } from '../../service.ts';
import { type CampaignRig, openCampaignRig } from './campaign-rig.ts';

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
