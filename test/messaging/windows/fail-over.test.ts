import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { privateFolder } from '../../rig/stores.ts';
import { newAutomation, text, workAll } from '../automations/rig.ts';
import { type CampaignRig, openCampaignRig } from '../campaigns/campaign-rig.ts';

/** Two seconds before eight in the evening in Paris, on a Monday. */
const EVENING = Date.parse('2027-02-08T18:59:58Z');
const MORNING = Date.parse('2027-02-09T09:00:00Z');

describe('a carrier that fails as the window closes', () => {
  let rig: CampaignRig;
  let carriers: Server;
  const asked: string[] = [];

  beforeAll(async () => {
    carriers = createServer((request, response) => {
      const carrier = request.url?.slice(1) ?? '';
      request.resume().on('end', () => {
        asked.push(carrier);
        if (carrier === 'first') rig.api.clock.now = Math.max(rig.api.clock.now, EVENING + 3_000);
        response.writeHead(carrier === 'first' ? 429 : 200, { 'content-type': 'application/json' });
        response.end(`{"id":"${asked.length}"}`);
      });
    }).listen(0, '127.0.0.1');
    await once(carriers, 'listening');
    const { port } = carriers.address() as AddressInfo;
    const provider = (name: string) => ({
      type: 'http',
      request: { method: 'POST', url: `http://127.0.0.1:${port}/${name}`, body: { json: { text: '{{text}}' } } },
      provider_id: { json: '/id' },
    });
    const senders = [{ value: 'Example', kind: 'alphanumeric', countries: ['FR'], registration: 'registered' }];
    const rules = [
      { name: 'france', when: { country: ['FR'] }, providers: [{ provider: 'first' }, { provider: 'second' }] },
    ];
    const file = join(privateFolder('window-fail-over'), 'countersign.json');
    const providers = { first: provider('first'), second: provider('second') };
    writeFileSync(file, JSON.stringify({ providers, routes: { senders, rules } }));
    rig = await openCampaignRig('embedded', { env: { COUNTERSIGN_CONFIG: file } });
  });
  afterAll(async () => {
    await rig?.api.close();
    carriers.close();
  });
  beforeEach(() => {
    rig.api.clock.now = EVENING;
    asked.length = 0;
  });

  async function friends(count: number) {
    const list = await rig.list(count);
    for (const to of list.phones) await rig.api.call('POST', '/v1/consents', { to, source: 'website' });
    rig.api.clock.now = EVENING;
    return list;
  }

  it('a campaign asks the next carrier when it opens again', async () => {
    const { id: list } = await friends(1);
    const id = await rig.create({ audience: { lists: [list] }, purpose: 'marketing', text: 'Hi', sender: 'Example' });
    await rig.start(id);
    await rig.work();
    expect(asked).toEqual(['first']);
    const due_at = new Date(MORNING).toISOString();
    expect(await rig.recipients(id)).toMatchObject([{ state: 'waiting', reason: 'outside_window', due_at }]);
    rig.api.clock.now = MORNING;
    await rig.work();
    expect(await rig.recipients(id)).toMatchObject([{ state: 'sent' }]);
    expect(asked.slice(1)).toContain('second');
  });

  it('so does a message of an automation', async () => {
    const { contacts } = await friends(1);
    const send = text('Hi', { purpose: 'marketing', sender: 'Example' });
    const automation = await newAutomation(rig.api, { trigger: { type: 'api' }, steps: [send] });
    const run = await rig.api.call('POST', `/v1/automations/${automation}/runs`, { contact_id: contacts[0] });
    expect(run.status, JSON.stringify(run.body)).toBe(201);
    await workAll(rig.api);
    expect(asked).toEqual(['first']);
    const { history } = (await rig.api.call('GET', `/v1/automations/${automation}/runs/${run.body.run_id}`)).body;
    const read = async () => (await rig.api.call('GET', `/v1/messages/${history[0].message_id}`)).body;
    expect(await read()).toMatchObject({ status: 'queued', reason: 'outside_window' });
    rig.api.clock.now = MORNING - 1;
    await workAll(rig.api);
    expect(asked).toEqual(['first']);
    rig.api.clock.now = MORNING;
    await workAll(rig.api);
    expect(await read()).toMatchObject({ status: 'sent', reason: null });
  });
});
