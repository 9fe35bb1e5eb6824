import { afterAll, beforeAll, expect, it } from 'vitest';
import { newSecret } from '../../projects/new-secret.ts';
import { describeWith } from '../../rig/stores.ts';
import { newNumber, openTestService, PROFILES, type TestService } from '../../service.ts';

const NEEDS = { embedded: [], postgres: ['postgres'], scaled: ['postgres', 'redis'] } as const;

for (const profile of PROFILES) {
  await describeWith(NEEDS[profile], `contacts (${profile})`, () => {
    let api: TestService;
    let testKey: string;
    beforeAll(async () => {
      api = await openTestService(profile, { key: newSecret('live') });
      const { body } = await api.call('POST', '/v1/keys', {
        name: 'test',
        mode: 'test',
        scopes: ['contacts:read', 'contacts:write'],
      });
      testKey = body.key;
      await api.call('PUT', '/v1/contact-attributes', {
        attributes: { city: 'string', age: 'number', member: 'boolean', birthday: 'date' },
      });
    });
    afterAll(() => api?.close());

    async function create(contact: object, key = api.key) {
      const answer = await api.call('POST', '/v1/contacts', contact, { key });
      expect(answer.status, JSON.stringify(answer.body)).toBe(201);
      return answer.body;
    }

    it('a contact reads as it was given, its number in E.164, its zone marked as inferred', async () => {
      const phone = newNumber();
      const made = await create({
        external_id: 'u-1',
        phone: phone.replace('+33', '+33 '),
        email: 'Ann@Example.com',
        telegram: 'chat.4711',
        attributes: { city: 'Lyon', age: 41, member: true, birthday: '1984-02-29' },
        locale: 'fr_fr',
        tags: ['vip', 'new'],
      });
      const { body } = await api.call('GET', `/v1/contacts/${made.id}`);
      expect(body).toEqual(made);
      expect(body).toMatchObject({
        external_id: 'u-1',
        phone,
        email: 'Ann@example.com',
        whatsapp: null,
        telegram: 'chat.4711',
        attributes: { city: 'Lyon', age: 41, member: true, birthday: '1984-02-29' },
        locale: 'fr-FR',
        country: 'FR',
        time_zone: 'Europe/Paris',
        time_zone_source: 'inferred',
        tags: ['new', 'vip'],
      });
    });

    it('an address is one contact’s: refused, left alone or worked in, as asked', async () => {
      const phone = newNumber();
      const made = await create({ phone, attributes: { city: 'Lyon' }, tags: ['a'] });
      const again = { phone, attributes: { age: 7 }, tags: ['b'] };
      const refused = await api.call('POST', '/v1/contacts', again);
      expect(refused).toMatchObject({ status: 409, body: { code: 'conflict', contact_id: made.id } });
      const skipped = await api.call('POST', '/v1/contacts', { ...again, on_conflict: 'skip' });
      expect(skipped).toMatchObject({ status: 200, body: { id: made.id, attributes: { city: 'Lyon' }, tags: ['a'] } });
      const updated = await api.call('POST', '/v1/contacts', { ...again, on_conflict: 'update' });
      expect(updated).toMatchObject({
        status: 200,
        body: { id: made.id, attributes: { city: 'Lyon', age: 7 }, tags: ['a', 'b'] },
      });
    });

    it('two contacts are never made one', async () => {
      const [one, other] = [await create({ phone: newNumber() }), await create({ email: 'two@example.com' })];
      const answer = await api.call('POST', '/v1/contacts', {
        phone: one.phone,
        email: other.email,
        on_conflict: 'update',
      });
      expect(answer.status).toBe(409);
      expect((await api.call('PATCH', `/v1/contacts/${one.id}`, { email: other.email })).status).toBe(409);
    });

    it('of many that make the same contact at once, one does', async () => {
      const phone = newNumber();
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => api.call('POST', '/v1/contacts', { phone, on_conflict: 'update' })),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 200, 200, 201]);
      expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    });

    it('a repeated request with its key finds the contact it made', async () => {
      const headers = { 'idempotency-key': 'contact-1' };
      const body = { phone: newNumber() };
      const [first, second] = [
        await api.call('POST', '/v1/contacts', body, { headers }),
        await api.call('POST', '/v1/contacts', body, { headers }),
      ];
      expect([first.status, second.status]).toEqual([201, 201]);
      expect(second.body.id).toBe(first.body.id);
    });

    it('a change replaces what it names, and null takes away', async () => {
      const made = await create({
        external_id: 'u-2',
        phone: newNumber(),
        time_zone: 'Asia/Tokyo',
        attributes: { city: 'Lyon', age: 3 },
        tags: ['x', 'y'],
      });
      const phone = newNumber();
      const { body } = await api.call('PATCH', `/v1/contacts/${made.id}`, {
        phone,
        external_id: 'u-3',
        attributes: { city: null },
        tags: ['z'],
      });
      expect(body).toMatchObject({
        phone,
        external_id: 'u-3',
        attributes: { age: 3 },
        tags: ['z'],
        time_zone: 'Asia/Tokyo',
      });
      const cleared = await api.call('PATCH', `/v1/contacts/${made.id}`, { time_zone: null, phone: null });
      expect(cleared.body).toMatchObject({ phone: null, time_zone: 'Europe/Paris', time_zone_source: 'inferred' });
      expect(await create({ phone })).not.toMatchObject({ id: made.id });
    });

    it('another mode’s contact is not found, nor is one that was deleted', async () => {
      const phone = newNumber();
      const made = await create({ phone });
      const url = `/v1/contacts/${made.id}`;
      for (const [method, body] of [['GET'], ['PATCH', { locale: 'fr' }], ['DELETE']] as const) {
        expect((await api.call(method, url, body, { key: testKey })).status).toBe(404);
      }
      expect((await create({ phone }, testKey)).id).not.toBe(made.id);
      expect((await api.call('DELETE', url)).status).toBe(204);
      expect((await api.call('GET', url)).status).toBe(404);
      await create({ phone });
    });

    it('what is wrong is said by pointer', async () => {
      const { status, body } = await api.call('POST', '/v1/contacts', {
        phone: '+33 1',
        email: 'nobody',
        locale: 'f',
        country: 'QQ',
        time_zone: 'Mars/Phobos',
        attributes: { city: 4, birthday: '1999-02-29', unknown: 1 },
      });
      expect(status).toBe(422);
      expect(body.errors.map(({ pointer }: { pointer: string }) => pointer).sort()).toEqual([
        '/attributes/birthday',
        '/attributes/city',
        '/attributes/unknown',
        '/country',
        '/email',
        '/locale',
        '/phone',
        '/time_zone',
      ]);
      expect((await api.call('POST', '/v1/contacts', { locale: 'fr' })).status).toBe(422);
    });

    it('an attribute keeps its type for good, and its values while it is hidden', async () => {
      const define = (attributes: object) =>
        api.call('PUT', '/v1/contact-attributes', { attributes }, { key: testKey });
      expect((await define({ size: 'number' })).status).toBe(200);
      const made = await create({ external_id: 's', attributes: { size: 4 } }, testKey);
      expect((await define({ size: 'string' })).body.errors).toEqual([
        { pointer: '/attributes/size', message: 'is a number' },
      ]);
      await define({});
      const seen = async () =>
        (await api.call('GET', `/v1/contacts/${made.id}`, undefined, { key: testKey })).body.attributes;
      expect(await seen()).toEqual({});
      expect((await define({ size: 'string' })).status).toBe(422);
      await define({ size: 'number' });
      expect(await seen()).toEqual({ size: 4 });
    });

    it('lists hold contacts of their owner, each once', async () => {
      const { body: list } = await api.call('POST', '/v1/lists', { name: 'Customers' });
      const own = [await create({ phone: newNumber() }), await create({ phone: newNumber() })];
      const foreign = await create({ phone: newNumber() }, testKey);
      const contacts = [...own, foreign].map(({ id }) => id);
      const add = () => api.call('POST', `/v1/lists/${list.id}/members/add`, { contacts });
      expect((await add()).body).toEqual({ changed: 2 });
      expect((await add()).body).toEqual({ changed: 0 });
      const { body } = await api.call('GET', `/v1/contacts?list_id=${list.id}&limit=1`);
      expect(body.data).toHaveLength(1);
      const next = await api.call('GET', `/v1/contacts?list_id=${list.id}&limit=1&cursor=${body.next_cursor}`);
      expect([...body.data, ...next.body.data].map(({ id }) => id).sort()).toEqual(own.map(({ id }) => id).sort());
      expect(next.body.next_cursor).toBeNull();
      const removed = await api.call('POST', `/v1/lists/${list.id}/members/remove`, { contacts: [own[0].id] });
      expect(removed.body).toEqual({ changed: 1 });
      expect((await api.call('GET', `/v1/lists/${list.id}`)).body).toMatchObject({ name: 'Customers', members: 1 });
      expect((await api.call('GET', `/v1/lists/${list.id}`, undefined, { key: testKey })).status).toBe(404);
      expect((await api.call('DELETE', `/v1/lists/${list.id}`)).status).toBe(204);
      expect((await api.call('GET', `/v1/contacts?list_id=${list.id}`)).status).toBe(404);
    });

    it('a contact is found by any of its addresses, its external id and its tags', async () => {
      const made = await create({
        external_id: 'find-me',
        phone: newNumber(),
        email: 'f.ind@gmail.com',
        tags: ['findable'],
      });
      for (const query of [
        `address=${made.phone}`,
        'address=find%40gmail.com',
        'external_id=find-me',
        'tag=findable',
      ]) {
        const { body } = await api.call('GET', `/v1/contacts?${query}`);
        expect(body.data, query).toEqual([made]);
      }
    });

    it('every change is an event without an address', async () => {
      const made = await create({ phone: newNumber() });
      await api.call('DELETE', `/v1/contacts/${made.id}`);
      const { body } = await api.call('GET', '/v1/events?type=contact.*&limit=2');
      expect(body.data.map(({ type }: { type: string }) => type)).toEqual(['contact.deleted', 'contact.created']);
      expect(JSON.stringify(body.data)).not.toContain(made.phone.slice(1));
    });
  });
}
