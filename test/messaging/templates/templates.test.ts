import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newSecret } from '../../projects/new-secret.ts';
import { describeWith } from '../../rig/stores.ts';
import { newNumber, openTestService, PROFILES, type TestService } from '../../service.ts';

const CONTENT = {
  variables: {
    name: { type: 'string', max_length: 20, default: 'you' },
    total: { type: 'money' },
    due: { type: 'date' },
    link: { type: 'url', hosts: ['shop.example'] },
  },
  default_locale: 'en',
  locales: {
    en: {
      sms: { text: 'Hi {{name}}, {{total}} is due on {{due}}: {{link}}' },
      voice: { text: 'Hello {{name}}. You owe {{total}}.' },
      email: {
        subject: 'Due on {{due}}',
        text: 'Hi {{name}}, pay {{total}}: {{link}}',
        html: '<p>Hi {{name}}, <a href="{{link}}">pay {{total}}</a></p>',
      },
    },
    fr: { sms: { text: 'Bonjour {{name}}, {{total}} avant le {{due}} : {{link}}' } },
  },
};
const VALUES = {
  name: 'Ann',
  total: { amount: '1234.50', currency: 'EUR' },
  due: '2027-01-31',
  link: 'https://pay.shop.example/i/7',
};
const SCOPES = ['templates:write', 'templates:read', 'messages:send', 'messages:read', 'events:read', 'sandbox'];

for (const profile of PROFILES) {
  const stores = { embedded: [], postgres: ['postgres'], scaled: ['postgres', 'redis'] } as const;
  await describeWith([...stores[profile]], `templates (${profile})`, () => {
    let api: TestService;
    let project: string;
    let author: string;
    let reviewer: string;

    beforeAll(async () => {
      api = await openTestService(profile, { key: newSecret('test') });
    });
    beforeEach(async () => {
      api.clock.now += 60_000;
      project = (await api.call('POST', '/v1/projects', { name: 'Acme' })).body.id;
      author = await newKey(SCOPES);
      reviewer = await newKey([...SCOPES, 'templates:review']);
    });
    afterAll(() => api?.close());

    async function newKey(scopes: string[], of = project): Promise<string> {
      return (await api.call('POST', '/v1/keys', { name: 'k', project: of, mode: 'test', scopes })).body.key;
    }
    const post = (path: string, body: object = {}, key = author) => api.call('POST', path, body, { key });
    const get = (path: string, key = author) => api.call('GET', path, undefined, { key });
    async function make(content: object = CONTENT, name = 'invoice'): Promise<string> {
      const made = await post('/v1/templates', { name, ...content });
      expect(made.status, JSON.stringify(made.body)).toBe(201);
      return made.body.id;
    }
    const simple = (text: string) => ({ variables: {}, default_locale: 'en', locales: { en: { sms: { text } } } });
    async function approve(id: string, version: number): Promise<void> {
      expect((await post(`/v1/templates/${id}/versions/${version}/submit`)).status).toBe(200);
      expect((await post(`/v1/templates/${id}/versions/${version}/approve`, {}, reviewer)).status).toBe(200);
    }
    async function types(): Promise<string[]> {
      await api.recorded();
      return (await get('/v1/events?type=template.*&limit=100')).body.data
        .map(({ type }: { type: string }) => type)
        .toReversed();
    }

    it('a message says what its template says, in the reader’s language', async () => {
      const id = await make();
      const to = newNumber();
      const sent = await post('/v1/messages', { to, template: id, locale: 'fr-CA', variables: VALUES });
      expect(sent).toMatchObject({
        status: 202,
        body: { text: expect.stringContaining('Bonjour Ann, 1 234,50 €'), template: { id, version: 1 } },
      });
      expect(sent.body.text).toContain('avant le 31 janvier 2027 : https://pay.shop.example/i/7');
      expect(sent.body.encoding).toBe('gsm7');
      await api.sendMessages();
      const phone = await get(`/v1/sandbox/messages?to=${encodeURIComponent(to)}`);
      expect(phone.body.data[0].text).toBe(sent.body.text);
      const mail = await post('/v1/messages', {
        ...{ to: 'ann@example.com', channel: 'email', template: id, locale: 'fr' },
        variables: { ...VALUES, name: 'A & <b>' },
      });
      // There is no French mail: the default locale's words are whole.
      expect(mail.body).toMatchObject({ subject: 'Due on January 31, 2027', text: expect.stringContaining('A & <b>') });
      const preview = await post(`/v1/templates/${id}/preview`, {
        ...{ channel: 'email', locale: 'fr' },
        variables: { ...VALUES, name: 'A & <b>' },
      });
      expect(preview.body.html).toBe(
        '<p>Hi A &#38; &#60;b&#62;, <a href="https://pay.shop.example/i/7">pay €1,234.50</a></p>',
      );
    });

    it('a missing and an unknown variable are refused by name, and nothing is sent', async () => {
      const id = await make();
      const { total: _, ...rest } = VALUES;
      const refused = await post('/v1/messages', { to: newNumber(), template: id, variables: { ...rest, nmae: 'x' } });
      expect(refused).toMatchObject({
        status: 422,
        body: {
          code: 'invalid_request',
          errors: [
            { pointer: '/variables/nmae', message: 'is no variable of the template; did you mean name?' },
            { pointer: '/variables/total', message: 'is required' },
          ],
        },
      });
      expect((await get('/v1/messages')).body.data).toEqual([]);
    });

    it('versions never change: a pinned one says what it said', async () => {
      const id = await make(simple('one'));
      const added = await post(`/v1/templates/${id}/versions`, simple('two'));
      expect(added).toMatchObject({ status: 201, body: { version: 2, status: 'draft' } });
      expect((await post(`/v1/templates/${id}/versions`, simple('two'))).body.version).toBe(2);
      const say = async (more: object = {}) =>
        (await post('/v1/messages', { to: newNumber(), template: id, ...more })).body.text;
      expect(await say()).toBe('two');
      expect(await say({ template_version: 1 })).toBe('one');
      await approve(id, 1);
      expect(await say()).toBe('one');
      const versions = (await get(`/v1/templates/${id}/versions`)).body.data;
      expect(versions.map(({ version, status }: Record<string, unknown>) => [version, status])).toEqual([
        [2, 'draft'],
        [1, 'approved'],
      ]);
      expect((await api.call('DELETE', `/v1/templates/${id}`, undefined, { key: author })).status).toBe(204);
      expect((await post('/v1/messages', { to: newNumber(), template: id })).status).toBe(422);
      expect(await say({ template_version: 1 })).toBe('one');
    });

    it('nobody approves what he wrote or submitted, and every step is on record', async () => {
      const id = await make(simple('hello'));
      const place = `/v1/templates/${id}/versions/1`;
      expect((await post(`${place}/approve`, {}, reviewer)).body).toMatchObject({
        status: 409,
        code: 'wrong_review_state',
        version_status: 'draft',
      });
      expect((await post(`${place}/approve`)).status).toBe(403);
      await post(`${place}/submit`);
      const both = await newKey([...SCOPES, 'templates:review']);
      const own = (await post('/v1/templates', { name: 'own', ...simple('x') }, both)).body.id;
      await post(`/v1/templates/${own}/versions/1/submit`, {}, author);
      expect((await post(`/v1/templates/${own}/versions/1/approve`, {}, both)).body.code).toBe('policy_violation');
      const rejected = await post(`${place}/reject`, { reason: 'no greeting' }, reviewer);
      expect(rejected.body).toMatchObject({
        status: 'rejected',
        reason: 'no greeting',
        reviewed_by: expect.any(String),
      });
      expect((await post('/v1/messages', { to: newNumber(), template: id })).body.code).toBe('policy_violation');
      expect(await types()).toEqual([
        ...['template.created', 'template.submitted', 'template.created', 'template.submitted', 'template.rejected'],
      ]);
    });

    it('where the policy asks for review, only approved words go out', async () => {
      await api.call('PATCH', `/v1/projects/${project}`, { policy: { template_review: 'all' } });
      api.clock.now += 6_000;
      const id = await make(simple('hello'));
      const send = (body: object) => post('/v1/messages', { to: newNumber(), ...body });
      expect((await send({ text: 'my own words' })).body.code).toBe('policy_violation');
      expect((await send({ template: id })).body.code).toBe('policy_violation');
      await approve(id, 1);
      expect((await send({ template: id })).status).toBe(202);
      // Taken back.
      expect((await post(`/v1/templates/${id}/versions/1/reject`, { reason: 'typo' }, reviewer)).status).toBe(200);
      expect((await send({ template: id })).body.code).toBe('policy_violation');
      await api.call('PATCH', `/v1/projects/${project}`, { policy: { template_review: 'marketing' } });
      api.clock.now += 6_000;
      expect((await send({ text: 'my own words' })).status).toBe(202);
      expect((await send({ text: 'buy', purpose: 'marketing' })).body.code).toBe('policy_violation');
    });

    it('another project’s template is none', async () => {
      const id = await make(simple('mine'));
      const other = (await api.call('POST', '/v1/projects', { name: 'Other' })).body.id;
      const key = await newKey([...SCOPES, 'templates:review'], other);
      for (const path of ['', '/versions', '/versions/1'])
        expect((await get(`/v1/templates/${id}${path}`, key)).status).toBe(404);
      for (const path of ['submit', 'approve']) {
        expect((await post(`/v1/templates/${id}/versions/1/${path}`, {}, key)).status).toBe(404);
      }
      expect((await post(`/v1/templates/${id}/preview`, { channel: 'sms' }, key)).status).toBe(404);
      expect((await post('/v1/messages', { to: newNumber(), template: id }, key)).status).toBe(422);
      expect((await get('/v1/templates', key)).body.data).toEqual([]);
    });

    it('a name is one template’s, and pages hold each once', async () => {
      const ids = [await make(simple('a'), 'a'), await make(simple('b'), 'b'), await make(simple('c'), 'c')];
      expect((await post('/v1/templates', { name: 'b', ...simple('x') })).body.code).toBe('name_taken');
      const first = (await get('/v1/templates?limit=2')).body;
      const second = (await get(`/v1/templates?limit=2&cursor=${first.next_cursor}`)).body;
      const found = [...first.data, ...second.data].map(({ id }: { id: string }) => id);
      expect(found.toSorted()).toEqual(ids.toSorted());
      expect(second.next_cursor).toBeNull();
    });

    it('a preview shows text, segments, encoding, what was replaced and the cost, and sends nothing', async () => {
      const to = newNumber();
      const text = `${'x'.repeat(155)} „ă”`;
      const preview = await post('/v1/messages/preview', { to, text, smart_encoding: true });
      expect(preview).toMatchObject({
        status: 200,
        body: { segments: 1, encoding: 'gsm7', provider: 'sandbox', cost: null, text: expect.stringMatching(/ "a"$/) },
      });
      expect(preview.body.replaced.length).toBeGreaterThan(0);
      expect((await post('/v1/messages/preview', { to, text })).body).toMatchObject({ segments: 3, encoding: 'ucs2' });
      expect((await post('/v1/messages/preview', { to: '+33', text: 'x' })).status).toBe(422);
      const id = await make();
      const made = await post(`/v1/templates/${id}/preview`, { channel: 'sms', to, variables: VALUES });
      expect(made.body).toMatchObject({ template: { id, version: 1, status: 'draft' }, locale: 'en', segments: 1 });
      expect((await post(`/v1/templates/${id}/preview`, { channel: 'telegram', variables: VALUES })).status).toBe(422);
      await api.settled();
      expect(await api.phone(to)).toEqual([]);
    });

    describe('idempotent calls', () => {
      it('make one template and one version', async () => {
        const headers = { 'idempotency-key': 'once' };
        const body = { name: 'once', ...simple('x') };
        const [a, b] = [
          await api.call('POST', '/v1/templates', body, { key: author, headers }),
          await api.call('POST', '/v1/templates', body, { key: author, headers }),
        ];
        expect(b.body.id).toBe(a.body.id);
        expect((await get('/v1/templates')).body.data).toHaveLength(1);
      });
    });
  });
}
