import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { policyDigest } from '../../src/projects/projects.ts';
import { describeWith } from '../rig/stores.ts';
import { newNumber, openTestService, type TestService } from '../service.ts';
import { newSecret } from './new-secret.ts';

const TWO_STEPS = [{ channel: 'sms' }, { channel: 'voice' }];

for (const profile of ['embedded', 'postgres'] as const) {
  await describeWith(profile === 'postgres' ? ['postgres'] : [], `projects (${profile})`, () => {
    let api: TestService;

    beforeAll(async () => {
      api = await openTestService(profile, { key: newSecret('live') });
    });
    beforeEach(() => {
      api.clock.now += 2_000;
    });
    afterAll(() => api?.close());

    async function create(body: object) {
      const { status, body: project } = await api.call('POST', '/v1/projects', body);
      expect(status, JSON.stringify(project)).toBe(201);
      return project;
    }

    async function eventsOf(project: string) {
      const body = { name: 'reader', project, scopes: ['events:read'] };
      const { key } = (await api.call('POST', '/v1/keys', body)).body;
      return (await api.call('GET', '/v1/events?type=project.*', undefined, { key })).body.data;
    }

    it('a project is created, read and listed, and its creation is an event', async () => {
      const project = await create({ name: 'Acme', policy: { code_length: 8 } });
      expect(project).toEqual({
        id: expect.stringMatching(/^prj_/),
        name: 'Acme',
        policy: { code_length: 8 },
        created_at: new Date(api.clock.now).toISOString(),
        updated_at: new Date(api.clock.now).toISOString(),
      });
      expect((await api.call('GET', `/v1/projects/${project.id}`)).body).toEqual(project);
      expect((await api.call('GET', '/v1/projects?limit=100')).body.data).toContainEqual(project);
      const [event] = await eventsOf(project.id);
      expect(event).toMatchObject({
        type: 'project.created',
        project: project.id,
        actor: expect.stringMatching(/^key_/),
        data: { name: 'Acme', policy: policyDigest({ code_length: 8 }) },
      });
    });

    it('a change replaces the members that are given and leaves the others', async () => {
      const { id } = await create({ name: 'Acme', policy: { code_length: 8, max_attempts: 3 } });
      const changed = await api.call('PATCH', `/v1/projects/${id}`, {
        policy: { max_attempts: 4, purposes: ['login'] },
      });
      expect(changed.status).toBe(200);
      expect(changed.body).toMatchObject({
        name: 'Acme',
        policy: { code_length: 8, max_attempts: 4, purposes: ['login'] },
      });
      const renamed = await api.call('PATCH', `/v1/projects/${id}`, { name: 'Acme 2' });
      expect(renamed.body).toMatchObject({ name: 'Acme 2', policy: changed.body.policy });
    });

    it('a change inside limits or guesses leaves what is beside it', async () => {
      const policy = { limits: { recipient_day: 9, ip: { max: 7 } }, guesses: { recipient: { failures: 5 } } };
      const { id } = await create({ name: 'Acme', policy });
      const change = { limits: { ip: { window_seconds: 60 } }, guesses: { subject: { failures: 6 } } };
      const changed = await api.call('PATCH', `/v1/projects/${id}`, { policy: change });
      expect(changed.body.policy).toEqual({
        limits: { recipient_day: 9, ip: { max: 7, window_seconds: 60 } },
        guesses: { recipient: { failures: 5 }, subject: { failures: 6 } },
      });
    });

    it('null takes a value of the project away, at every depth', async () => {
      const policy = {
        code_length: 8,
        resend_code: 'new',
        workflow: [{ channel: 'voice' }],
        purposes: ['login'],
        limits: { recipient_day: 9, ip: { max: 7, window_seconds: 60 } },
        guesses: { recipient: { failures: 5 } },
        test_numbers: { '+33612345678': '123456' },
      };
      const { id } = await create({ name: 'Acme', policy });
      const gone = { code_length: null, resend_code: null, workflow: null, purposes: null, test_numbers: null };
      const inside = { limits: { recipient_day: null, ip: { max: null }, prefix: null }, guesses: null };
      const changed = await api.call('PATCH', `/v1/projects/${id}`, { policy: { ...gone, ...inside } });
      expect(changed.body.policy).toEqual({ limits: { ip: { window_seconds: 60 } } });
      const [event] = await eventsOf(id);
      const members = Object.keys(policy).map((member) => `policy.${member}`);
      expect(event.data.changed.sort()).toEqual(members.sort());
      expect((await api.call('POST', '/v1/projects', { name: 'n', policy: { code_length: null } })).status).toBe(422);
    });

    it('test numbers are replaced as a whole', async () => {
      const { id } = await create({ name: 'Acme', policy: { test_numbers: { '+33612345678': '123456' } } });
      const test_numbers = { '+33612345679': '654321' };
      const changed = await api.call('PATCH', `/v1/projects/${id}`, { policy: { test_numbers } });
      expect(changed.body.policy).toEqual({ test_numbers });
      // Production, below, does not start beside them.
      const cleared = await api.call('PATCH', `/v1/projects/${id}`, { policy: { test_numbers: {} } });
      expect(cleared.body.policy).toEqual({ test_numbers: {} });
    });

    it.each<[string, object, string]>([
      ['a workflow over a channel that is not allowed', { allowed_channels: ['sms'] }, '/workflow/1/channel'],
      ['a step that never gives way to the next', { workflow: TWO_STEPS }, '/workflow/0/wait_seconds'],
      ['no channel', { allowed_channels: [] }, '/allowed_channels'],
      ['a default locale that is not among the locales', { locales: ['fr'] }, '/default_locale'],
      ['no purpose', { purposes: [] }, '/purposes'],
    ])('a policy that cannot be carried out is refused: %s', async (_, policy, pointer) => {
      const { id } = await create({ name: 'Acme', policy: { code_length: 8 } });
      for (const [method, url] of [
        ['POST', '/v1/projects'],
        ['PATCH', `/v1/projects/${id}`],
      ] as const) {
        const { status, body } = await api.call(method, url, { name: 'n', policy });
        expect([status, body.errors]).toEqual([422, [{ pointer: `/policy${pointer}`, message: expect.any(String) }]]);
      }
      expect((await api.call('GET', `/v1/projects/${id}`)).body).toMatchObject({
        name: 'Acme',
        policy: { code_length: 8 },
      });
    });

    it('members that agree only together are taken together', async () => {
      const policy = {
        allowed_channels: ['voice'],
        workflow: [{ channel: 'voice' }],
        locales: ['fr'],
        default_locale: 'fr',
      };
      const { id } = await create({ name: 'Acme', policy });
      const url = `/v1/projects/${id}`;
      expect((await api.call('PATCH', url, { policy: { workflow: null } })).body.errors[0].pointer).toBe(
        '/policy/workflow/0/channel',
      );
      expect((await api.call('PATCH', url, { policy: { workflow: null, allowed_channels: null } })).status).toBe(200);
    });

    it('every change is an event with the hash of the policy before and after', async () => {
      const { id } = await create({ name: 'Acme', policy: { code_length: 8 } });
      await api.call('PATCH', `/v1/projects/${id}`, { name: 'Acme 2', policy: { code_length: 7 } });
      const [event] = await eventsOf(id);
      expect(event).toMatchObject({
        type: 'project.updated',
        data: {
          changed: ['name', 'policy.code_length'],
          policy_before: policyDigest({ code_length: 8 }),
          policy_after: policyDigest({ code_length: 7 }),
        },
      });
    });

    it('a change of the policy is in force on every instance within a second', async () => {
      const other = await openTestService(profile, { beside: api });
      const start = async () => {
        const { body } = await other.call('POST', '/v1/verifications', { to: newNumber() });
        return (await other.services.verify.store.get(body.id))?.codeLength;
      };
      expect(await start()).toBe(6);
      await api.call('PATCH', `/v1/projects/${api.services.firstProject.id}`, { policy: { code_length: 9 } });
      api.clock.now += 1_000;
      expect(await start()).toBe(9);
      await other.close();
    });

    it('changes at the same moment are all kept', async () => {
      const { id } = await create({ name: 'Acme' });
      const policies = [{ code_length: 7 }, { max_attempts: 2 }, { max_sends: 3 }, { ttl_seconds: 100 }];
      await Promise.all(policies.map((policy) => api.call('PATCH', `/v1/projects/${id}`, { policy })));
      const { policy } = (await api.call('GET', `/v1/projects/${id}`)).body;
      expect(policy).toEqual(Object.assign({}, ...policies));
      expect(await eventsOf(id)).toHaveLength(1 + policies.length);
    });

    describe('refuses', () => {
      it.each<[string, object, string]>([
        ['nothing to change', {}, ''],
        ['an unknown member', { id: 'prj_1' }, '/id'],
        ['an unknown policy', { policy: { code_size: 6 } }, '/policy/code_size'],
        ['a code that is too short', { policy: { code_length: 3 } }, '/policy/code_length'],
        ['a code that lives too long', { policy: { ttl_seconds: 601 } }, '/policy/ttl_seconds'],
        ['more attempts than the standard allows', { policy: { max_attempts: 6 } }, '/policy/max_attempts'],
        ['a number as text', { policy: { code_length: '6' } }, '/policy/code_length'],
        ['a test number that is none', { policy: { test_numbers: { home: '123456' } } }, '/policy/test_numbers/home'],
        ['a name that is empty', { name: '' }, '/name'],
      ])('%s', async (_, body, pointer) => {
        const url = `/v1/projects/${api.services.firstProject.id}`;
        const before = (await api.call('GET', url)).body;
        const answer = await api.call('PATCH', url, body);
        expect(answer.status).toBe(422);
        expect(answer.body.errors[0].pointer).toBe(pointer);
        expect((await api.call('GET', url)).body).toEqual(before);
      });
    });

    it('OTP-31: production takes no test numbers, and does not start with them', async () => {
      const config = { ...api.services.config, mode: 'production' } as const;
      const open = () => openTestService(profile, { beside: { ...api, services: { ...api.services, config } } });
      const policy = { test_numbers: { '+33612345678': '123456' } };
      const production = await open();
      for (const [method, url] of [
        ['PATCH', `/v1/projects/${api.services.firstProject.id}`],
        ['POST', '/v1/projects'],
      ] as const) {
        const { status, body } = await production.call(method, url, { name: 'n', policy });
        expect([status, body.errors?.[0].pointer]).toEqual([422, '/policy/test_numbers']);
      }
      await production.close();

      const { id } = await create({ name: 'Acme', policy });
      await expect(open()).rejects.toThrow(`project ${id} has test_numbers`);
      await api.call('PATCH', `/v1/projects/${id}`, { policy: { test_numbers: {} } });
      await (await open()).close();
    });

    it('projects are listed oldest first, page by page', async () => {
      for (let i = 0; i < 3; i++) await create({ name: `p${i}` });
      const seen: { id: string; created_at: string }[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const page = await api.call('GET', `/v1/projects?limit=2${cursor && `&cursor=${cursor}`}`);
        expect(page.body.data.length).toBeLessThanOrEqual(2);
        seen.push(...page.body.data);
        cursor = page.body.next_cursor;
      }
      const { count } = await api.services.db.kysely
        .selectFrom('projects')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow();
      expect(new Set(seen.map(({ id }) => id)).size).toBe(count);
      expect(seen.map((project) => project.created_at)).toEqual(seen.map((project) => project.created_at).toSorted());
    });
  });
}
