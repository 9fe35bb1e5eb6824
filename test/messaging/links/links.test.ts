import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { purgeLinks } from '../../../src/messaging/links/links.ts';
import { newSecret } from '../../projects/new-secret.ts';
import { describeWith, privateFolder } from '../../rig/stores.ts';
import { newNumber, openTestService, PROFILES, type TestService } from '../../service.ts';

const BASE = 'https://go.example';
const SCOPES = ['messages:send', 'messages:read', 'events:read', 'sandbox', 'templates:write', 'privacy:write'];
const BROWSER = {
  'user-agent': 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1',
  accept: 'text/html,application/xhtml+xml',
  'accept-language': 'fr-FR',
};

for (const profile of PROFILES) {
  const stores = { embedded: [], postgres: ['postgres'], scaled: ['postgres', 'redis'] } as const;
  await describeWith([...stores[profile]], `short links (${profile})`, () => {
    let api: TestService;
    let key: string;
    let people = 0;

    beforeAll(async () => {
      const file = join(privateFolder('config'), 'countersign.yaml');
      writeFileSync(file, `links: { base_url: "${BASE}/", days: 30 }\n`);
      api = await openTestService(profile, { key: newSecret('test'), env: { COUNTERSIGN_CONFIG: file } });
    });
    beforeEach(async () => {
      api.clock.now += 60_000;
      key = await newKey();
    });
    afterAll(() => api?.close());

    async function newKey(): Promise<string> {
      const project = (await api.call('POST', '/v1/projects', { name: 'Acme' })).body.id;
      return (await api.call('POST', '/v1/keys', { name: 'k', project, mode: 'test', scopes: SCOPES })).body.key;
    }
    const post = (path: string, body: object) => api.call('POST', path, body, { key });
    const get = async (path: string) => (await api.call('GET', path, undefined, { key })).body;
    const newPerson = () => `198.51.${Math.floor(people / 250)}.${(people++ % 250) + 1}`;

    async function shorten(body: object = {}) {
      const made = await post('/v1/links', { url: 'https://shop.example/a?b=1#c', ...body });
      expect(made.status, JSON.stringify(made.body)).toBe(201);
      // No human has it yet.
      api.clock.now += 5_000;
      return made.body;
    }
    function follow(
      shortUrl: string,
      {
        headers = BROWSER,
        method = 'GET',
        from = newPerson(),
      }: { headers?: object; method?: 'GET' | 'HEAD'; from?: string } = {},
    ) {
      const url = shortUrl.replace(BASE, '/l');
      return api.app.inject({ method, url, headers: { ...headers }, remoteAddress: from });
    }
    async function figuresOf(id: string) {
      await api.services.links.clicks.flush();
      const { clicks, human_clicks: humans, human_visitors: visitors } = await get(`/v1/links/${id}`);
      return { clicks, humans, visitors };
    }

    it('leads to what it was made of, and to nothing that the request says', async () => {
      const link = await shorten({ utm: { source: 'sms', campaign: 'x y' } });
      expect(link.short_url).toMatch(/^https:\/\/go\.example\/[0-9a-hjkmnp-tv-z]{13}$/);
      const target = 'https://shop.example/a?b=1&utm_source=sms&utm_campaign=x+y#c';
      expect(link.url).toBe(target);
      for (const path of ['', '?url=https://evil.example', '?//evil.example']) {
        const answer = await follow(`${link.short_url}${path}`);
        expect([answer.statusCode, answer.headers.location, answer.headers['cache-control']]).toEqual([
          ...[302, target, 'no-store'],
        ]);
      }
      for (const path of ['/l//evil.example', '/l/https://evil.example', '/l/..%2f..%2f', '/l/ABCDEFGHJKMNP']) {
        expect((await api.app.inject({ url: path })).statusCode).toBe(404);
      }
    });

    it.each(['javascript:alert(1)', 'data:text/html,x', '//evil.example', 'https://a@b.example', 'ftp://a.example/x'])(
      'is not made of %s',
      async (url) => {
        expect(await post('/v1/links', { url })).toMatchObject({
          status: 422,
          body: { errors: [{ pointer: '/url' }] },
        });
      },
    );

    it('counts people once each, all they do, and machines apart', async () => {
      const { id, short_url: url } = await shorten();
      const ann = newPerson();
      for (const from of [ann, ann, newPerson()]) expect((await follow(url, { from })).statusCode).toBe(302);
      const machines = [
        { headers: { ...BROWSER, 'user-agent': 'WhatsApp/2.23' } },
        { headers: { ...BROWSER, 'user-agent': 'facebookexternalhit/1.1' } },
        { headers: { ...BROWSER, 'user-agent': 'TelegramBot (like TwitterBot)' } },
        { headers: { accept: '*/*', 'user-agent': 'curl/8' } },
        { headers: { ...BROWSER, 'sec-purpose': 'prefetch;prerender' } },
        { headers: { 'user-agent': BROWSER['user-agent'], accept: BROWSER.accept } },
        { method: 'HEAD' as const },
        { headers: {} },
      ];
      for (const machine of machines) expect((await follow(url, machine)).statusCode).toBe(302);
      expect(await figuresOf(id)).toEqual({ clicks: 11, humans: 3, visitors: 2 });
      const inApp = `${BROWSER['user-agent']} Telegram-Android/11.5 Snapchat/12`;
      await follow((await shorten()).short_url, { headers: { ...BROWSER, 'user-agent': inApp } });
      await api.services.links.clicks.flush();
      expect((await get('/v1/links?limit=1')).data[0].human_clicks).toBe(1);
      await follow(url, { from: ann });
      expect(await figuresOf(id)).toEqual({ clicks: 12, humans: 4, visitors: 2 });
    });

    it('takes for a machine who follows it before it can have been read, and who opens many at once', async () => {
      const early = await post('/v1/links', { url: 'https://shop.example/' });
      await follow(early.body.short_url);
      expect(await figuresOf(early.body.id)).toEqual({ clicks: 1, humans: 0, visitors: 0 });
      const scanner = newPerson();
      const links = [];
      for (let i = 0; i < 5; i++) links.push(await shorten({ url: `https://shop.example/${i}` }));
      api.clock.now += 60_000;
      for (const { short_url: url } of links) await follow(url, { from: scanner });
      expect((await figuresOf(links[4].id)).humans).toBe(0);
    });

    it('its first human is an event, once', async () => {
      const { short_url: url, id } = await shorten();
      await follow(url, { method: 'HEAD' });
      await follow(url);
      await api.services.links.clicks.flush();
      await follow(url);
      await api.services.links.clicks.flush();
      const { data } = await get('/v1/events?type=link.clicked');
      expect(data).toMatchObject([{ type: 'link.clicked', data: { link_id: id } }]);
    });

    it('of a message is its recipient’s own, and told apart by it', async () => {
      const to = newNumber();
      const text = 'See https://shop.example/sale, or (https://shop.example/help). Again: https://shop.example/sale';
      const preview = await post('/v1/messages/preview', { to, text, shorten_links: true });
      const sent = await post('/v1/messages', { to, text, shorten_links: true });
      expect(sent.status, JSON.stringify(sent.body)).toBe(202);
      const shape = /^See (https:\/\/go\.example\/\w{13}), or \((https:\/\/go\.example\/\w{13})\)\. Again: \1$/;
      expect(sent.body.text).toMatch(shape);
      expect(preview.body.text).toMatch(shape);
      expect(preview.body.segments).toBe(sent.body.segments);
      const links = (await get(`/v1/links?message_id=${sent.body.id}`)).data;
      expect(links.map(({ url }: { url: string }) => url).toSorted()).toEqual([
        ...['https://shop.example/help', 'https://shop.example/sale'],
      ]);
      const other = await post('/v1/messages', { to: newNumber(), text, shorten_links: true });
      expect(other.body.text).not.toBe(sent.body.text);
      api.clock.now += 5_000;
      await follow(links[0].short_url);
      await api.services.links.clicks.flush();
      expect(await get(`/v1/links/figures?message_id=${sent.body.id}`)).toEqual({
        ...{ links: 2, clicks: 1, human_clicks: 1, human_visitors: 1, messages_clicked: 1 },
      });
      expect((await get('/v1/links/figures')).links).toBe(4);
      const [event] = (await get('/v1/events?type=link.clicked')).data;
      expect(event).toMatchObject({ message_id: sent.body.id, recipient: { masked: expect.stringContaining('*') } });
    });

    it('of a template’s mail is the same in text and HTML, and leads where the value does', async () => {
      const { body: template } = await post('/v1/templates', {
        name: `mail ${people}`,
        variables: { u: { type: 'url' } },
        default_locale: 'en',
        locales: { en: { email: { subject: 's', text: 'See {{u}}.', html: '<a href="{{u}}">see</a>' } } },
      });
      const message = {
        ...{ to: 'ann@example.com', channel: 'email', template: template.id, shorten_links: true },
        variables: { u: 'https://shop.example/?a=1&b=2' },
      };
      const { body: preview } = await post('/v1/messages/preview', message);
      const [short] = /https:\/\/go\.example\/\w{13}/.exec(preview.text) ?? [];
      expect([preview.text, preview.html]).toEqual([`See ${short}.`, `<a href="${short}">see</a>`]);
      const sent = await post('/v1/messages', message);
      const { data } = await get(`/v1/links?message_id=${sent.body.id}`);
      expect(data).toMatchObject([{ url: 'https://shop.example/?a=1&b=2', short_url: sent.body.text.slice(4, -1) }]);
    });

    it('in the parameters of a WhatsApp template are the recipient’s own too', async () => {
      const { body: template } = await post('/v1/templates', {
        name: `whatsapp ${people}`,
        variables: { u: { type: 'url' } },
        default_locale: 'en',
        locales: {
          en: {
            whatsapp: {
              text: 'See {{u}}.',
              template: { name: 'see', language: 'en', parameters: ['Ann', '{{u}}', 'https://shop.example/other'] },
            },
          },
        },
      });
      const message = { to: newNumber(), channel: 'whatsapp', template: template.id, shorten_links: true };
      const sent = await post('/v1/messages', { ...message, variables: { u: 'https://shop.example/a' } });
      expect(sent.status, JSON.stringify(sent.body)).toBe(202);
      const { data } = await get(`/v1/links?message_id=${sent.body.id}`);
      const shortOf = (url: string) => data.find((link: { url: string }) => link.url === url)?.short_url;
      expect(data).toHaveLength(2);
      expect(sent.body.text).toBe(`See ${shortOf('https://shop.example/a')}.`);
      const kept = api.services.db.kysely.selectFrom('messages').select('content').where('id', '=', sent.body.id);
      const { content } = await kept.executeTakeFirstOrThrow();
      expect(JSON.parse(content ?? '').whatsapp.parameters).toEqual([
        ...['Ann', shortOf('https://shop.example/a'), shortOf('https://shop.example/other')],
      ]);
    });

    it('a repeated request makes the same links and no others', async () => {
      const body = { to: newNumber(), text: 'https://shop.example/', shorten_links: true };
      const headers = { 'idempotency-key': 'k' };
      const first = await api.call('POST', '/v1/messages', body, { key, headers });
      const again = await api.call('POST', '/v1/messages', body, { key, headers });
      expect(again.body).toEqual(first.body);
      expect((await get('/v1/links')).data).toHaveLength(1);
    });

    it('ends, and its figures stay for a while', async () => {
      const { short_url: url, id } = await shorten();
      expect((await follow(url)).statusCode).toBe(302);
      await api.services.links.clicks.flush();
      api.clock.now += 31 * 86_400_000;
      key = await newKey().then(() => key);
      expect((await follow(url)).statusCode).toBe(404);
      await purgeLinks(api.services.db, api.clock.now);
      expect(await api.services.db.kysely.selectFrom('links').select('id').where('id', '=', id).execute()).toHaveLength(
        1,
      );
      await purgeLinks(api.services.db, api.clock.now + 91 * 86_400_000);
      for (const [table, column] of [
        ['links', 'id'],
        ['link_visitors', 'link_id'],
      ] as const) {
        const rows = await api.services.db.kysely
          .selectFrom(table)
          .selectAll()
          .where(column as never, '=', id as never)
          .execute();
        expect(rows).toEqual([]);
      }
      api.clock.now -= 31 * 86_400_000;
    });

    it('guessing is stopped, and does not stop who follows known links', async () => {
      const { short_url: url } = await shorten();
      const from = newPerson();
      await follow(url, { from });
      const codes = Array.from({ length: 70 }, (_, i) => `${BASE}/0000000000${String(100 + i)}`);
      const answers = [];
      for (const code of codes) answers.push((await follow(code, { from })).statusCode);
      expect(answers.slice(0, 60)).toEqual(Array(60).fill(404));
      expect(answers.slice(60)).toEqual(Array(10).fill(429));
      expect((await follow(url, { from })).statusCode).toBe(302);
      expect((await follow(codes[0] ?? '')).statusCode).toBe(404);
    });

    it('leads on while the database is away, and its clicks are counted afterwards', async () => {
      const { short_url: url, id } = await shorten();
      await follow(url);
      await api.services.links.clicks.flush();
      const { kysely } = api.services.db;
      await sql`alter table links rename to links_away`.execute(kysely);
      try {
        for (let i = 0; i < 2; i++) expect((await follow(url)).statusCode).toBe(302);
        await expect(api.services.links.clicks.flush()).rejects.toThrow();
        expect((await follow(url)).statusCode).toBe(302);
      } finally {
        await sql`alter table links_away rename to links`.execute(kysely);
      }
      expect(await figuresOf(id)).toEqual({ clicks: 4, humans: 4, visitors: 4 });
    });

    it('clicks of several instances add up, and one of them tells of the first', async () => {
      const { short_url: url, id } = await shorten();
      const beside = await openTestService(profile, { beside: api });
      const from = newPerson();
      try {
        for (const instance of [api, beside]) {
          const path = url.replace(BASE, '/l');
          await instance.app.inject({ url: path, headers: BROWSER, remoteAddress: from });
        }
        await Promise.all([api, beside].map(({ services }) => services.links.clicks.flush()));
      } finally {
        await beside.close();
      }
      expect(await figuresOf(id)).toEqual({ clicks: 2, humans: 2, visitors: 1 });
      expect((await get('/v1/events?type=link.clicked')).data).toHaveLength(1);
    });

    it('of an erased person’s messages is gone, with who followed it', async () => {
      const to = newNumber();
      const sent = await post('/v1/messages', { to, text: 'https://shop.example/for/ann', shorten_links: true });
      api.clock.now += 5_000;
      await api.sendMessages();
      const url = sent.body.text;
      await follow(url);
      await api.services.links.clicks.flush();
      const asked = await api.call('POST', '/v1/privacy/erasures', { to }, { key });
      expect(asked.status, JSON.stringify(asked.body)).toBe(202);
      await api.services.privacy.worker.runDue();
      expect((await follow(url)).statusCode).toBe(404);
      expect((await get('/v1/links')).data).toEqual([]);
    });

    it('is seen by its project alone', async () => {
      const { id } = await shorten();
      key = await newKey();
      expect((await api.call('GET', `/v1/links/${id}`, undefined, { key })).status).toBe(404);
      expect((await get('/v1/links')).data).toEqual([]);
    });
  });
}
