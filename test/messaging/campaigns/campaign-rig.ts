import { expect } from 'vitest';
import { newSecret } from '../../projects/new-secret.ts';
import { newNumber, openTestService, type Profile, type TestService, type TestServiceOptions } from '../../service.ts';

/** A service with people in lists, and campaigns to them. */
export interface CampaignRig {
  api: TestService;
  /** A list of so many contacts, all with consent, each with `name`. Answers with its id. */
  list(
    count: number,
    contact?: (index: number) => object,
  ): Promise<{ id: string; phones: string[]; contacts: string[] }>;
  create(campaign: object): Promise<string>;
  start(id: string): Promise<void>;
  /** Does all that is due, of campaigns and of messages. */
  work(): Promise<void>;
  // biome-ignore lint/suspicious/noExplicitAny: what came back is what the test is about
  read(id: string): Promise<any>;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  recipients(id: string, query?: string): Promise<any[]>;
}

export async function openCampaignRig(profile: Profile, options: TestServiceOptions = {}): Promise<CampaignRig> {
  const api = await openTestService(profile, { key: newSecret('live'), ...options });
  await api.call('PUT', '/v1/contact-attributes', { attributes: { name: 'string', points: 'number' } });

  async function post(url: string, body: object) {
    const answer = await api.call('POST', url, body);
    expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
    return answer.body;
  }

  const rig: CampaignRig = {
    api,
    async list(count, contact = () => ({})) {
      const list = await post('/v1/lists', { name: `list ${Math.random()}` });
      const phones: string[] = [];
      const contacts: string[] = [];
      for (let index = 0; index < count; index += 1) {
        const phone = newNumber();
        const body = { phone, attributes: { name: `N${index}` }, tags: [], ...contact(index) };
        contacts.push((await post('/v1/contacts', body)).id);
        phones.push(phone);
      }
      if (count > 0) await post(`/v1/lists/${list.id}/members/add`, { contacts });
      return { id: list.id, phones, contacts };
    },
    async create(campaign) {
      return (await post('/v1/campaigns', { name: 'Spring', purpose: 'transactional', ...campaign })).id;
    },
    async start(id) {
      await post(`/v1/campaigns/${id}/start`, {});
    },
    async work() {
      while ((await api.services.messaging.campaigns.worker.runDue()) > 0) await api.settled();
      await api.sendMessages();
    },
    async read(id) {
      return (await api.call('GET', `/v1/campaigns/${id}`)).body;
    },
    async recipients(id, query = '') {
      return (await api.call('GET', `/v1/campaigns/${id}/recipients?limit=100${query}`)).body.data;
    },
  };
  return rig;
}
