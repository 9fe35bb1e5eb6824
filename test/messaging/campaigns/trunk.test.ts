import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { headerOf } from '../../../src/delivery/sip/message.ts';
import { WAIT } from '../../delivery/sip/caller.ts';
import { startPeer } from '../../delivery/sip/peer.ts';
import { tone, wavOf } from '../../delivery/sip/tones.ts';
import { privateFolder } from '../../rig/stores.ts';
import { newNumber } from '../../service.ts';
import { openCampaignRig } from './campaign-rig.ts';

/** One trunk with four lines, whose calls ring until they are hung up. */
async function openTrunk(config: { providers?: object; routes?: object } = {}) {
  const peer = await startPeer((request, { answer }) => {
    if (request.method === 'INVITE') answer(request, 180, { tag: headerOf(request, 'call-id') ?? '' });
  });
  const folder = privateFolder('trunk');
  const said = join(folder, 'hello.wav');
  writeFileSync(said, wavOf(tone([440], 1_000)));
  const trunk = { host: '127.0.0.1', port: peer.port, caller_id: '+33180000000', ping_seconds: 0, channels: 4 };
  const sip = { type: 'sip', trunks: [trunk], speech: { command: ['cat', said] }, ring_seconds: 120, drain_ms: 0 };
  const file = join(folder, 'countersign.json');
  writeFileSync(file, JSON.stringify({ ...config, providers: { ...config.providers, trunk: sip } }));
  const rig = await openCampaignRig('embedded', { env: { COUNTERSIGN_CONFIG: file } });
  const { api } = rig;
  onTestFinished(() => api.close());
  const lines = () => api.services.delivery.choice.find('trunk')?.lines?.();
  const numbers = () => peer.requests('INVITE').map(({ uri }) => /sip:(\+\d+)@/.exec(uri)?.[1]);
  const hangUp = async (from: number) => {
    for (const call of peer.requests('INVITE').slice(from)) {
      peer.answer(call, 486, { tag: headerOf(call, 'call-id') ?? '' });
    }
    await vi.waitFor(() => expect(lines()).toMatchObject({ busy: 0 }), WAIT);
    await api.settled();
  };
  const startCode = async () => {
    const to = newNumber();
    const { status, body } = await api.call('POST', '/v1/verifications', { to, channel: 'voice' });
    expect(status).toBe(201);
    await api.settled();
    return { to, id: body.id as string };
  };
  return { rig, api, lines, numbers, hangUp, startCode };
}

describe('a campaign over a trunk with four lines', () => {
  it('keeps two for others, and goes on when its calls have ended', { timeout: 120_000 }, async () => {
    const { rig, api, numbers, hangUp, startCode } = await openTrunk();
    const { id: list, phones } = await rig.list(5);
    const id = await rig.create({ audience: { lists: [list] }, channel: 'voice', text: 'Hello.' });
    await rig.start(id);
    await rig.work();
    expect(numbers()).toHaveLength(2);
    expect((await rig.recipients(id, '&state=waiting')).map(({ reason }) => reason)).toEqual(
      Array(3).fill('lines_busy'),
    );
    // A code has its line meanwhile.
    const { to } = await startCode();
    expect(numbers()[2]).toBe(to);
    api.clock.now += 1_000;
    await rig.work();
    expect(numbers()).toHaveLength(3);

    await hangUp(0);
    api.clock.now += 1_000;
    await rig.work();
    expect(numbers()).toHaveLength(5);
    await hangUp(3);
    api.clock.now += 1_000;
    await rig.work();
    await hangUp(5);
    expect(numbers().toSorted()).toEqual([...phones, to].toSorted());
    await rig.work();
    expect(await rig.read(id)).toMatchObject({ status: 'completed', counts: { sent: 5 } });
  });

  it('keeps two for others also when another carrier fails before', { timeout: 120_000 }, async () => {
    const url = 'http://127.0.0.1:9/';
    const away = { type: 'http', channels: ['voice'], request: { method: 'POST', url, body: { json: {} } } };
    const rule = { name: 'all', when: {}, providers: [{ provider: 'away' }, { provider: 'trunk' }] };
    const routes = { senders: [], rules: [{ ...rule, strategy: 'ordered' }] };
    const { rig, lines, numbers, hangUp } = await openTrunk({ providers: { away }, routes });
    const { id: list } = await rig.list(4);
    const id = await rig.create({ audience: { lists: [list] }, channel: 'voice', text: 'Hello.' });
    await rig.start(id);
    await rig.work();
    expect(lines()).toMatchObject({ busy: 2 });
    const waiting = await rig.recipients(id, '&state=waiting');
    expect(waiting).toMatchObject(Array(2).fill({ reason: 'connection_failed' }));
    expect(numbers()).toHaveLength(2);
    await hangUp(0);
  });

  it('keeps two for codes while it calls again', { timeout: 120_000 }, async () => {
    const { rig, api, lines, numbers, hangUp, startCode } = await openTrunk();
    const { id: list, phones } = await rig.list(6);
    const retry = { attempts: 2, wait_seconds: 60, on: ['busy'] };
    const id = await rig.create({ audience: { lists: [list] }, channel: 'voice', text: 'Hello.', retry });
    await rig.start(id);
    for (let called = 0; called < 6; called += 2) {
      await rig.work();
      expect(numbers()).toHaveLength(called + 2);
      await hangUp(called);
      api.clock.now += 1_000;
    }
    const ids = (await rig.recipients(id)).map(({ message_id }) => message_id);
    const messages = async () =>
      Promise.all(ids.map(async (one) => (await api.call('GET', `/v1/messages/${one}`)).body));
    const busy = { status: 'queued', attempts: [{ status: 'undelivered', reason: 'busy' }] };
    await vi.waitFor(async () => expect(await messages()).toMatchObject(Array(6).fill(busy)), WAIT);

    api.clock.now += 60_000;
    await rig.work();
    expect(lines()).toMatchObject({ busy: 2 });
    expect(numbers()).toHaveLength(8);
    const waiting = (await messages()).filter(({ status }) => status === 'queued');
    expect(waiting).toMatchObject(Array(4).fill({ ...busy, reason: 'lines_busy' }));
    const { to, id: verification } = await startCode();
    expect(numbers()[8]).toBe(to);
    const { body: found } = await api.call('GET', `/v1/verifications/${verification}`);
    expect(found).toMatchObject({ status: 'pending', sends: [{ status: 'sent', provider: 'trunk' }] });

    let from = 6;
    for (const all of [11, 13]) {
      await hangUp(from);
      from = numbers().length;
      api.clock.now += 2_000;
      await rig.work();
      expect(numbers()).toHaveLength(all);
    }
    expect(numbers().toSorted()).toEqual([...phones, ...phones, to].toSorted());
    await hangUp(from);
  });
});
