import { afterAll, beforeAll, expect, it } from 'vitest';
import { newSecret } from '../../projects/new-secret.ts';
import { describeWith } from '../../rig/stores.ts';
import { newNumber, openTestService, PROFILES, type TestService } from '../../service.ts';

const NEEDS = { embedded: [], postgres: ['postgres'], scaled: ['postgres', 'redis'] } as const;

for (const profile of PROFILES) {
  await describeWith(NEEDS[profile], `contacts as personal data and as files (${profile})`, () => {
    let api: TestService;
    beforeAll(async () => {
      api = await openTestService(profile, { key: newSecret('live') });
      await api.call('PUT', '/v1/contact-attributes', {
        attributes: { city: 'string', age: 'number', member: 'boolean' },
      });
    });
    afterAll(() => api?.close());

    async function upload(file: string): Promise<string> {
      const response = await api.app.inject({
        method: 'POST',
        url: '/v1/contacts/import',
        headers: { authorization: `Bearer ${api.key}`, 'content-type': 'text/csv' },
        payload: file,
      });
      expect(response.statusCode).toBe(202);
      return response.json().id;
    }

    async function erase(to: string): Promise<string> {
      const { status, body } = await api.call('POST', '/v1/privacy/erasures', { to });
      expect(status).toBe(202);
      await api.services.privacy.worker.runDue();
      return body.id;
    }

    const at = (phone: string) => api.call('GET', `/v1/contacts?address=${encodeURIComponent(phone)}`);

    it('an export comes back by an import, formulas disarmed', async () => {
      const attributes = { city: '=cmd("x")', age: -4, member: false };
      const phone = newNumber();
      await api.call('POST', '/v1/contacts', { external_id: '+e-1', phone, attributes, tags: ['a', "'b"] });
      await api.call('POST', '/v1/contacts', { external_id: 'e-2', email: 'e2@example.com', time_zone: 'Asia/Tokyo' });
      const before = (await api.call('GET', '/v1/contacts')).body.data;
      const exported = await api.call('GET', '/v1/contacts/export');
      expect(exported.headers['content-type']).toContain('text/csv');
      expect(exported.body).toContain(`'${phone}`);
      expect(exported.body).toContain(`'=cmd`);
      for (const { id } of before) await api.call('DELETE', `/v1/contacts/${id}`);
      await upload(exported.body);
      await api.services.imports.worker.runDue();
      const after = (await api.call('GET', '/v1/contacts')).body.data;
      const told = (contacts: { external_id: string }[]) =>
        contacts
          .map(({ id: _id, created_at: _at, updated_at: _changed, ...rest }: Record<string, unknown>) => rest)
          .sort((a, b) => String(a.external_id).localeCompare(String(b.external_id)));
      expect(told(after)).toEqual(told(before));
      const lines = (await api.call('GET', '/v1/contacts/export?format=ndjson&tag=a')).body.trim().split('\n');
      expect(lines.map((line: string) => JSON.parse(line).external_id)).toEqual(['+e-1']);
      const { body: events } = await api.call('GET', '/v1/events?type=contacts.exported');
      expect(events.data[0].data).toMatchObject({ format: 'ndjson', tag: 'a' });
    });

    it('a person’s copy has their contact, and an erasure takes it away', async () => {
      const phone = newNumber();
      const { body: list } = await api.call('POST', '/v1/lists', { name: 'News' });
      const made = { phone, email: 'told@example.com', attributes: { city: 'Lyon' }, tags: ['vip'] };
      const { body: contact } = await api.call('POST', '/v1/contacts', made);
      await api.call('POST', `/v1/lists/${list.id}/members/add`, { contacts: [contact.id] });
      const copy = await api.call('GET', `/v1/privacy/exports?to=${encodeURIComponent(phone)}`);
      expect(copy.status, JSON.stringify(copy.body)).toBe(200);
      const records = String(copy.body)
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(records.find(({ kind }) => kind === 'contact')?.record).toMatchObject({ ...made, lists: ['News'] });
      await erase(phone);
      expect((await at(phone)).body.data).toEqual([]);
      expect((await at('told@example.com')).body.data).toEqual([]);
      expect((await api.call('GET', `/v1/lists/${list.id}`)).body.members).toBe(0);
    });

    it('an import that was under way brings nobody back, nor do its errors quote them', async () => {
      const [phone, other] = [newNumber(), newNumber()];
      const id = await upload(`phone,age\n${phone},4\n${other},4\n`);
      const quoting = await upload(`phone,external_id,city\n${other},x,y\n,${phone}\u0000,\n`);
      const erasure = await erase(phone);
      const state = async () => (await api.call('GET', `/v1/privacy/erasures/${erasure}`)).body.status;
      expect(await state()).toBe('pending');
      api.clock.now += 5_000;
      await api.services.imports.worker.runDue();
      expect((await at(phone)).body.data).toHaveLength(1);
      api.clock.now += 60_000;
      await api.services.privacy.worker.runDue();
      expect(await state()).toBe('completed');
      expect((await at(phone)).body.data).toEqual([]);
      expect((await at(other)).body.data).toHaveLength(1);
      for (const one of [id, quoting]) {
        expect((await api.call('GET', `/v1/contacts/imports/${one}/errors`)).body).not.toContain(phone.slice(1));
      }
    });
  });
}
