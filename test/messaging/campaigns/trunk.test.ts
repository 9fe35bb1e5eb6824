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

describe('a campaign over a trunk with four lines', () => {
  it('keeps two for others, and goes on when its calls have ended', { timeout: 120_000 }, async () => {
    const peer = await startPeer((request, { answer }) => {
      if (request.method === 'INVITE') answer(request, 180, { tag: headerOf(request, 'call-id') ?? '' });
    });
    const folder = privateFolder('trunk');
    const said = join(folder, 'hello.wav');
    writeFileSync(said, wavOf(tone([440], 1_000)));
    const trunk = { host: '127.0.0.1', port: peer.port, caller_id: '+33180000000', ping_seconds: 0, channels: 4 };
    const sip = { type: 'sip', trunks: [trunk], speech: { command: ['cat', said] }, ring_seconds: 120, drain_ms: 0 };
    const file = join(folder, 'countersign.json');
    writeFileSync(file, JSON.stringify({ providers: { trunk: sip } }));
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

    const { id: list, phones } = await rig.list(5);
    const id = await rig.create({ audience: { lists: [list] }, channel: 'voice', text: 'Hello.' });
    await rig.start(id);
    await rig.work();
    expect(numbers()).toHaveLength(2);
    expect((await rig.recipients(id, '&state=waiting')).map(({ reason }) => reason)).toEqual(
      Array(3).fill('lines_busy'),
    );
    // A code has its line meanwhile.
    const to = newNumber();
    expect((await api.call('POST', '/v1/verifications', { to, channel: 'voice' })).status).toBe(201);
    await api.settled();
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
});
