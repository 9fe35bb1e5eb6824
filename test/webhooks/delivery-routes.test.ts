import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSealer } from '../../src/audit/log/sealer.ts';
import { verifySignature, verifyWebhook } from '../../src/webhooks/receiver/verify-webhook.ts';
import { describeWith } from '../rig/stores.ts';
import { newNumber, openTestService, type TestService, wrongCode } from '../service.ts';
import { openReceiver, type Receiver } from './delivery/receiver.ts';

const PATH = '/v1/webhook-endpoints';

for (const profile of ['embedded', 'scaled'] as const) {
  await describeWith(profile === 'scaled' ? ['postgres', 'redis'] : [], `webhook deliveries (${profile})`, () => {
    let api: TestService;
    let receiver: Receiver;
    beforeAll(async () => {
      api = await openTestService(profile, { env: { COUNTERSIGN_ALLOW_PRIVATE_WEBHOOKS: 'true' } });
    });
    beforeEach(async () => {
      api.clock.now += 1_000;
      receiver = await openReceiver();
      return () => receiver[Symbol.asyncDispose]();
    });
    afterAll(() => api?.close());

    async function make(body: object = {}): Promise<{ id: string; secret: string; public_keys: { key: string }[] }> {
      await deliver();
      const answer = await api.call('POST', PATH, { url: receiver.url, ...body });
      expect(answer.status, JSON.stringify(answer.body)).toBe(201);
      return answer.body;
    }

    async function deliver() {
      await api.recorded();
      const sealer = createSealer(api.services.db);
      do await api.services.webhooks.dispatcher.runDue();
      while ((await sealer.sealAll()) > 0);
    }

    const deliveries = async (id: string, query = '') =>
      (await api.call('GET', `${PATH}/${id}/deliveries${query}`)).body;

    async function eventsOf(id: string) {
      await api.recorded();
      const { body } = await api.call('GET', '/v1/events?limit=100');
      return body.data.filter((event: { data: { endpoint_id?: string } }) => event.data.endpoint_id === id);
    }

    /** A number is verified, with one wrong guess. */
    async function verifyNumber() {
      const to = newNumber();
      const { body: started } = await api.call('POST', '/v1/verifications', { to, metadata: { order: '17' } });
      const code = await api.codeOf(to);
      await api.call('POST', `/v1/verifications/${started.id}/check`, { code: wrongCode(code) });
      const { body: checked } = await api.call('POST', `/v1/verifications/${started.id}/check`, { code });
      expect(checked).toMatchObject({ valid: true });
      return { id: started.id, to, code };
    }

    /** By the public implementation, which looks at the system's clock. */
    function accept(secret: string, { body, headers }: Receiver['received'][number]): unknown {
      vi.useFakeTimers({ toFake: ['Date'], now: api.clock.now });
      try {
        return new Webhook(secret).verify(body, headers as Record<string, string>);
      } finally {
        vi.useRealTimers();
      }
    }

    it('everything that happens to a verification arrives, accepted by the public implementation and ours', async () => {
      const { id, secret } = await make({ events: ['verification.*'], headers: { Authorization: 'Bearer mine' } });
      const verification = await verifyNumber();
      await deliver();
      expect(receiver.received.map(({ type }) => type).sort()).toEqual(
        (await api.events(verification.id)).map(({ type }) => type).sort(),
      );
      expect(receiver.received.map(({ type }) => type)).toContain('verification.approved');
      for (const received of receiver.received) {
        expect(accept(secret, received)).toEqual(JSON.parse(received.body));
        expect(await verifyWebhook(received.body, received.headers, secret, { now: api.clock.now })).toMatchObject({
          ok: true,
          id: JSON.parse(received.body).data.id,
          event: { type: received.type, data: { verification_id: verification.id } },
        });
        expect(received.headers).toMatchObject({ authorization: 'Bearer mine', 'content-type': 'application/json' });
        // Neither the code nor the whole number.
        const { data, ...rest } = JSON.parse(received.body);
        expect(Object.keys(rest)).toEqual(['type', 'timestamp', 'api_version']);
        expect(data.recipient.masked).toMatch(/^\+33\*+\d\d$/);
        for (const hidden of [verification.to, verification.to.slice(1), `"${verification.code}"`]) {
          expect(received.body).not.toContain(hidden);
        }
      }
      const { data } = await deliveries(id);
      expect(data).toHaveLength(receiver.received.length);
      for (const delivery of data) expect(delivery).toMatchObject({ status: 'delivered', attempts: 1 });
      await api.call('DELETE', `${PATH}/${id}`);
    });

    it('Ed25519 and XML are accepted with nothing but the public key', async () => {
      const { id, public_keys: keys } = await make({
        signature: 'ed25519',
        format: 'xml',
        events: ['verification.created'],
      });
      await verifyNumber();
      await deliver();
      const [received] = receiver.received;
      const options = { now: api.clock.now };
      expect(
        await verifySignature(received?.body ?? '', received?.headers ?? {}, keys[0]?.key ?? '', options),
      ).toMatchObject({
        ok: true,
      });
      expect(received?.headers['content-type']).toBe('application/xml');
      expect(received?.body).toContain('<type>verification.created</type>');
      await api.call('DELETE', `${PATH}/${id}`);
    });

    it('a test sends a sample at once and says what came of it', async () => {
      const { id, secret } = await make();
      const { status, body } = await api.call('POST', `${PATH}/${id}/test`);
      expect(status).toBe(200);
      expect(body).toMatchObject({ delivered: true, status: 200, error: null, excerpt: 'noted' });
      const [received] = receiver.received;
      if (!received) throw new Error('nothing came');
      expect(accept(secret, received)).toMatchObject({ type: 'webhook.test' });
      receiver.answer(() => 500);
      expect((await api.call('POST', `${PATH}/${id}/test`)).body).toMatchObject({ delivered: false, status: 500 });
      await receiver[Symbol.asyncDispose]();
      expect((await api.call('POST', `${PATH}/${id}/test`)).body).toMatchObject({
        delivered: false,
        status: null,
        error: expect.any(String),
      });
      receiver = await openReceiver();
      const tested = (await eventsOf(id)).filter(({ type }: { type: string }) => type === 'webhook_endpoint.tested');
      expect(tested).toHaveLength(3);
      await api.call('DELETE', `${PATH}/${id}`);
    });

    it('a delivery that failed is shown with its attempts, and sent again when that is asked for', async () => {
      const { id } = await make({ events: ['verification.created'] });
      receiver.answer(() => 503);
      await verifyNumber();
      await deliver();
      const [failed] = (await deliveries(id, '?status=pending')).data;
      expect(failed).toMatchObject({
        event_type: 'verification.created',
        attempts: 1,
        history: [{ status: 503, error: null, excerpt: 'noted' }],
      });
      expect(Date.parse(failed.next_attempt_at)).toBeGreaterThan(api.clock.now);
      receiver.answer(() => 200);
      const { status } = await api.call('POST', `${PATH}/${id}/deliveries/${failed.id}/retry`);
      expect(status).toBe(202);
      await deliver();
      const [sent] = (await deliveries(id)).data;
      expect(sent).toMatchObject({ id: failed.id, status: 'delivered', attempts: 2, next_attempt_at: null });
      expect(new Set(receiver.ids())).toEqual(new Set([failed.event_id]));
      expect((await deliveries(id, '?status=exhausted')).data).toEqual([]);
      expect((await eventsOf(id)).map(({ type }: { type: string }) => type)).toContain('webhook.retried');
      await api.call('DELETE', `${PATH}/${id}`);
    });

    it('a replay sends what happened while the endpoint was disabled, once each', async () => {
      const { id } = await make({ events: ['verification.created'] });
      const since = new Date(api.clock.now).toISOString();
      await api.call('POST', `${PATH}/${id}/disable`);
      const made = [await verifyNumber(), await verifyNumber()];
      await deliver();
      expect(receiver.received).toEqual([]);
      expect((await api.call('POST', `${PATH}/${id}/replay`, { since })).body).toMatchObject({
        code: 'webhook_endpoint_disabled',
        status: 409,
      });
      await api.call('POST', `${PATH}/${id}/enable`);
      await deliver();
      expect(receiver.received).toEqual([]);
      for (const ask of [[`/replay?since=${since}`], ['/replay', { since }]] as const) {
        const { status, body } = await api.call('POST', `${PATH}/${id}${ask[0]}`, ask[1]);
        expect([status, body]).toEqual([202, { since }]);
        await deliver();
      }
      expect(receiver.received.map(({ object }) => object).sort()).toEqual(made.map(({ id }) => id).sort());
      expect((await eventsOf(id)).map(({ type }: { type: string }) => type)).toContain('webhook_endpoint.replayed');
      await api.call('DELETE', `${PATH}/${id}`);
    });

    it.each([
      ['', {}],
      ['', { since: 'yesterday' }],
      ['', { since: '2099-01-01T00:00:00Z' }],
      ['?since=2027-02-30T00:00:00Z', {}],
    ])('a replay since %s %j is refused', async (query, body) => {
      const { id } = await make();
      expect((await api.call('POST', `${PATH}/${id}/replay${query}`, body)).status).toBe(422);
      await api.call('DELETE', `${PATH}/${id}`);
    });

    it('nobody reaches the deliveries of another project or mode', async () => {
      const { id } = await make({ events: ['verification.created'] });
      await verifyNumber();
      await deliver();
      const [{ id: delivery }] = (await deliveries(id)).data;
      const { body: other } = await api.call('POST', '/v1/projects', { name: 'other' });
      for (const keyBody of [
        { name: 'k', project: other.id },
        { name: 'k', mode: 'live' },
      ]) {
        const { key } = (await api.call('POST', '/v1/keys', keyBody)).body;
        for (const [method, path, body] of [
          ['GET', 'deliveries', undefined],
          ['POST', `deliveries/${delivery}/retry`, undefined],
          ['POST', 'test', undefined],
          ['POST', 'replay', { since: '2026-01-01T00:00:00Z' }],
        ] as const) {
          expect((await api.call(method, `${PATH}/${id}/${path}`, body, { key })).status).toBe(404);
        }
      }
      const { id: mine } = await make();
      expect((await api.call('POST', `${PATH}/${mine}/deliveries/${delivery}/retry`)).status).toBe(404);
      expect(receiver.received).toHaveLength(1);
      for (const each of [id, mine]) await api.call('DELETE', `${PATH}/${each}`);
    });

    describe('pages of deliveries', () => {
      it('follow one another without a gap', async () => {
        const { id } = await make({ events: ['verification.*'] });
        await verifyNumber();
        await deliver();
        const all = (await deliveries(id)).data.map(({ id }: { id: string }) => id);
        const first = await deliveries(id, '?limit=2');
        const second = await deliveries(id, `?limit=2&cursor=${first.next_cursor}`);
        const paged = [...first.data, ...second.data].map(({ id }: { id: string }) => id);
        expect(paged).toEqual(all.slice(0, 4));

        // They go with their endpoint.
        const { kysely } = api.services.db;
        const rows = kysely.selectFrom('webhook_deliveries').select('id').where('endpoint_id', '=', id);
        expect(await rows.execute()).toHaveLength(all.length);
        await api.call('DELETE', `${PATH}/${id}`);
        expect(await rows.execute()).toEqual([]);
      });
    });
  });
}
