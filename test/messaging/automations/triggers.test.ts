import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { verifySignature } from '../../../src/webhooks/receiver/verify-webhook.ts';
import { importSigningKey, signDelivery } from '../../../src/webhooks/sign.ts';
import { describeWith } from '../../rig/stores.ts';
import { newNumber, openTestService, PROFILES, type TestService } from '../../service.ts';
import { newAutomation, newContact, runsOf, text, workAll } from './rig.ts';

const NEEDS = { embedded: [], postgres: ['postgres'], scaled: ['postgres', 'redis'] } as const;
const OURS = '+33755550100';

for (const profile of PROFILES) {
  await describeWith(NEEDS[profile], `automations and the world (${profile})`, () => {
    let api: TestService;
    beforeAll(async () => {
      api = await openTestService(profile, { env: { COUNTERSIGN_ALLOW_PRIVATE_WEBHOOKS: 'true' } });
      await api.call('PUT', '/v1/contact-attributes', { attributes: { city: 'string' } });
    });
    afterAll(() => api?.close());

    const texts = async (phone: string) => (await api.phone(phone)).map((message) => message.text).reverse();

    async function write(from: string, words: string): Promise<void> {
      api.clock.now += 1_000;
      const { status } = await api.call('POST', '/v1/sandbox/messages', { from, to: OURS, text: words });
      expect(status).toBe(201);
      await api.settled();
      await api.services.inbound.worker.runDue();
      await workAll(api);
    }

    it('a word lets in whoever writes it, as a new contact', async () => {
      await api.call('PUT', `/v1/numbers/${encodeURIComponent(OURS)}`);
      const automation = await newAutomation(api, {
        trigger: { type: 'keyword', keywords: ['Début', 'join'], match: 'first', number: OURS },
        steps: [text('welcome', { sender: OURS }), { type: 'add_tag', tag: 'joined' }],
      });
      const phone = newNumber();
      // So that the message is this project's.
      await api.call('POST', '/v1/messages', { to: phone, text: 'hello', sender: OURS });
      await workAll(api);
      await write(phone, 'debut please!');
      expect(await texts(phone)).toEqual(['hello', 'welcome']);
      const { body } = await api.call('GET', `/v1/contacts?address=${encodeURIComponent(phone)}`);
      expect(body.data).toMatchObject([{ tags: ['joined'] }]);
      await write(phone, 'debutant');
      await write(phone, 'STOP');
      expect(await runsOf(api, automation)).toHaveLength(1);
    });

    it('a signed request lets a contact in, the same one once; any other is refused', async () => {
      const automation = await newAutomation(api, {
        trigger: { type: 'webhook', create_contacts: true },
        reentry: 'always',
        steps: [text('paid'), { type: 'wait', seconds: 60 }],
      });
      const rotate = async () => (await api.call('POST', `/v1/automations/${automation}/rotate-secret`)).body.secret;
      const secret: string = await rotate();
      const path = (await api.call('GET', `/v1/automations/${automation}`)).body.hook_path;
      const phone = newNumber();
      const send = async (body: object, { key = secret, id = randomUUID() as string, at = api.clock.now } = {}) => {
        const payload = JSON.stringify(body);
        const seconds = Math.floor(at / 1000);
        const headers = {
          ...{ 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': String(seconds) },
          'webhook-signature': signDelivery([importSigningKey(key)], id, seconds, payload),
        };
        const { statusCode, body: answer } = await api.app.inject({ method: 'POST', url: path, headers, payload });
        return [statusCode, JSON.parse(answer)] as const;
      };
      const hook = { contact: { phone }, data: { amount: 3 } };
      const id = randomUUID();
      expect(await send(hook, { id })).toMatchObject([202, { outcome: 'entered' }]);
      expect(await send(hook, { id })).toMatchObject([202, { outcome: 'known' }]);
      await workAll(api);
      expect(await texts(phone)).toEqual(['paid']);
      expect(await runsOf(api, automation)).toMatchObject([{ cause: 'webhook', status: 'running' }]);
      expect((await send(hook, { key: `whsec_${'A'.repeat(43)}=` }))[0]).toBe(401);
      expect((await send(hook, { at: api.clock.now - 600_000 }))[0]).toBe(401);
      expect(await send({ contact: { phone: 'x' } })).toMatchObject([422, { errors: [{ pointer: '/contact' }] }]);
      expect(await send({ contact: { phone }, more: 1 })).toMatchObject([422, { errors: [{ pointer: '/more' }] }]);
      expect(await send({ contact: { external_id: 'nobody' } })).toMatchObject([422, {}]);
      const newer = await rotate();
      expect((await send(hook))[0]).toBe(401);
      expect((await send(hook, { key: newer }))[0]).toBe(202);
    });

    it('a step tells an app until it has understood, under one id', async () => {
      const calls: { id: string; body: string; ok: boolean }[] = [];
      const automation: { secret: string } = { secret: '' };
      const server = createServer(async (request, response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        const body = Buffer.concat(chunks);
        const { ok } = await verifySignature(body, request.headers, automation.secret, { now: api.clock.now });
        calls.push({ id: String(request.headers['webhook-id']), body: body.toString(), ok });
        response.writeHead(calls.length < 3 ? 503 : 204).end();
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      try {
        const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
        const id = await newAutomation(api, {
          trigger: { type: 'api' },
          steps: [{ type: 'webhook', url }, text('done')],
        });
        automation.secret = (await api.call('POST', `/v1/automations/${id}/rotate-secret`)).body.secret;
        const { id: contact, phone } = await newContact(api, { attributes: { city: 'Lyon' } });
        await api.call('POST', `/v1/automations/${id}/runs`, { contact_id: contact, data: { order: 7 } });
        for (let turn = 0; turn < 3; turn += 1) {
          await workAll(api);
          if (turn < 2) expect((await runsOf(api, id))[0].waiting_for.reason).toBe('retry');
          api.clock.now += 600_000;
        }
        expect(calls.map(({ ok }) => ok)).toEqual([true, true, true]);
        expect(new Set(calls.map((call) => call.id)).size).toBe(1);
        expect(JSON.parse(calls[0]?.body ?? '').data).toMatchObject({
          contact: { id: contact, phone, attributes: { city: 'Lyon' } },
          data: { order: 7 },
        });
        expect(await texts(phone)).toEqual(['done']);
      } finally {
        server.close();
      }
    });

    it('a step that cannot be done ends the run with the reason, or is passed over', async () => {
      const template = await api.call('POST', '/v1/templates', {
        ...{ name: `t ${randomUUID()}`, default_locale: 'en', variables: { city: { type: 'string' } } },
        locales: { en: { sms: { text: 'Greetings to {{city}}' } } },
      });
      const send = {
        ...{ type: 'send', channel: 'sms', purpose: 'transactional', template: template.body.id },
        variables: { city: { attribute: 'city' } },
      };
      const trigger = { type: 'api' };
      const strict = await newAutomation(api, { trigger, steps: [send, text('after')] });
      const lax = await newAutomation(api, { trigger, steps: [{ ...send, on_failure: 'continue' }, text('after')] });
      const variables = { city: { data: 'address.city', default: 'you' } };
      const told = await newAutomation(api, { trigger, reentry: 'always', steps: [{ ...send, variables }] });
      const other = await newContact(api);
      for (const data of [{ address: { city: 'Nice' } }, {}]) {
        await api.call('POST', `/v1/automations/${told}/runs`, { contact_id: other.id, data });
        await workAll(api);
      }
      expect(await texts(other.phone)).toEqual(['Greetings to Nice', 'Greetings to you']);
      const someone = await newContact(api, { attributes: { city: 'Lyon' } });
      const nameless = await newContact(api);
      const writer = await api.call('POST', '/v1/contacts', { email: `${randomUUID()}@example.com` });
      for (const automation of [strict, lax]) {
        for (const id of [someone.id, nameless.id, writer.body.id]) {
          await api.call('POST', `/v1/automations/${automation}/runs`, { contact_id: id });
        }
      }
      await workAll(api);
      expect(await texts(someone.phone)).toEqual(expect.arrayContaining(['Greetings to Lyon', 'after']));
      expect(await texts(nameless.phone)).toEqual(['after']);
      const run = (await runsOf(api, strict)).find(({ contact_id }) => contact_id === nameless.id);
      expect(run).toMatchObject({ status: 'failed', reason: 'step_failed' });
      const { body: story } = await api.call('GET', `/v1/automations/${strict}/runs/${run.id}`);
      expect(story.history).toMatchObject([{ outcome: 'failed', reason: '/variables/city is required' }]);
      const bare = (await runsOf(api, strict)).find(({ contact_id }) => contact_id === writer.body.id);
      const { body: skipped } = await api.call('GET', `/v1/automations/${strict}/runs/${bare.id}`);
      expect(skipped).toMatchObject({
        status: 'completed',
        history: [{ outcome: 'skipped', reason: 'no_address' }, {}],
      });
    });

    it('what makes no sense is refused with the place of it', async () => {
      const make = (definition: object) => api.call('POST', '/v1/automations', { name: 'a', ...definition });
      const trigger = { type: 'api' };
      const cases: [object, string][] = [
        [{ trigger, steps: [{ type: 'condition', filter: { tag: 'x' }, if_true: '1' }] }, '/steps/0/if_true'],
        [{ trigger, steps: [text('a', { next: 'nowhere' })] }, '/steps/0/next'],
        [{ trigger, steps: [text('a', { name: 'a' }), text('b', { name: 'a' })] }, '/steps/1/name'],
        [{ trigger, steps: [{ type: 'condition', filter: { tags: 'x' } }] }, '/steps/0/filter'],
        [{ trigger, steps: [{ type: 'send', channel: 'sms' }] }, '/steps/0'],
        [{ trigger, steps: [{ type: 'webhook', url: 'ftp://example.com' }] }, '/steps/0/url'],
        [{ trigger, steps: [{ type: 'add_to_list', list_id: 'lst_00000000000000000000000000' }] }, '/steps/0/list_id'],
        [{ trigger: { type: 'date', attribute: 'city' }, steps: [text('a')] }, '/trigger/attribute'],
        [{ trigger: { type: 'keyword', keywords: ['stop'] }, steps: [text('a')] }, '/trigger/keywords/0'],
        [{ trigger, stop_on: ['conversion'], steps: [text('a')] }, '/conversion'],
      ];
      for (const [definition, pointer] of cases) {
        const { status, body } = await make(definition);
        expect([status, body.errors?.[0].pointer], JSON.stringify(body)).toEqual([422, pointer]);
      }
      expect((await make({ trigger, steps: [] })).status).toBe(422);
      expect((await make({ trigger: { type: 'event', event: 'nothing' }, steps: [text('a')] })).status).toBe(422);
    });

    it('an erasure ends the runs of the person and leaves nothing of them; a deleted contact’s run ends', async () => {
      const automation = await newAutomation(api, {
        trigger: { type: 'api' },
        steps: [{ type: 'wait', seconds: 60 }, text('on')],
      });
      const [gone, kept, deleted] = [await newContact(api), await newContact(api), await newContact(api)];
      for (const { id } of [gone, kept, deleted]) {
        await api.call('POST', `/v1/automations/${automation}/runs`, { contact_id: id, data: { note: 'private' } });
      }
      await workAll(api);
      api.clock.now += 1_000;
      const erased = await api.call('POST', '/v1/privacy/erasures', { to: gone.phone });
      expect(erased.status).toBe(202);
      await api.recorded();
      await api.services.privacy.worker.runDue();
      await api.call('DELETE', `/v1/contacts/${deleted.id}`);
      await workAll(api);
      const runs = await runsOf(api, automation);
      expect(runs.map(({ contact_id }) => contact_id).sort()).toEqual([kept.id, deleted.id].sort());
      expect(runs.find(({ contact_id }) => contact_id === deleted.id)).toMatchObject({
        ...{ status: 'stopped', reason: 'contact_deleted' },
      });
      const { kysely } = api.services.db;
      const about = await kysely.selectFrom('automation_runs').selectAll().where('contact_id', '=', gone.id).execute();
      const steps = await kysely
        .selectFrom('automation_steps')
        .select('run_id')
        .where('run_id', 'not in', (eb) => eb.selectFrom('automation_runs').select('id'))
        .execute();
      const jobs = await kysely.selectFrom('jobs').select('id').where('queue', '=', 'automation_runs').execute();
      expect([about, steps]).toEqual([[], []]);
      const own = runs.filter(({ status }) => status === 'running').map(({ id }) => id);
      expect(jobs.map(({ id }) => id)).toEqual(expect.arrayContaining(own));
      api.clock.now += 120_000;
      await workAll(api);
      expect([await texts(gone.phone), await texts(kept.phone), await texts(deleted.phone)]).toEqual([[], ['on'], []]);
    });
  });
}
