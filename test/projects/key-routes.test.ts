import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SCOPES, type Scope } from '../../src/lib/auth.ts';
import { describeWith } from '../rig/stores.ts';
import { openTestService, type TestService } from '../service.ts';
import { newSecret } from './new-secret.ts';

const KEY_FORM = /^cs_(live|test)_[A-Za-z0-9_-]{43}$/;

for (const profile of ['embedded', 'postgres'] as const) {
  await describeWith(profile === 'postgres' ? ['postgres'] : [], `keys (${profile})`, () => {
    let api: TestService;
    let project: string;

    beforeAll(async () => {
      api = await openTestService(profile, { key: newSecret('live') });
      project = api.services.firstProject.id;
    });
    beforeEach(() => {
      api.clock.now += 1_000;
    });
    afterAll(() => api?.close());

    async function make(body: object, key?: string) {
      const { status, body: made } = await api.call('POST', '/v1/keys', body, key === undefined ? {} : { key });
      expect(status, JSON.stringify(made)).toBe(201);
      return made;
    }

    const events = async () => (await api.call('GET', '/v1/events?type=key.*')).body.data;

    it('a new key is shown once, works, and is nowhere in the database', async () => {
      const made = await make({ name: 'app', scopes: ['events:read'], mode: 'test' });
      expect(made.key).toMatch(KEY_FORM);
      expect(made).toMatchObject({ mode: 'test', name: 'app', scopes: ['events:read'], prefix: made.key.slice(0, 12) });
      expect((await api.call('GET', '/v1/events', undefined, { key: made.key })).status).toBe(200);

      const { key: _, ...shown } = made;
      expect((await api.call('GET', `/v1/keys/${made.id}`)).body).toEqual(shown);
      expect((await api.call('GET', '/v1/keys')).body.data).toContainEqual(shown);
      const rows = {
        keys: await api.services.db.kysely.selectFrom('api_keys').selectAll().execute(),
        events: await api.services.db.kysely.selectFrom('events').selectAll().execute(),
      };
      expect(JSON.stringify(rows)).not.toContain(made.key.slice(12));
    });

    it('two keys are never alike', async () => {
      const made = await Promise.all(Array.from({ length: 20 }, () => make({ name: 'n' })));
      expect(new Set(made.map(({ key }) => key)).size).toBe(20);
    });

    it('a revoked key is refused by every instance within one second', async () => {
      const other = await openTestService(profile, { beside: api });
      const { id, key } = await make({ name: 'app', scopes: ['events:read'] });
      expect((await other.call('GET', '/v1/events', undefined, { key })).status).toBe(200);

      api.clock.now += 1;
      const revoked = await api.call('DELETE', `/v1/keys/${id}`);
      expect(revoked.body.revoked_at).toBe(new Date(api.clock.now).toISOString());
      api.clock.now += 1000;
      expect((await other.call('GET', '/v1/events', undefined, { key })).status).toBe(401);
      expect((await api.call('GET', '/v1/events', undefined, { key })).status).toBe(401);
      await other.close();
    });

    it('revoking twice keeps the first time and is one event', async () => {
      const { id } = await make({ name: 'app' });
      const first = await api.call('DELETE', `/v1/keys/${id}`);
      api.clock.now += 5;
      expect((await api.call('DELETE', `/v1/keys/${id}`)).body).toEqual(first.body);
      const about = (await events()).filter((event: { data: { key: string } }) => event.data.key === id);
      expect(about.map((event: { type: string }) => event.type)).toEqual(['key.revoked', 'key.created']);
    });

    it('a key is refused from its expiry on', async () => {
      const expiry = api.clock.now + 500;
      const { key } = await make({ name: 'app', scopes: ['events:read'], expires_at: new Date(expiry).toISOString() });
      const statusAt = async (now: number) => {
        api.clock.now = now;
        return (await api.call('GET', '/v1/events', undefined, { key })).status;
      };
      expect(await statusAt(expiry - 1)).toBe(200);
      expect(await statusAt(expiry)).toBe(401);
      expect(await statusAt(expiry + 5_000)).toBe(401);
    });

    it('a key grants no scope that it does not hold', async () => {
      const { key: admin } = await make({ name: 'admin only', scopes: ['admin'] });
      const refused = await api.call(
        'POST',
        '/v1/keys',
        { name: 'more', scopes: ['admin', 'events:read'] },
        { key: admin },
      );
      expect(refused).toMatchObject({
        status: 403,
        body: { code: 'insufficient_scope', required_scope: 'events:read' },
      });
      expect((await make({ name: 'same', scopes: ['admin'] }, admin)).scopes).toEqual(['admin']);
    });

    it('without scopes a key gets all of its maker’s but those that undo protections', async () => {
      const undoing = [
        ...['admin', 'recipients:write', 'settings:write'],
        ...['audit:unmask', 'privacy:write', 'templates:review'],
      ];
      expect((await make({ name: 'app' })).scopes).toEqual(SCOPES.filter((scope) => !undoing.includes(scope)));
      expect((await make({ name: 'app', scopes: ['recipients:write'] })).scopes).toEqual(['recipients:write']);
    });

    it('every creation is an event with its maker, and without the key', async () => {
      const made = await make({ name: 'app', scopes: ['sandbox'], mode: 'test' });
      const [event] = await events();
      expect(event).toMatchObject({
        type: 'key.created',
        project,
        mode: 'live',
        actor: expect.stringMatching(/^key_/),
        data: { key: made.id, key_mode: 'test', scopes: ['sandbox'], prefix: made.prefix, expires_at: null },
      });
    });

    it('keys of another project are listed with that project', async () => {
      const { body: other } = await api.call('POST', '/v1/projects', { name: 'other' });
      const theirs = await make({ name: 'theirs', project: other.id });
      expect(theirs.project).toBe(other.id);
      const list = async (query: string) =>
        (await api.call('GET', `/v1/keys${query}`)).body.data.map(({ id }: { id: string }) => id);
      expect(await list(`?project=${other.id}`)).toEqual([theirs.id]);
      expect(await list('')).not.toContain(theirs.id);
    });

    it('lists are paged, newest first, without gap or repeat', async () => {
      const { body: other } = await api.call('POST', '/v1/projects', { name: 'many keys' });
      for (let i = 0; i < 5; i++) {
        // Two in a millisecond: the id decides between them.
        api.clock.now += i % 2;
        await make({ name: `key ${i}`, project: other.id });
      }
      const seen: { id: string; created_at: string }[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const page = await api.call('GET', `/v1/keys?project=${other.id}&limit=2${cursor && `&cursor=${cursor}`}`);
        seen.push(...page.body.data);
        cursor = page.body.next_cursor;
      }
      expect(new Set(seen.map(({ id }) => id)).size).toBe(5);
      const times = seen.map((key) => key.created_at);
      expect(times).toEqual(times.toSorted().reverse());
    });

    describe('refuses', () => {
      it.each<[string, object, string]>([
        ['an empty name', { name: '' }, '/name'],
        ['an unknown scope', { name: 'n', scopes: ['root'] }, '/scopes/0'],
        ['no scopes', { name: 'n', scopes: [] }, '/scopes'],
        ['a scope twice', { name: 'n', scopes: ['admin', 'admin'] }, '/scopes'],
        ['an unknown mode', { name: 'n', mode: 'prod' }, '/mode'],
        ['a line break in the name', { name: 'a\nb' }, '/name'],
        ['a name written backwards', { name: 'a\u202eb' }, '/name'],
        ['a name without end', { name: 'n'.repeat(101) }, '/name'],
        ['an unknown project', { name: 'n', project: 'prj_00000000000000000000000000' }, '/project'],
        ['an expiry that is past', { name: 'n', expires_at: '2027-01-15T08:00:00Z' }, '/expires_at'],
        ['an expiry that is no time', { name: 'n', expires_at: '2027-02-30' }, '/expires_at'],
        ['a key of one’s own', { name: 'n', key: newSecret('live') }, '/key'],
      ])('%s', async (_, body, pointer) => {
        const answer = await api.call('POST', '/v1/keys', body);
        expect(answer.status).toBe(422);
        expect(answer.body.errors[0].pointer).toBe(pointer);
      });
    });

    it('in production a test key administers nothing', async () => {
      const { key } = await make({ name: 'test', mode: 'test', scopes: [...SCOPES] });
      expect((await api.call('GET', '/v1/keys', undefined, { key })).status).toBe(200);

      const config = { ...api.services.config, mode: 'production' } as const;
      const production = await openTestService(profile, { beside: { ...api, services: { ...api.services, config } } });
      for (const url of ['/v1/keys', '/v1/projects']) {
        const answer = await production.call('POST', url, { name: 'n' }, { key });
        expect(answer).toMatchObject({ status: 403, body: { code: 'insufficient_scope' } });
        expect((await production.call('POST', url, { name: 'n' })).status).toBe(201);
      }
      await production.close();
    });
  });
}

describe('who may do what', () => {
  let api: TestService;

  beforeAll(async () => {
    api = await openTestService('embedded', { key: newSecret('live') });
  });
  beforeEach(() => {
    // Refusals are counted by the minute.
    api.clock.now += 60_000;
  });
  afterAll(() => api?.close());

  const admin: [string, string, object?][] = [
    ['POST', '/v1/projects', { name: 'n' }],
    ['GET', '/v1/projects'],
    ['GET', '/v1/projects/{project}'],
    ['PATCH', '/v1/projects/{project}', { name: 'renamed' }],
    ['POST', '/v1/keys', { name: 'n' }],
    ['GET', '/v1/keys'],
    ['GET', '/v1/keys/{key}'],
    ['DELETE', '/v1/keys/{key}'],
  ];
  const others = { 'GET /v1/events': 'events:read', 'POST /v1/tokens/introspect': 'tokens:redeem' } as const;
  const all: [string, string, Scope, object?][] = [
    ...admin.map(([method, url, body]) => [method, url, 'admin', body] as [string, string, Scope, object?]),
    ['GET', '/v1/events', others['GET /v1/events']],
    ['POST', '/v1/tokens/introspect', others['POST /v1/tokens/introspect'], { token: 'x' }],
  ];

  it.each(all)('%s %s needs a key with %s', async (method, url, scope, body) => {
    const made = (await api.call('POST', '/v1/keys', { name: 'victim' })).body;
    const at = url.replace('{project}', api.services.firstProject.id).replace('{key}', made.id);
    // Who reads the whole log may read its events.
    const enough = url === '/v1/events' ? [scope, 'audit:read'] : [scope];
    const scopes = SCOPES.filter((other) => !enough.includes(other));
    const { body: without } = await api.call('POST', '/v1/keys', { name: 'without', scopes });
    const { body: only } = await api.call('POST', '/v1/keys', { name: 'only', scopes: [scope] });
    const call = (key: string) => api.call(method as 'GET', at, body, { key });

    for (const wrong of [newSecret('live'), 'cs_live_short', 'nonsense', without.key.slice(0, -1)]) {
      expect((await call(wrong)).status).toBe(401);
    }
    expect(await call(without.key)).toMatchObject({ status: 403, body: { required_scope: scope } });
    expect((await call(only.key)).status).toBeLessThan(300);
  });

  it.each(admin.filter(([, url]) => url.includes('{')))(
    '%s %s of nothing is 404, whatever the id',
    async (method, url, body) => {
      const ids = ['key_00000000000000000000000000', 'prj_00000000000000000000000000', 'x', '..%2f', '%00', "'--"];
      for (const id of ids) {
        const answer = await api.call(method as 'GET', url.replace(/\{\w+\}/, id), body);
        expect([id, answer.status, answer.body.code]).toEqual([id, 404, 'not_found']);
      }
    },
  );
});
