import { createPublicKey, type JsonWebKey, randomBytes, verify } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createKeyring } from '../../src/lib/keyring.ts';
import { findEndpoint } from '../../src/webhooks/endpoints/endpoints-table.ts';
import { resealEndpoints } from '../../src/webhooks/endpoints/reseal-endpoints.ts';
import { createSigningKeys, openHeaders, openSecrets } from '../../src/webhooks/endpoints/secrets.ts';
import { signDelivery } from '../../src/webhooks/sign.ts';
import { expectProblem } from '../http/expect-problem.ts';
import { describeWith } from '../rig/stores.ts';
import { openTestService, type TestService } from '../service.ts';

const HOUR_MS = 3_600_000;
const PATH = '/v1/webhook-endpoints';
const url = 'https://app.example.com/hook?key=s3cret';

for (const profile of ['embedded', 'postgres'] as const) {
  await describeWith(profile === 'postgres' ? ['postgres'] : [], `webhook endpoints (${profile})`, () => {
    let api: TestService;
    beforeAll(async () => {
      api = await openTestService(profile);
    });
    beforeEach(() => {
      api.clock.now += 1_000;
    });
    afterAll(() => api?.close());

    async function make(body: object = {}, options: Parameters<TestService['call']>[3] = {}) {
      const answer = await api.call('POST', PATH, { url, ...body }, options);
      expect(answer.status, JSON.stringify(answer.body)).toBe(201);
      return answer.body;
    }

    async function drop(...ids: string[]) {
      for (const id of ids) await api.call('DELETE', `${PATH}/${id}`);
    }

    async function newKey(body: object): Promise<string> {
      return (await api.call('POST', '/v1/keys', { name: 'other', ...body })).body.key;
    }

    const owner = () => ({ project: api.services.firstProject.id, mode: 'test' as const });

    async function rowOf(id: string) {
      const row = await findEndpoint(api.services.db.kysely, owner(), id);
      if (!row) throw new Error(`no endpoint ${id}`);
      return row;
    }

    /** Headers of a delivery that leaves now. */
    async function sign(id: string, body: string) {
      const keys = createSigningKeys(openSecrets(api.services.keyring, await rowOf(id)) ?? [])(api.clock.now);
      const seconds = Math.floor(Date.now() / 1_000);
      return {
        'webhook-id': 'evt_1',
        'webhook-timestamp': String(seconds),
        'webhook-signature': signDelivery(keys, 'evt_1', seconds, body),
      };
    }

    async function eventsOf(id: string) {
      const { body } = await api.call('GET', '/v1/events?type=webhook_endpoint.*&limit=100');
      const all = body.data as { type: string; actor: string; client?: object; data: Record<string, unknown> }[];
      return all.filter(({ data }) => data.endpoint_id === id).toReversed();
    }

    it('one is made, shown with its secret this once, listed, changed and deleted', async () => {
      const { secret, ...made } = await make({ events: ['verification.*'], description: 'shop' });
      expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
      expect(made).toEqual({
        id: expect.stringMatching(/^whk_[0-9a-z]{26}$/),
        mode: 'test',
        url,
        events: ['verification.*'],
        description: 'shop',
        header_names: [],
        format: 'json',
        ordering: 'none',
        signature: 'hmac',
        api_version: '2026-11-22',
        status: 'enabled',
        disabled_reason: null,
        disabled_at: null,
        public_keys: [],
        created_at: new Date(api.clock.now).toISOString(),
        updated_at: new Date(api.clock.now).toISOString(),
      });
      expect((await api.call('GET', `${PATH}/${made.id}`)).body).toEqual(made);
      expect((await api.call('GET', PATH)).body).toEqual({ data: [made], next_cursor: null });

      const changed = await api.call('PATCH', `${PATH}/${made.id}`, { events: ['*'], description: null });
      expect(changed.body).toMatchObject({ url, events: ['*'], description: null });
      expect(Date.parse(changed.body.updated_at)).toBeGreaterThan(Date.parse(made.updated_at));

      expect((await api.call('DELETE', `${PATH}/${made.id}`)).status).toBe(204);
      for (const method of ['GET', 'DELETE'] as const) {
        expectProblem(await inject(method, `${PATH}/${made.id}`), 'not_found');
      }
      expect((await api.call('GET', PATH)).body.data).toEqual([]);
    });

    const inject = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', target: string, payload?: object, key = api.key) =>
      api.app.inject({ method, url: target, headers: { authorization: `Bearer ${key}` }, ...(payload && { payload }) });

    it('every change is an event that says who, from where and what, and holds no secret', async () => {
      const { id, secret } = await make({ headers: { Authorization: 'Basic c2VjcmV0' } });
      await api.call('PATCH', `${PATH}/${id}`, { url: 'https://b.example.com/s3cret', headers: {} });
      await api.call('PATCH', `${PATH}/${id}`, { url: 'https://b.example.com/s3cret' });
      await api.call('POST', `${PATH}/${id}/disable`);
      await api.call('POST', `${PATH}/${id}/disable`);
      await api.call('POST', `${PATH}/${id}/enable`);
      await api.call('POST', `${PATH}/${id}/rotate-secret`, { overlap_seconds: 60 });
      await drop(id);
      const events = await eventsOf(id);
      expect(events.map(({ type }) => type)).toEqual([
        'webhook_endpoint.created',
        'webhook_endpoint.updated',
        'webhook_endpoint.disabled',
        'webhook_endpoint.enabled',
        'webhook_endpoint.secret_rotated',
        'webhook_endpoint.disabled',
        'webhook_endpoint.deleted',
      ]);
      expect(events[1]?.data).toMatchObject({
        changed: ['url', 'headers'],
        before: { origin: 'https://app.example.com' },
        after: { origin: 'https://b.example.com' },
      });
      expect(events[4]?.data).toMatchObject({ signature: 'hmac', overlap_seconds: 60 });
      for (const event of events) expect(event).toMatchObject({ actor: /^key_/, client: { ip: '127.0.0.1' } });
      const text = JSON.stringify(events);
      for (const hidden of ['s3cret', secret.slice(6), 'c2VjcmV0']) expect(text).not.toContain(hidden);
    });

    it('neither its secret nor its headers are in the database in clear', async () => {
      const { id, secret, header_names } = await make({ headers: { 'X-Api-Key': 'top-secret', Accept: '*/*' } });
      expect(header_names).toEqual(['x-api-key', 'accept']);
      const row = await rowOf(id);
      expect(JSON.stringify(row)).not.toContain('top-secret');
      expect(JSON.stringify(row)).not.toContain(secret.slice(6));
      expect(openHeaders(api.services.keyring, row)).toEqual({ 'x-api-key': 'top-secret', accept: '*/*' });
      // Sealed for this endpoint alone.
      expect(openSecrets(api.services.keyring, { ...row, id: 'whk_other' })).toBeNull();
      await drop(id);
    });

    it('no key of another project or mode finds it', async () => {
      const { id } = await make();
      const { body: other } = await api.call('POST', '/v1/projects', { name: 'other' });
      for (const key of [await newKey({ project: other.id }), await newKey({ mode: 'live' })]) {
        expect((await api.call('GET', PATH, undefined, { key })).body.data).toEqual([]);
        for (const [method, path, payload] of [
          ['GET', '', undefined],
          ['PATCH', '', { description: 'mine' }],
          ['DELETE', '', undefined],
          ['POST', '/enable', undefined],
          ['POST', '/disable', undefined],
          ['POST', '/rotate-secret', {}],
        ] as const) {
          expectProblem(await inject(method, `${PATH}/${id}${path}`, payload, key), 'not_found');
        }
      }
      expect(await rowOf(id)).toMatchObject({ status: 'enabled', description: null });
      await drop(id);
    });

    it('a request repeated with its Idempotency-Key makes one, and is answered with its secret', async () => {
      const options = { headers: { 'idempotency-key': 'one' } };
      const first = await make({}, options);
      // As after a crash between the endpoint and its answer.
      await api.services.db.kysely.updateTable('idempotency').set({ response: null, leased_until: 0 }).execute();
      const second = await make({}, options);
      expect(second).toEqual(first);
      expect((await api.call('GET', PATH)).body.data).toHaveLength(1);
      expect(await eventsOf(first.id)).toHaveLength(1);
      await drop(first.id);
    });

    it('a project has at most so many, however many are made at once', async () => {
      const answers = await Promise.all(Array.from({ length: 25 }, () => api.call('POST', PATH, { url })));
      const made = answers.filter(({ status }) => status === 201);
      expect(made).toHaveLength(20);
      for (const { status, body } of answers)
        if (status !== 201) expect(body).toMatchObject({ code: 'invalid_request' });
      // The other mode has its own.
      expect((await api.call('POST', PATH, { url }, { key: await newKey({ mode: 'live' }) })).status).toBe(201);
      const page = await api.call('GET', `${PATH}?limit=15`);
      const rest = await api.call('GET', `${PATH}?limit=15&cursor=${page.body.next_cursor}`);
      const listed = [...page.body.data, ...rest.body.data].map(({ id }) => id);
      expect(new Set(listed)).toEqual(new Set(made.map(({ body }) => body.id)));
      await drop(...listed);
    });

    describe('a secret that is rotated', () => {
      it('signs beside the new one until the overlap ends, and then no more', async () => {
        const { id, secret: old } = await make();
        const { status, body } = await api.call('POST', `${PATH}/${id}/rotate-secret`);
        expect(status).toBe(200);
        expect(body.secret).not.toBe(old);
        const both = await sign(id, '{}');
        expect(both['webhook-signature'].split(' ')).toHaveLength(2);
        for (const secret of [old, body.secret]) expect(new Webhook(secret).verify('{}', both)).toEqual({});

        api.clock.now += 24 * HOUR_MS;
        const one = await sign(id, '{}');
        expect(new Webhook(body.secret).verify('{}', one)).toEqual({});
        expect(() => new Webhook(old).verify('{}', one)).toThrow('No matching signature');
        await drop(id);
      });

      it('stops at once when it is in wrong hands', async () => {
        const { id, secret: old } = await make();
        const { body } = await api.call('POST', `${PATH}/${id}/rotate-secret`, { overlap_seconds: 0 });
        const headers = await sign(id, '{}');
        expect(new Webhook(body.secret).verify('{}', headers)).toEqual({});
        expect(() => new Webhook(old).verify('{}', headers)).toThrow('No matching signature');
        await drop(id);
      });

      it('never lives longer because there was another rotation', async () => {
        const { id, secret: old } = await make();
        const rotate = (overlap: number) =>
          api.call('POST', `${PATH}/${id}/rotate-secret`, { overlap_seconds: overlap });
        await rotate(60);
        await rotate(600);
        api.clock.now += 60_000;
        const headers = await sign(id, '{}');
        expect(headers['webhook-signature'].split(' ')).toHaveLength(2);
        expect(() => new Webhook(old).verify('{}', headers)).toThrow('No matching signature');
        await drop(id);
      });

      it('is one of five at most', async () => {
        const { id } = await make();
        const rotate = (overlap: number) =>
          api.call('POST', `${PATH}/${id}/rotate-secret`, { overlap_seconds: overlap });
        for (const overlap of [600, 600, 600, 600]) expect((await rotate(overlap)).status).toBe(200);
        expectProblem(await inject('POST', `${PATH}/${id}/rotate-secret`, { overlap_seconds: 600 }), 'invalid_request');
        expect((await rotate(0)).status).toBe(200);
        expect((await sign(id, '{}'))['webhook-signature'].split(' ')).toHaveLength(1);
        await drop(id);
      });

      it('may be followed by one of the other kind', async () => {
        const { id, secret: old } = await make();
        const { body } = await api.call('POST', `${PATH}/${id}/rotate-secret`, { signature: 'ed25519' });
        expect(body.secret).toBeUndefined();
        expect(body).toMatchObject({ signature: 'ed25519', public_keys: [{ key: /^whpk_/, expires_at: null }] });
        const headers = await sign(id, '{}');
        expect(headers['webhook-signature']).toMatch(/^v1a,\S+ v1,\S+$/);
        expect(new Webhook(old).verify('{}', headers)).toEqual({});
        await drop(id);
      });
    });

    it('the keys of Ed25519 are in the key set under names that begin with the endpoint’s id, while they are valid', async () => {
      const endpointKeys = async (id: string) => {
        api.clock.now += 10_000;
        const { keys } = (await api.call('GET', '/.well-known/jwks.json')).body;
        return keys.filter(({ kid }: { kid: string }) => kid.startsWith(id));
      };
      const { id, secret, public_keys } = await make({ signature: 'ed25519' });
      expect(secret).toBeUndefined();
      const [first] = await endpointKeys(id);
      expect(first).toEqual({ kty: 'OKP', crv: 'Ed25519', use: 'sig', kid: public_keys[0].kid, x: expect.any(String) });
      expect(Buffer.from(first.x, 'base64url').toString('base64')).toBe(public_keys[0].key.slice('whpk_'.length));

      await api.call('POST', `${PATH}/${id}/rotate-secret`, { overlap_seconds: 60 });
      const keys = await endpointKeys(id);
      expect(keys).toHaveLength(2);
      const headers = await sign(id, '{}');
      const content = Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.{}`);
      const valid = keys.map((key: object) =>
        headers['webhook-signature'].split(' ').some((signature) => {
          const publicKey = createPublicKey({ key: key as JsonWebKey, format: 'jwk' });
          return verify(null, content, publicKey, Buffer.from(signature.slice('v1a,'.length), 'base64'));
        }),
      );
      expect(valid).toEqual([true, true]);
      api.clock.now += 60_000;
      expect(await endpointKeys(id)).toHaveLength(1);
      await drop(id);
      expect(await endpointKeys(id)).toEqual([]);
    });

    it('what it is told begins where the log is when it is made, and where it is when it is enabled again', async () => {
      const { id } = await make();
      const { kysely } = api.services.db;
      const cursors = () => kysely.selectFrom('webhook_cursors').selectAll().where('endpoint_id', '=', id).execute();
      expect(await cursors()).toHaveLength(1);
      const { body } = await api.call('POST', `${PATH}/${id}/disable`);
      expect(body).toMatchObject({ status: 'disabled', disabled_reason: 'asked' });
      expect(await cursors()).toEqual([]);
      await kysely.updateTable('audit_state').set({ size: 41 }).execute();
      expect((await api.call('POST', `${PATH}/${id}/enable`)).body).toMatchObject({
        status: 'enabled',
        disabled_at: null,
      });
      expect(await cursors()).toMatchObject([{ next: 41 }]);
      await drop(id);
      expect(await cursors()).toEqual([]);
    });

    it('secrets and headers outlive the master secret they were sealed under', async () => {
      const { id, secret } = await make({ headers: { 'x-api-key': 'top-secret' } });
      const [old] = api.services.config.masterSecrets ?? [];
      if (!old) throw new Error('no master secret');
      const fresh = randomBytes(32);
      await resealEndpoints(api.services.db, createKeyring([fresh, old]));
      const row = await rowOf(id);
      const later = createKeyring([fresh]);
      expect(openSecrets(later, row)).toMatchObject([{ secret }]);
      expect(openHeaders(later, row)).toEqual({ 'x-api-key': 'top-secret' });
      await resealEndpoints(api.services.db, createKeyring([old, fresh]));
      await drop(id);
    });

    it.each([
      [{ url: 'http://app.example.com/' }, '/url'],
      [{ url: 'https://127.0.0.1/' }, '/url'],
      [{ url: 'https://[::ffff:10.0.0.1]/' }, '/url'],
      [{ url: 'https://2130706433/' }, '/url'],
      [{ url: 'https://localhost/' }, '/url'],
      [{ url: 'https://user:pass@app.example.com/' }, '/url'],
      [{ url: 'https://app.example.com:22/' }, '/url'],
      [{ url: 'not a url' }, '/url'],
      [{ events: [] }, '/events'],
      [{ events: ['verification'] }, '/events/0'],
      [{ events: ['*.approved'] }, '/events/0'],
      [{ events: ['verification.aproved'] }, '/events/0'],
      [{ events: ['*', 'nothing.*'] }, '/events/1'],
      [{ headers: { 'Webhook-Signature': 'x' } }, '/headers/Webhook-Signature'],
      [{ headers: { HOST: 'x' } }, '/headers/HOST'],
      [{ headers: { 'content-length': '1' } }, '/headers/content-length'],
      [{ headers: { 'transfer-encoding': 'chunked' } }, '/headers/transfer-encoding'],
      [{ headers: { A: 'x', a: 'y' } }, '/headers/a'],
      [{ headers: { 'x-a': 'two\r\nlines' } }, '/headers/x-a'],
      [{ headers: { 'x-a': 'ä' } }, '/headers/x-a'],
      [{ headers: { 'x a': 'b' } }, '/headers/x a'],
      [{ format: 'yaml' }, '/format'],
      [{ ordering: 'all' }, '/ordering'],
      [{ signature: 'rsa' }, '/signature'],
      [{ api_version: '2020-01-01' }, '/api_version'],
      [{ description: 'two\nlines' }, '/description'],
      [{ secret: 'whsec_mine' }, '/secret'],
    ])('%j is refused', async (body, pointer) => {
      const { status, body: problem } = await api.call('POST', PATH, { url, ...body });
      expect(status).toBe(422);
      expect(problem.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
    });

    it('a change to a URL that may not be called is refused like a new one', async () => {
      const { id } = await make();
      expectProblem(await inject('PATCH', `${PATH}/${id}`, { url: 'https://169.254.169.254/' }), 'invalid_request');
      expect((await rowOf(id)).url).toBe(url);
      await drop(id);
    });
  });
}

it('development may allow private targets', async () => {
  const api = await openTestService('embedded', { env: { COUNTERSIGN_ALLOW_PRIVATE_WEBHOOKS: 'true' } });
  const { status } = await api.call('POST', PATH, { url: 'http://127.0.0.1:9999/hook' });
  await api.close();
  expect(status).toBe(201);
});

it('the schema of bodies in XML is served to everybody', async () => {
  const api = await openTestService('embedded');
  const answer = await api.app.inject({ method: 'GET', url: '/schemas/webhook-2026-11-22.xsd' });
  await api.close();
  expect(answer.headers['content-type']).toBe('application/xml');
  expect(answer.body).toContain('targetNamespace="urn:countersign:webhook:2026-11-22"');
});
