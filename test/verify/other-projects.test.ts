import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newNumber, openTestService, type TestService } from '../service.ts';

describe('a verification of another project, or of the other mode', () => {
  let service: TestService;
  const keys: Record<string, string> = {};
  let id: string;
  let to: string;

  beforeAll(async () => {
    service = await openTestService('embedded');
    const newKey = async (project: string, mode: string) => {
      const scopes = ['verifications:write', 'verifications:read', 'events:read', 'sandbox', 'tokens:redeem'];
      const { body } = await service.call('POST', '/v1/keys', { name: 'k', project, mode, scopes });
      return body.key as string;
    };
    const own = (await service.call('GET', '/v1/projects')).body.data[0].id;
    const other = (await service.call('POST', '/v1/projects', { name: 'other' })).body.id;
    keys.otherProject = await newKey(other, 'test');
    keys.otherMode = await newKey(own, 'live');
    to = newNumber();
    id = (await service.call('POST', '/v1/verifications', { to })).body.id;
  });
  afterAll(() => service?.close());

  const routes = [
    ['GET', (of: string) => `/v1/verifications/${of}`, undefined],
    ['POST', (of: string) => `/v1/verifications/${of}/check`, { code: '123456' }],
    ['POST', (of: string) => `/v1/verifications/${of}/resend`, {}],
    ['POST', (of: string) => `/v1/verifications/${of}/cancel`, undefined],
    ['POST', (of: string) => `/v1/verifications/${of}/client-token`, undefined],
  ] as const;

  for (const who of ['otherProject', 'otherMode']) {
    for (const [method, path, body] of routes) {
      it(`is not found, exactly like an unknown one: ${method} ${path('{id}')} (${who})`, async () => {
        const key = keys[who] ?? '';
        const unknown = `ver_${'0'.repeat(27)}`;
        const answers = [];
        for (const of of [id, unknown]) answers.push(await service.call(method, path(of), body, { key }));
        const [foreign, nobody] = answers.map(({ status, body }) => ({ status, body: { ...body, request_id: '' } }));
        expect(foreign?.status).toBe(404);
        expect(foreign).toEqual(nobody);
      });
    }

    it(`is in no list, and none of its events and messages are (${who})`, async () => {
      const key = keys[who] ?? '';
      const number = encodeURIComponent(to);
      for (const url of [
        `/v1/verifications?to=${number}`,
        `/v1/events?verification_id=${id}`,
        `/v1/sandbox/messages?to=${number}`,
      ]) {
        expect((await service.call('GET', url, undefined, { key })).body.data, url).toEqual([]);
      }
    });

    it(`redeems none of its proofs (${who})`, async () => {
      const own = newNumber();
      const started = await service.call('POST', '/v1/verifications', { to: own });
      const code = await service.codeOf(own);
      const { body } = await service.call('POST', `/v1/verifications/${started.body.id}/check`, { code });
      expect(body.valid).toBe(true);
      const foreign = await service.call(
        'POST',
        '/v1/tokens/introspect',
        { token: body.token },
        { key: keys[who] ?? '' },
      );
      expect(foreign.body).toEqual({ active: false });
    });
  }

  it('keeps no attempt of theirs: the owner has all five', async () => {
    const own = newNumber();
    const mine = (await service.call('POST', '/v1/verifications', { to: own })).body.id;
    for (const key of Object.values(keys)) {
      for (let i = 0; i < 6; i += 1)
        await service.call('POST', `/v1/verifications/${mine}/check`, { code: '123456' }, { key });
    }
    expect((await service.call('GET', `/v1/verifications/${mine}`)).body.attempts_remaining).toBe(5);
  });
});
