import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createCodeTemplates } from '../../../src/delivery/wording/code-templates.ts';
import { StoreUnavailable } from '../../../src/lib/errors.ts';
import { newSecret } from '../../projects/new-secret.ts';
import { describeWith } from '../../rig/stores.ts';
import { newNumber, openTestService, type TestService } from '../../service.ts';

const TEXT = '{{code}} is your {{brand}} code, for {{minutes}} minutes.';

for (const profile of ['embedded', 'postgres'] as const) {
  await describeWith(profile === 'postgres' ? ['postgres'] : [], `a project’s own words (${profile})`, () => {
    let api: TestService;
    let key: string;
    let project: string;

    beforeAll(async () => {
      api = await openTestService(profile, { key: newSecret('test') });
    });
    beforeEach(async () => {
      api.clock.now += 60_000;
      project = (await api.call('POST', '/v1/projects', { name: 'Acme', policy: { brand: 'Acme' } })).body.id;
      key = await newKey(project);
    });
    afterAll(() => api?.close());

    async function newKey(of: string): Promise<string> {
      const scopes = ['settings:write', 'verifications:write', 'events:read', 'sandbox'];
      return (await api.call('POST', '/v1/keys', { name: 'k', project: of, mode: 'test', scopes })).body.key;
    }
    const put = (place: string, body: object, as = key) =>
      api.call('PUT', `/v1/code-messages/${place}`, body, { key: as });
    const list = async (query = '') => (await api.call('GET', `/v1/code-messages${query}`, undefined, { key })).body;
    const preview = (body: object) => api.call('POST', '/v1/code-messages/preview', body, { key });

    async function receive(body: object = {}): Promise<string> {
      const to = newNumber();
      const started = await api.call('POST', '/v1/verifications', { to, ...body }, { key });
      expect(started.status, JSON.stringify(started.body)).toBe(201);
      await api.settled();
      const url = `/v1/sandbox/messages?to=${encodeURIComponent(to)}`;
      return (await api.call('GET', url, undefined, { key })).body.data[0].text;
    }

    it('are what the phone shows from then on, and no longer than they are there', async () => {
      expect(await receive()).toMatch(/^Your Acme code is \d{6}\./);
      const stored = await put('sms/en', { text: TEXT });
      expect(stored).toMatchObject({
        status: 200,
        body: { channel: 'sms', locale: 'en', text: TEXT, subject: null, confirm: null, context_variables: [] },
      });
      expect(await receive()).toMatch(/^\d{6} is your Acme code, for 10 minutes\.$/);
      expect(await receive({ locale: 'fr' })).toMatch(/^Votre code Acme/);
      expect(await receive({ origin: 'login.example.com' })).toMatch(/minutes\.\n@login\.example\.com #\d{6}$/);
      expect((await api.call('DELETE', '/v1/code-messages/sms/en', undefined, { key })).status).toBe(204);
      expect(await receive()).toMatch(/^Your Acme code is/);
      expect((await api.call('DELETE', '/v1/code-messages/sms/en', undefined, { key })).status).toBe(404);
    });

    it('are the project’s own: neither seen nor used by another', async () => {
      await put('sms/en', { text: TEXT });
      const mine = await receive();
      key = await newKey((await api.call('POST', '/v1/projects', { name: 'Other' })).body.id);
      expect((await list()).data).toEqual([]);
      expect(mine).toMatch(/^\d{6} is your/);
      expect(await receive()).toMatch(/^Your /);
    });

    it('have their locale in one spelling', async () => {
      expect((await put('sms/pt-br', { text: TEXT })).body.locale).toBe('pt-BR');
      expect((await put('sms/PT-BR', { text: 'x {{code}}' })).body.locale).toBe('pt-BR');
      expect((await list()).data).toHaveLength(1);
      expect(await receive({ locale: 'pt-BR' })).toMatch(/^x \d/);
      expect((await put('sms/und', { text: TEXT })).status).toBe(422);
      for (const place of ['sms/not-a-tag-because-it-is-too-long-to-be-one', 'whatsapp/en', 'sms/e']) {
        expect((await put(place, { text: TEXT })).status).toBe(404);
      }
    });

    it('are refused with the place of what is wrong', async () => {
      const refused = await put('sms/en', { text: 'Hi {{brnad}}', confirm: '{{code}}' });
      expect(refused).toMatchObject({
        status: 422,
        body: {
          errors: [
            { pointer: '/text', message: 'line 1, column 4: there is no variable brnad; write {{brand}}' },
            { pointer: '/text', message: 'line 1, column 13: {{code}} is missing' },
            { pointer: '/confirm', message: 'shows nothing of what the code is bound to' },
          ],
        },
      });
      expect((await list()).data).toEqual([]);
    });

    it('are listed by channel and locale, page by page', async () => {
      for (const place of ['voice/en', 'sms/fr', 'email/de', 'sms/en']) await put(place, { text: TEXT });
      const seen: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const page: { data: { channel: string; locale: string }[]; next_cursor: string | null } = await list(
          `?limit=3${cursor && `&cursor=${cursor}`}`,
        );
        seen.push(...page.data.map(({ channel, locale }) => `${channel} ${locale}`));
        cursor = page.next_cursor;
      }
      expect(seen).toEqual(['email de', 'sms en', 'sms fr', 'voice en']);
    });

    it('leave an event with each change, and not the words', async () => {
      await put('sms/en', { text: TEXT });
      await put('sms/en', { text: `${TEXT} Bye.` });
      await api.call('DELETE', '/v1/code-messages/sms/en', undefined, { key });
      const { data } = (await api.call('GET', '/v1/events?type=code_message.*', undefined, { key })).body;
      const updates = data.filter(({ type }: { type: string }) => type === 'code_message.updated');
      expect(data.map(({ type }: { type: string }) => type).sort()).toEqual([
        ...['code_message.deleted', 'code_message.updated', 'code_message.updated'],
      ]);
      expect(updates[0].data).toEqual({
        channel: 'sms',
        locale: 'en',
        digest: expect.stringMatching(/^[\w-]{43}$/),
        digest_before: updates[1].data.digest,
        request_id: expect.stringMatching(/^req_/),
      });
      expect(updates[0].data.digest).not.toBe(updates[1].data.digest);
      expect(JSON.stringify(data)).not.toContain('is your');
    });

    it('are previewed with segments and encoding, without being kept', async () => {
      expect((await preview({ channel: 'sms', locale: 'en' })).body).toEqual({
        ...{ worded_by: 'built_in', notes: [], locale: 'en', subject: null, html: null },
        ...{
          text: 'Your Acme code is 123456. It expires in 10 minutes. Do not share it.',
          segments: 1,
          encoding: 'gsm7',
        },
        bytes: 68,
      });
      const own = await preview({ channel: 'sms', locale: 'en', text: '{{code}} für {{brand}} ☎', brand: 'B' });
      expect(own.body).toMatchObject({ worded_by: 'project', text: '123456 für B ☎', encoding: 'ucs2', segments: 1 });
      const context = { amount: '1.00', currency: 'EUR', payee: 'P' };
      expect((await preview({ channel: 'sms', locale: 'en', text: TEXT, context })).body).toMatchObject({
        ...{
          worded_by: 'built_in',
          notes: ['template_has_no_confirm'],
          text: expect.stringMatching(/^Amount: 1\.00 EUR\n/),
        },
      });
      const app = { origin: 'a.example', android_app_hash: 'FA+9qCX9VSu' };
      const long = await preview({ channel: 'sms', locale: 'en', text: `${TEXT} ${'x'.repeat(100)}`, ...app });
      expect(long.body.notes).toEqual(['text_too_long_for_android']);
      expect(long.body.text).toMatch(/\n@a\.example #123456$/);
      const mail = await preview({
        channel: 'email',
        locale: 'de',
        text: 'Hallo\n\n{{code}}',
        subject: 'Von {{brand}}',
      });
      expect(mail.body).toMatchObject({ subject: 'Von Acme', text: 'Hallo\n\n123456', segments: null, encoding: null });
      expect(mail.body.html).toContain('<html lang="de" dir="ltr">');
      expect((await preview({ channel: 'sms', locale: 'en', text: 'no code' })).status).toBe(422);
      expect((await list()).data).toEqual([]);
    });

    it('reach other instances within five seconds', async () => {
      const clock = { now: 1_000_000 };
      const other = createCodeTemplates({ db: api.services.db, now: () => clock.now });
      expect((await other.of(project)).has('sms', 'en')).toBe(false);
      await put('sms/en', { text: TEXT });
      clock.now += 4_999;
      expect((await other.of(project)).has('sms', 'en')).toBe(false);
      clock.now += 1;
      expect((await other.of(project)).find('sms', 'en')).toMatchObject({ channel: 'sms' });
    });

    it('are remembered while the database is away', async () => {
      await put('sms/en', { text: TEXT });
      const clock = { now: 1_000_000 };
      const { db } = api.services;
      let isAway = false;
      const selectFrom = (...args: Parameters<typeof db.kysely.selectFrom>) => {
        if (isAway) throw new StoreUnavailable('database');
        return db.kysely.selectFrom(...args);
      };
      const flaky = { ...db, kysely: { selectFrom } } as unknown as typeof db;
      const templates = createCodeTemplates({ db: flaky, now: () => clock.now });
      await templates.of(project);
      isAway = true;
      clock.now += 86_400_000;
      expect((await templates.of(project)).has('sms', 'en')).toBe(true);
      await expect(templates.of('prj_unknown')).rejects.toThrow(StoreUnavailable);
    });
  });
}

describe('who may change words', () => {
  it('a key that asks for the scope; one made without scopes does not have it', async () => {
    const api = await openTestService('embedded');
    const { key } = (await api.call('POST', '/v1/keys', { name: 'app' })).body;
    const answer = await api.call('PUT', '/v1/code-messages/sms/en', { text: TEXT }, { key });
    expect(answer).toMatchObject({ status: 403, body: { required_scope: 'settings:write' } });
    await api.close();
  });
});
