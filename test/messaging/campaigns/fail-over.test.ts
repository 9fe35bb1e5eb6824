import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeWith, privateFolder } from '../../rig/stores.ts';
import { type CampaignRig, openCampaignRig } from './campaign-rig.ts';

const CARRIERS = ['first', 'second', 'third'] as const;

for (const profile of ['embedded', 'postgres'] as const) {
  await describeWith(
    profile === 'postgres' ? ['postgres'] : [],
    `messages of a campaign that go to another carrier (${profile})`,
    () => {
      let rig: CampaignRig;
      let server: Server;
      let people: Awaited<ReturnType<CampaignRig['list']>>;
      /** Who got what, as `carrier number`. */
      const got: string[] = [];
      /** What the first carrier calls the newest message to a number. */
      const firstIds = new Map<string, string>();
      let campaigns = 0;
      /** Done before the second carrier turns somebody away. */
      let refusing: (() => Promise<unknown>) | null = null;

      beforeAll(async () => {
        server = createServer((request, response) => {
          let body = '';
          request.on('data', (chunk) => {
            body += chunk;
          });
          request.on('end', async () => {
            const carrier = (request.url ?? '').slice(1);
            const { to } = JSON.parse(body) as { to: string };
            got.push(`${carrier} +${to}`);
            const act = carrier === 'second' ? refusing : null;
            await act?.();
            const answer = { id: `${carrier} ${to} ${campaigns}` };
            if (carrier === 'first') firstIds.set(`+${to}`, answer.id);
            response.writeHead(act ? 429 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
          });
        }).listen(0, '127.0.0.1');
        await once(server, 'listening');
        const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
        const provider = (name: string) => ({
          type: 'http',
          request: { method: 'POST', url: url + name, body: { json: { to: '{{to_digits}}', text: '{{text}}' } } },
          provider_id: { json: '/id' },
        });
        const providers = Object.fromEntries(CARRIERS.map((name) => [name, provider(name)]));
        const senders = [{ value: 'Example', kind: 'alphanumeric', countries: ['FR'], registration: 'registered' }];
        const rule = { name: 'france', when: { country: ['FR'] }, failover_on_receipt: true };
        const routes = { senders, rules: [{ ...rule, providers: CARRIERS.map((name) => ({ provider: name })) }] };
        const file = join(privateFolder('campaigns-fail-over'), 'countersign.json');
        writeFileSync(file, JSON.stringify({ providers, routes }));
        rig = await openCampaignRig(profile, { env: { COUNTERSIGN_CONFIG: file } });
        people = await rig.list(3);
      });
      afterAll(async () => {
        await rig?.api.close();
        server.close();
      });
      beforeEach(() => {
        got.length = 0;
        refusing = null;
      });

      /** A campaign that the first carrier took for two, while a third one waits; answers with their numbers. */
      async function send(): Promise<{ id: string; phones: [string, string] }> {
        campaigns += 1;
        const limits = { per_second: 1, sender: 'Example' };
        const id = await rig.create({ audience: { lists: [people.id] }, text: 'Hi', ...limits });
        await rig.start(id);
        await rig.work();
        rig.api.clock.now += 1_000;
        await rig.work();
        const phones = got.map((one) => one.replace('first ', ''));
        expect(phones).toHaveLength(2);
        got.length = 0;
        return { id, phones: phones as [string, string] };
      }

      const gotFrom = (carrier: string) => got.filter((one) => one.startsWith(carrier)).toSorted();

      const control = async (id: string, how: 'pause' | 'resume' | 'cancel') => {
        expect((await rig.api.call('POST', `/v1/campaigns/${id}/${how}`, {})).status).toBe(200);
      };

      /** The first carrier reports that it did not deliver it to this one. */
      const fail = async (phone: string) => {
        const providerId = firstIds.get(phone) ?? '';
        await rig.api.services.delivery.receive('first', [{ providerId, status: 'undelivered' }]);
        await rig.api.settled();
      };

      async function messageOf(id: string, phone: string) {
        const contact = people.contacts[people.phones.indexOf(phone)];
        const found = (await rig.recipients(id)).find(({ contact_id }) => contact_id === contact);
        return (await rig.api.call('GET', `/v1/messages/${found.message_id}`)).body;
      }

      it('paused, nothing of it is sent and each says why; resumed, they go on', async () => {
        const { id, phones } = await send();
        await fail(phones[0]);
        await control(id, 'pause');
        expect(await messageOf(id, phones[0])).toMatchObject({ status: 'queued', reason: 'paused' });
        await rig.work();
        await fail(phones[1]);
        await rig.work();
        rig.api.clock.now += 60_000;
        await rig.work();
        expect(got).toEqual([]);
        for (const phone of phones) {
          expect(await messageOf(id, phone)).toMatchObject({ status: 'queued', reason: 'paused' });
        }
        await control(id, 'resume');
        await rig.work();
        expect(gotFrom('second')).toEqual(phones.map((phone) => `second ${phone}`).toSorted());
        for (const phone of phones) expect(await messageOf(id, phone)).toMatchObject({ status: 'sent', reason: null });
      });

      it('paused between two carriers, the next one does not get it', async () => {
        const { id, phones } = await send();
        await fail(phones[0]);
        refusing = () => control(id, 'pause');
        await rig.work();
        expect(got).toEqual([`second ${phones[0]}`]);
        expect(await messageOf(id, phones[0])).toMatchObject({ status: 'queued', reason: 'paused' });
        refusing = null;
        got.length = 0;
        rig.api.clock.now += 1_000;
        await control(id, 'resume');
        await rig.work();
        expect(await rig.read(id)).toMatchObject({ status: 'completed' });
        expect([...gotFrom('second'), ...gotFrom('third')]).toHaveLength(1);
        expect(await messageOf(id, phones[0])).toMatchObject({ status: 'sent' });
      });

      it('paused until it is no longer valid, it expires', async () => {
        const { id, phones } = await send();
        await fail(phones[0]);
        await control(id, 'pause');
        await rig.work();
        rig.api.clock.now += 259_200_000;
        await rig.work();
        expect(got).toEqual([]);
        expect(await messageOf(id, phones[0])).toMatchObject({ status: 'undelivered', reason: 'expired' });
      });

      it('canceled, whom a carrier reports failed afterwards gets nothing more', async () => {
        const { id, phones } = await send();
        await control(id, 'cancel');
        await fail(phones[0]);
        await rig.work();
        expect(got).toEqual([]);
        expect(await messageOf(id, phones[0])).toMatchObject({ status: 'canceled', reason: 'campaign_canceled' });
      });
    },
  );
}
