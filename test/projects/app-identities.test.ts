import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { openDatabase } from '../../src/db/open.ts';
import { createHttpClient } from '../../src/lib/http-client.ts';
import { buildService } from '../../src/main.ts';
import { createAppIdentities } from '../../src/projects/app-identities.ts';
import type { ProofDeps } from '../../src/projects/app-identities-proof.ts';
import { findProofs, systemResolveTxt } from '../../src/projects/app-identities-proof.ts';
import { makeCertificate } from '../rig/certificate.ts';
import { describeWith } from '../rig/stores.ts';
import { type Answer, newNumber, openTestService, type TestService } from '../service.ts';
import { newSecret } from './new-secret.ts';

const HOST = 'login.example.com';
const HASH = 'FA+9qCX/VSu';
const appPath = `/v1/android-apps/${encodeURIComponent(HASH)}`;

/** DNS as the test says it is, and no way to any host. */
function network(records: Record<string, string[][]> = {}, error: string | null = null): ProofDeps {
  return {
    async resolveTxt(name) {
      const found = records[name];
      if (found && error === null) return found;
      throw Object.assign(new Error('no'), { code: error ?? 'ENODATA' });
    },
    http: { send: async () => ({ kind: 'not_sent', error: 'ENOTFOUND' }) },
  };
}

for (const profile of ['embedded', 'postgres'] as const) {
  await describeWith(profile === 'postgres' ? ['postgres'] : [], `pages and apps (${profile})`, () => {
    let api: TestService;
    let proofs = network();
    let call: TestService['call'];

    beforeAll(async () => {
      const opened = await openTestService(profile, { key: newSecret('live'), mode: 'production' });
      const originProofs: ProofDeps = { resolveTxt: (name) => proofs.resolveTxt(name), http: network().http };
      const app = await buildService({ ...opened.services, originProofs });
      api = {
        ...opened,
        async close() {
          await app.close();
          await opened.close();
        },
      };
      call = async (method, url, body, { key } = {}) => {
        const headers = { authorization: `Bearer ${key ?? api.key}` };
        const answer = await app.inject({ method, url, headers, ...(body && { payload: body }) });
        return { status: answer.statusCode, body: answer.body === '' ? null : answer.json(), headers: answer.headers };
      };
    });
    beforeEach(() => {
      proofs = network();
      api.clock.now += 60_000;
    });
    afterAll(() => api?.close());

    const start = (body: object, key?: string): Promise<Answer> =>
      call('POST', '/v1/verifications', { to: newNumber(), ...body }, key === undefined ? {} : { key });

    async function newProject(scopes = ['settings:write', 'verifications:write', 'events:read', 'admin']) {
      const { id } = (await call('POST', '/v1/projects', { name: 'p' })).body;
      const make = async (wanted: string[], mode = 'live'): Promise<string> =>
        (await call('POST', '/v1/keys', { name: 'k', project: id, mode, scopes: wanted })).body.key;
      return { id, key: await make(scopes), make };
    }

    it('a host is named once, with a proof of its own for each project', async () => {
      const { key } = await newProject();
      const added = await call('POST', '/v1/origins', { origin: HOST }, { key });
      expect(added).toMatchObject({
        status: 201,
        body: {
          ...{ host: HOST, verified_by: null, verified_at: null },
          proof: {
            dns_name: `_countersign-challenge.${HOST}`,
            url: `https://${HOST}/.well-known/countersign.txt`,
            text: expect.stringMatching(/^countersign-verification=[\w-]{32}$/),
          },
        },
      });
      expect((await call('POST', '/v1/origins', { origin: HOST }, { key })).body).toEqual(added.body);
      expect((await call('GET', '/v1/origins', undefined, { key })).body.data).toEqual([added.body]);
      const other = await newProject();
      const theirs = await call('POST', '/v1/origins', { origin: HOST }, { key: other.key });
      expect(theirs.body.proof.text).not.toBe(added.body.proof.text);
    });

    it.each([
      'https://a.example',
      'a.example:8443',
      'localhost',
      '127.0.0.1',
      'A.example',
      'a..example',
      '[::1]',
      'a.1',
    ])('%s is no host of a page', async (origin) => {
      expect((await call('POST', '/v1/origins', { origin })).status).toBe(422);
      expect((await call('POST', `/v1/origins/${encodeURIComponent(origin)}/verify`, {})).status).toBe(404);
    });

    it('OTP-26: a code is bound to an origin only after the project has verified it, and no longer than it names it', async () => {
      const { key, id } = await newProject();
      const { body } = await call('POST', '/v1/origins', { origin: HOST }, { key });
      const { dns_name: name, text } = body.proof;
      const refused = { status: 422, body: { code: 'origin_not_verified', errors: [{ pointer: '/origin' }] } };
      expect(await start({ origin: HOST }, key)).toMatchObject(refused);

      proofs = network({ [name]: [['countersign-verification=', 'somebody-else']] });
      const failed = await call('POST', `/v1/origins/${HOST}/verify`, {}, { key });
      expect(failed.body).toMatchObject({ verified_by: null, checks: { dns: 'not_found', https: 'unreachable' } });
      expect(await start({ origin: HOST }, key)).toMatchObject(refused);

      proofs = network({ [name]: [['v=spf1'], [text.slice(0, 30), text.slice(30)]] });
      const verified = await call('POST', `/v1/origins/${HOST}/verify`, {}, { key });
      expect(verified.body).toMatchObject({ verified_by: 'dns', checks: { dns: 'found' } });
      expect((await start({ origin: HOST }, key)).status).toBe(201);
      expect(await start({ origin: `a.${HOST}` }, key)).toMatchObject(refused);
      expect(await start({ origin: HOST })).toMatchObject(refused);

      expect((await call('DELETE', `/v1/origins/${HOST}`, undefined, { key })).status).toBe(204);
      expect(await start({ origin: HOST }, key)).toMatchObject(refused);
      const { data } = (await call('GET', '/v1/events?type=origin.*', undefined, { key })).body;
      expect(data.map((event: { type: string }) => event.type).sort()).toEqual([
        ...['origin.added', 'origin.deleted', 'origin.verified'],
      ]);
      expect(data.find((event: { type: string }) => event.type === 'origin.verified')).toMatchObject({
        project: id,
        data: { host: HOST, by: 'dns' },
      });
    });

    it('an administrator may vouch for an origin, and nobody else', async () => {
      const { key, make } = await newProject();
      const settings = await make(['settings:write', 'verifications:write']);
      await call('POST', '/v1/origins', { origin: HOST }, { key: settings });
      const vouch = (as: string) => call('POST', `/v1/origins/${HOST}/verify`, { vouch: true }, { key: as });
      expect(await vouch(settings)).toMatchObject({ status: 403, body: { required_scope: 'admin' } });
      expect((await start({ origin: HOST }, settings)).status).toBe(422);
      expect((await vouch(key)).body).toMatchObject({ verified_by: 'vouched', checks: null });
      expect((await start({ origin: HOST }, settings)).status).toBe(201);
      const { data } = (await call('GET', '/v1/events?type=origin.verified', undefined, { key })).body;
      expect(data[0].data).toMatchObject({ host: HOST, by: 'vouched' });
    });

    it('OTP-27: a code is bound to an Android app only while the project has registered it', async () => {
      const { key } = await newProject();
      const refused = { status: 422, body: { code: 'app_not_registered', errors: [{ pointer: '/android_app_hash' }] } };
      const startForApp = () => start({ android_app_hash: HASH }, key);
      expect(await startForApp()).toMatchObject(refused);
      expect(await call('PUT', appPath, undefined, { key })).toMatchObject({ status: 200, body: { hash: HASH } });
      expect((await call('PUT', appPath, undefined, { key })).status).toBe(200);
      expect((await call('GET', '/v1/android-apps', undefined, { key })).body.data).toMatchObject([{ hash: HASH }]);
      expect((await startForApp()).status).toBe(201);
      expect((await call('DELETE', appPath, undefined, { key })).status).toBe(204);
      expect((await call('DELETE', appPath, undefined, { key })).status).toBe(404);
      expect(await startForApp()).toMatchObject(refused);
      const { data } = (await call('GET', '/v1/events?type=android_app.*', undefined, { key })).body;
      expect(data).toHaveLength(2);
    });

    it('a test key’s messages never leave the sandbox, so they may name anything', async () => {
      const { make } = await newProject();
      const key = await make(['verifications:write'], 'test');
      expect((await start({ origin: 'any.example', android_app_hash: HASH }, key)).status).toBe(201);
    });

    it('in production a test key changes nothing', async () => {
      const { make } = await newProject();
      const key = await make(['settings:write'], 'test');
      for (const [method, url, body] of [
        ['POST', '/v1/origins', { origin: HOST }],
        ['PUT', appPath, undefined],
        ['PUT', '/v1/code-messages/sms/en', { text: '{{code}}' }],
      ] as const) {
        expect((await call(method, url, body, { key })).status).toBe(403);
      }
    });

    it('what is another project’s is not there', async () => {
      const [one, two] = [await newProject(), await newProject()];
      await call('POST', '/v1/origins', { origin: HOST }, { key: one.key });
      expect((await call('POST', `/v1/origins/${HOST}/verify`, {}, { key: two.key })).status).toBe(404);
      expect((await call('DELETE', `/v1/origins/${HOST}`, undefined, { key: two.key })).status).toBe(404);
      expect((await call('GET', '/v1/origins', undefined, { key: two.key })).body.data).toEqual([]);
    });

    it('changes at the same moment are one', async () => {
      const { key } = await newProject();
      const answers = await Promise.all(
        Array.from({ length: 5 }, () => call('POST', '/v1/origins', { origin: HOST }, { key })),
      );
      expect(new Set(answers.map(({ status, body }) => `${status} ${body.proof.text}`)).size).toBe(1);
    });

    it('another instance follows within five seconds', async () => {
      const { key, id } = await newProject();
      const { db } = api.services;
      const clock = { now: 1_000_000 };
      const other = createAppIdentities({ db, now: () => clock.now, isSandboxed: () => false });
      const ask = () => other.refusalOf({ project: id, mode: 'live' }, { origin: HOST });
      expect(await ask()).toBe('origin_not_verified');
      await call('POST', '/v1/origins', { origin: HOST }, { key });
      await call('POST', `/v1/origins/${HOST}/verify`, { vouch: true }, { key });
      expect(await ask()).toBe('origin_not_verified');
      clock.now += 5_000;
      expect(await ask()).toBeNull();
    });

    it('nothing may be named while the database cannot be asked; starts that name nothing go on', async () => {
      const db = await openDatabase('sqlite::memory:');
      await db.close();
      const identities = createAppIdentities({ db, now: () => 0, isSandboxed: () => false });
      const who = { project: 'prj_1', mode: 'live' } as const;
      await expect(identities.refusalOf(who, { origin: HOST })).rejects.toThrow();
      expect(await identities.refusalOf(who, {})).toBeNull();
    });
  });
}

describe('the proof', () => {
  const token = 'abc';

  async function openHost(answer: (path: string) => { status?: number; body?: string; location?: string }) {
    const { cert, key } = makeCertificate();
    const asked: string[] = [];
    const server = createServer({ cert, key }, ({ url = '' }, response) => {
      asked.push(url);
      const { status = 200, body = '', location } = answer(url);
      response.writeHead(status, location === undefined ? {} : { location }).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const client = createHttpClient({ ca: cert, maxAnswerBytes: 16_384 });
    onTestFinished(async () => {
      await client.close();
      server.close();
    });
    // The host's name and port are this server's; everything else is as in production.
    const http: ProofDeps['http'] = {
      send: (request) => client.send({ ...request, url: request.url.replace(HOST, `localhost:${port}`) }),
    };
    return { asked, find: async () => (await findProofs({ ...network(), http }, HOST, token)).https };
  }

  it.each([
    ['a line of the file', { body: 'hello\r\ncountersign-verification=abc\r\n' }, 'found'],
    ['somebody else’s', { body: 'countersign-verification=abcd' }, 'not_found'],
    ['inside of other text', { body: '<p>countersign-verification=abc</p>' }, 'not_found'],
    ['a page that says there is none', { status: 404, body: 'countersign-verification=abc' }, 'not_found'],
    ['a redirect to it', { status: 302, location: '/other' }, 'not_found'],
    ['an answer without end', { body: `${'x\n'.repeat(20_000)}countersign-verification=abc` }, 'unreachable'],
  ])('over HTTPS: %s', async (_, answer, result) => {
    const { find, asked } = await openHost((path) =>
      path === '/other' ? { body: 'countersign-verification=abc' } : answer,
    );
    expect(await find()).toBe(result);
    expect(asked).toEqual(['/.well-known/countersign.txt']);
  });

  it.each([
    ['ENOTFOUND', 'not_found'],
    ['ENODATA', 'not_found'],
    ['ESERVFAIL', 'unreachable'],
    ['ETIMEOUT', 'unreachable'],
  ])('a resolver that says %s: %s', async (code, result) => {
    expect((await findProofs(network({}, code), HOST, token)).dns).toBe(result);
  });

  it('the service asks no host on a private address', async () => {
    const api = await openTestService('embedded');
    onTestFinished(() => api.close());
    const { http } = api.services.originProofs;
    expect(await http.send({ method: 'GET', url: 'https://localhost/.well-known/countersign.txt' })).toEqual({
      kind: 'not_sent',
      error: 'blocked',
    });
    expect(api.services.originProofs.resolveTxt).toBe(systemResolveTxt);
  });
});
