import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../rig/stores.ts';
import { PROFILES } from '../../service.ts';
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
  });
}
