import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually, startCountersign } from '../countersign-process.ts';
import { onEachProfile } from '../on-each-profile.ts';
import { newNumber } from '../service.ts';

const ENTRY = fileURLToPath(new URL('sending-process.ts', import.meta.url));
const ROUNDS = 3;
const STARTS = 25;

await onEachProfile('a process killed while it sends', killed);

function killed(open: () => Promise<Record<string, string>>): void {
  /** How often the carrier took each send. */
  const taken = new Map<string, number>();
  let sink: Server;
  let env: Record<string, string>;

  beforeAll(async () => {
    sink = createServer((request, response) => {
      const send = request.url ?? '';
      taken.set(send, (taken.get(send) ?? 0) + 1);
      setTimeout(() => response.end(), Math.random() * 30);
    }).listen(0, '127.0.0.1');
    await once(sink, 'listening');
    env = {
      ...(await open()),
      SINK_URL: `http://127.0.0.1:${(sink.address() as AddressInfo).port}`,
      COUNTERSIGN_SECRET: randomBytes(32).toString('base64'),
      COUNTERSIGN_API_KEY: `cs_test_${randomBytes(24).toString('base64url')}`,
    };
  });
  afterAll(() => void sink?.close());

  it('sends every accepted start once, or says honestly that it is unknown; and loses none', async () => {
    const accepted: string[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const service = await startCountersign(env, [ENTRY]);
      const starts = Array.from({ length: STARTS }, async () => {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 200));
        const body = { to: newNumber(), channel: 'sms' };
        const answer = await service.call('POST', '/v1/verifications', body).catch(() => null);
        if (answer?.status === 201) accepted.push(answer.body.id);
      });
      const enough = accepted.length + 1 + Math.floor(Math.random() * STARTS * 0.8);
      await eventually(async () => accepted.length >= enough);
      await service.stop('SIGKILL');
      await Promise.all(starts);
    }

    // The leases of the dead have ended by its clock.
    const service = await startCountersign({ ...env, CLOCK_OFFSET_MS: '16000' }, [ENTRY]);
    const read = async (id: string) => (await service.call('GET', `/v1/verifications/${id}`)).body.sends[0].status;
    const statuses = new Map<string, string>();
    await eventually(async () => {
      for (const id of accepted) statuses.set(id, await read(id));
      return [...statuses.values()].every((status) => status === 'sent' || status === 'unknown');
    }, 30);

    expect(accepted.length).toBeGreaterThan(ROUNDS);
    for (const [id, status] of statuses) {
      const times = taken.get(`/${id}/0`) ?? 0;
      if (status === 'sent') expect(times, id).toBe(1);
      else expect(times, id).toBeLessThanOrEqual(1);
    }
    for (const [send, times] of taken) expect(times, send).toBe(1);
    await service.stop('SIGKILL');
  }, 120_000);
}
