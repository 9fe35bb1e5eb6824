import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CountersignProcess, eventually, startCountersign } from '../../countersign-process.ts';
import { onEachProfile } from '../../on-each-profile.ts';
import { newNumber } from '../../service.ts';
import { openReceiver, type Receiver } from './receiver.ts';

const ENTRY = fileURLToPath(new URL('../../chaos/sending-process.ts', import.meta.url));
const LEASE_MS = 31_000;

await onEachProfile('a process killed while it delivers webhooks', killed);

function killed(open: () => Promise<Record<string, string>>): void {
  let sink: Receiver;
  let receiver: Receiver;
  let env: Record<string, string>;
  let starts = 0;

  beforeAll(async () => {
    sink = await openReceiver();
    env = {
      ...(await open()),
      SINK_URL: sink.url,
      COUNTERSIGN_SECRET: randomBytes(32).toString('base64'),
      COUNTERSIGN_API_KEY: `cs_test_${randomBytes(24).toString('base64url')}`,
      COUNTERSIGN_ALLOW_PRIVATE_WEBHOOKS: 'true',
    };
  });
  afterAll(() => sink[Symbol.asyncDispose]());

  /** The leases of those killed before have ended by its clock. */
  function start(): Promise<CountersignProcess> {
    starts += 1;
    return startCountersign({ ...env, CLOCK_OFFSET_MS: String(starts * LEASE_MS) }, [ENTRY]);
  }

  async function openEndpoint(service: CountersignProcess): Promise<void> {
    receiver = await openReceiver();
    const body = { url: receiver.url, events: ['verification.*'] };
    expect((await service.call('POST', '/v1/webhook-endpoints', body)).status).toBe(201);
  }

  const startVerification = (service: CountersignProcess) =>
    service.call('POST', '/v1/verifications', { to: newNumber(), channel: 'sms' });

  /** Of all events of verifications so far. */
  async function eventIds(service: CountersignProcess): Promise<string[]> {
    const ids: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body } = await service.call('GET', `/v1/events?limit=100${cursor && `&cursor=${cursor}`}`);
      const events: { id: string; type: string }[] = body.data;
      ids.push(...events.filter(({ type }) => type.startsWith('verification.')).map(({ id }) => id));
      cursor = body.next_cursor;
    }
    return ids;
  }

  it('after the receiver took a delivery and before that was written sends it again, with the same id', async () => {
    const service = await start();
    await openEndpoint(service);
    receiver.answer((_, count) => (response) => {
      if (count > 1) return void response.end();
      // The answer is on its way when the process is gone.
      response.end();
      process.kill(service.pid, 'SIGKILL');
    });
    await startVerification(service);
    await eventually(async () => receiver.received.length > 0);
    const [first = ''] = receiver.ids();
    expect(await service.stop('SIGKILL')).toBeNull();

    const next = await start();
    await eventually(async () => receiver.ids().filter((id) => id === first).length === 2);
    const ids = await eventIds(next);
    await eventually(async () => ids.every((id) => receiver.ids().includes(id)));
    await next.stop('SIGKILL');
    await receiver[Symbol.asyncDispose]();
  }, 120_000);

  it('again and again loses nothing, and repeats little', async () => {
    let service = await start();
    // What happened before the endpoint was there is not told to it.
    const earlier = new Set(await eventIds(service));
    await openEndpoint(service);
    const rounds = 3;
    for (let round = 1; round <= rounds; round += 1) {
      const enough = receiver.received.length + 10 + Math.floor(Math.random() * 40);
      const asked = Array.from({ length: 60 }, () => startVerification(service).catch(() => null));
      await eventually(async () => receiver.received.length >= enough);
      await service.stop('SIGKILL');
      await Promise.all(asked);
      service = await start();
    }
    const ids = (await eventIds(service)).filter((id) => !earlier.has(id));
    await eventually(async () => {
      const received = new Set(receiver.ids());
      return ids.every((id) => received.has(id));
    }, 30);
    const repeated = receiver.received.length - new Set(receiver.ids()).size;
    expect(repeated).toBeLessThanOrEqual(rounds * 100);
    expect(ids.length).toBeGreaterThan(rounds);
    await service.stop('SIGKILL');
    await receiver[Symbol.asyncDispose]();
  }, 120_000);
}
