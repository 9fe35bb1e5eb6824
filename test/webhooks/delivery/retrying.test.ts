import { describe, expect, it } from 'vitest';
import { DELAYS_SECONDS } from '../../../src/webhooks/delivery/schedule.ts';
import { onEachDialect } from '../../db/on-each-dialect.ts';
import { openForEach } from './open-for-each.ts';
import { openReceiver, type Receiver } from './receiver.ts';
import { type Rig, START } from './rig.ts';

const HOUR = 3_600_000;
const TYPES = { events: ['verification.*'] };

await onEachDialect('webhook retries', (databases) => {
  let rig: Rig;
  let receiver: Receiver;
  openForEach(
    databases,
    (...opened) => {
      [rig, receiver] = opened;
    },
    { timeoutMs: 400 },
  );

  it('a failed delivery is tried again over more than three days, then given up with an event', async () => {
    const { id } = await rig.endpoint(receiver.url, TYPES);
    const { id: other } = await rig.endpoint(receiver.url, TYPES);
    receiver.answer(() => 500);
    const [event] = await rig.raise({});
    while ((await rig.deliveries(id))[0]?.status === 'pending') expect(await rig.advance()).toBe(true);

    const [delivery] = await rig.deliveries(id);
    expect(delivery).toMatchObject({ status: 'exhausted', attempts: 10, next_at: null });
    const times = delivery?.tries.map(({ at }) => at) ?? [];
    expect(times[0]).toBe(START);
    times.slice(1).forEach((at, index) => {
      const delay = (at - (times[index] ?? 0)) / 1_000;
      expect(delay).toBeGreaterThanOrEqual(DELAYS_SECONDS[index + 1] ?? 0);
      expect(delay).toBeLessThanOrEqual((DELAYS_SECONDS[index + 1] ?? 0) * 1.2 + 1);
    });
    expect((times.at(-1) ?? 0) - START).toBeGreaterThan(72 * HOUR);
    // Not in step with who failed at the same moment.
    expect((await rig.deliveries(other))[0]?.tries.map(({ at }) => at)).not.toEqual(times);
    const exhausted = await rig.events('webhook.exhausted');
    expect(exhausted).toContainEqual({
      endpoint_id: id,
      delivery_id: delivery?.id,
      event_id: event,
      event_type: 'verification.approved',
      attempts: 10,
    });
  });

  it('each attempt has the same id, and a time and a signature of its own', async () => {
    await rig.endpoint(receiver.url, TYPES);
    receiver.answer((_, count) => (count < 4 ? 500 : 204));
    const [event] = await rig.raise({});
    for (let count = 0; count < 3; count += 1) await rig.advance();
    expect(await rig.advance()).toBe(false);
    expect(receiver.ids()).toEqual([event, event, event, event]);
    expect(new Set(receiver.received.map(({ timestamp }) => timestamp)).size).toBe(4);
    expect(new Set(receiver.received.map(({ signature }) => signature)).size).toBe(4);
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
  });

  it('a retry is signed with the secrets of its moment', async () => {
    const { id, secret } = await rig.endpoint(receiver.url, TYPES);
    receiver.answer((_, count) => (count === 1 ? 500 : 200));
    const [event = ''] = await rig.raise({});
    const { secret: newer } = await rig.rotate(id, 3_600);
    await rig.advance();
    await rig.raise({});
    rig.clock.now += 2 * HOUR;
    await rig.raise({});
    const [, inOverlap, , after] = receiver.received;
    expect(inOverlap?.id).toBe(event);
    expect(inOverlap?.signature.split(' ')).toEqual([rig.sign(newer, inOverlap), rig.sign(secret, inOverlap)]);
    expect(after?.signature).toBe(rig.sign(newer, after));
  });

  describe('an answer of', () => {
    it('410 disables the endpoint at once, with an event', async () => {
      const { id } = await rig.endpoint(receiver.url, TYPES);
      receiver.answer(() => 410);
      await rig.raise({});
      expect(await rig.status(id)).toEqual({ status: 'disabled', reason: 'gone' });
      expect(await rig.events('webhook_endpoint.disabled')).toEqual([{ endpoint_id: id, reason: 'gone' }]);
      await rig.raise({});
      expect(await rig.advance()).toBe(false);
      expect(receiver.received).toHaveLength(1);
    });

    it.each([429, 502, 503, 504])('%i spares the endpoint for a while', async (status) => {
      const { id } = await rig.endpoint(receiver.url, TYPES);
      receiver.answer((_, count) => (count === 1 ? status : 200));
      await rig.raise({});
      await rig.raise({});
      expect(receiver.received).toHaveLength(1);
      await rig.advance();
      expect(rig.clock.now).toBeGreaterThanOrEqual(START + 5_000);
      expect(rig.clock.now).toBeLessThan(START + 10_000);
      await rig.advance();
      expect((await rig.deliveries(id)).map(({ status: state }) => state)).toEqual(['delivered', 'delivered']);
    });

    it.each([
      ['120', 120_000],
      ['Fri, 15 Jan 2027 08:10:00 GMT', 600_000],
      ['86400', HOUR],
    ])('429 with Retry-After %s is kept to, an hour at most', async (header, waitMs) => {
      await rig.endpoint(receiver.url, TYPES);
      receiver.answer(
        (_, count) => (response) => response.writeHead(count === 1 ? 429 : 200, { 'retry-after': header }).end(),
      );
      await rig.raise({});
      await rig.advance();
      expect(rig.clock.now).toBe(START + waitMs);
      expect(receiver.received).toHaveLength(2);
    });

    it('301 is a failure and is not followed', async () => {
      const elsewhere = await openReceiver();
      const { id } = await rig.endpoint(receiver.url, TYPES);
      receiver.answer(() => (response) => response.writeHead(301, { location: elsewhere.url }).end());
      await rig.raise({});
      expect((await rig.deliveries(id))[0]).toMatchObject({ status: 'pending', tries: [{ status: 301, error: null }] });
      expect(elsewhere.received).toEqual([]);
      await elsewhere[Symbol.asyncDispose]();
    });
  });

  describe('a receiver that', () => {
    async function firstTry(answer: Parameters<Receiver['answer']>[0]) {
      const { id } = await rig.endpoint(receiver.url, TYPES);
      receiver.answer(answer);
      await rig.raise({});
      const [delivery] = await rig.deliveries(id);
      return delivery?.tries[0];
    }

    it('hangs is cut off', async () => {
      const cut = await firstTry(() => () => {});
      expect(cut).toMatchObject({ status: null, error: 'TimeoutError' });
    });

    it('drips is cut off', async () => {
      const cut = await firstTry(() => (response) => {
        const timer = setInterval(() => response.write('.'), 20);
        response.on('close', () => clearInterval(timer));
      });
      expect(cut).toMatchObject({ status: null, error: 'TimeoutError' });
    });

    it('closes early is tried again', async () => {
      expect(await firstTry(() => (response) => void response.socket?.destroy())).toMatchObject({ status: null });
      receiver.answer(() => 200);
      await rig.advance();
      expect(receiver.received).toHaveLength(2);
    });

    it('answers with a gigabyte is read no further than a little', async () => {
      let sent = 0;
      const chunk = Buffer.alloc(65_536, 'x');
      const before = process.memoryUsage().rss;
      const taken = await firstTry(() => (response) => {
        const more = () => {
          while (sent < 1e9 && !response.destroyed) {
            sent += chunk.length;
            if (!response.write(chunk)) return void response.once('drain', more);
          }
          response.end();
        };
        more();
      });
      expect(taken).toMatchObject({ status: 200, error: null, excerpt: 'x'.repeat(1_000) });
      expect(sent).toBeLessThan(50e6);
      expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
    });

    it('answers with what no database takes is kept without it', async () => {
      const taken = await firstTry(() => (response) => response.writeHead(500).end('a\0b\ud800'));
      expect(taken?.excerpt).toMatch(/^a\ufffdb/);
    });
  });
});
