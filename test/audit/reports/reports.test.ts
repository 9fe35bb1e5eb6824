import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newSecret } from '../../projects/new-secret.ts';
import { describeWith } from '../../rig/stores.ts';
import { newNumber, openTestService, PROFILES, type TestService, wrongCode } from '../../service.ts';

const NEEDS = { embedded: [], postgres: ['postgres'], scaled: ['postgres', 'redis'] } as const;
const EIGHT = Date.parse('2027-02-01T08:10:00.000Z');
const NINE = Date.parse('2027-02-01T09:30:00.000Z');
const since = '2027-02-01T00:00:00Z';
const until = '2027-02-02T00:00:00Z';

for (const profile of PROFILES) {
  await describeWith(NEEDS[profile], `reports (${profile})`, () => {
    let api: TestService;
    const french = [newNumber(), newNumber(), newNumber('0001')] as const;
    const german = '+4915112345678';

    async function start(to: string, body: object = {}, key = api.key): Promise<string> {
      const answer = await api.call('POST', '/v1/verifications', { to, channel: 'sms', ...body }, { key });
      expect(answer.status, JSON.stringify(answer.body)).toBe(201);
      await api.settled();
      return answer.body.id;
    }
    const check = async (id: string, code: string) =>
      (await api.call('POST', `/v1/verifications/${id}/check`, { code })).body.valid;
    const wrong = async (to: string) => wrongCode(await api.codeOf(to));
    const report = async (which: string, query = '') => {
      const { status, body } = await api.call('GET', `/v1/reports/${which}?since=${since}&until=${until}${query}`);
      expect(status, JSON.stringify(body)).toBe(200);
      return body;
    };

    /** Five starts of three people; what follows from them is counted by hand in the tests. */
    beforeAll(async () => {
      api = await openTestService(profile, { key: newSecret('live') });
      const client = { ip: '203.0.113.7' };
      api.clock.now = EIGHT;
      const first = await start(french[0], { client });
      const second = await start(french[1], { client: { ip: '203.0.113.8' } });
      await start(french[2]);
      for (let n = 0; n < 2; n += 1) expect(await check(first, await wrong(french[0]))).toBe(false);
      api.clock.now += 12_000;
      expect(await check(first, await api.codeOf(french[0]))).toBe(true);
      api.clock.now += 8_000;
      expect(await check(second, await api.codeOf(french[1]))).toBe(true);

      api.clock.now = NINE;
      const third = await start(german, { client });
      expect(await check(third, await wrong(german))).toBe(false);
      api.clock.now += 60_000;
      const again = await api.call('POST', `/v1/verifications/${third}/resend`, { channel: 'voice' });
      expect(again.status, JSON.stringify(again.body)).toBe(200);
      await api.settled();
      api.clock.now += 40_000;
      expect(await check(third, await api.codeOf(german))).toBe(true);
      const fourth = await start(french[1]);
      for (let n = 0; n < 5; n += 1) await check(fourth, await wrong(french[1]));

      // Not in the range, not of the project's mode.
      api.clock.now = Date.parse(until);
      await start(newNumber());
      const { body } = await api.call('POST', '/v1/keys', { name: 'n', mode: 'test' });
      api.clock.now = NINE;
      await start(newNumber(), {}, body.key);
      await api.recorded();
      await price(first, '0.07', 'EUR');
      await price(third, '0.1', 'EUR');
      await price(fourth, '0.2', 'USD');
    });
    afterAll(() => api?.close());

    /** What its carrier told of each message of a verification. */
    async function price(id: string, cost_amount: string, cost_currency: string): Promise<void> {
      const { kysely } = api.services.db;
      const cost = { cost_amount, cost_currency };
      await kysely.updateTable('messages').set(cost).where('verification_id', '=', id).execute();
    }

    const p = (p50: number | null, p95: number | null) => ({ p50, p95 });

    it('all that was started, and what became of it', async () => {
      expect(await report('verifications')).toEqual({
        ...{ since: '2027-02-01T00:00:00.000Z', until: '2027-02-02T00:00:00.000Z', data: [expect.anything()] },
        recorded_until: new Date(api.clock.now).toISOString(),
        total: {
          ...{ starts: 5, sends: 6, delivered: 5, approved: 3, conversion: 0.6 },
          // 3, 1 and 2.
          attempts_per_approval: 2,
          cost: [
            { amount: '0.27', currency: 'EUR' },
            { amount: '0.2', currency: 'USD' },
          ],
          // Of 12, 20 and 100.
          seconds_to_approve: p(20, 100),
        },
      });
    });

    it('by country', async () => {
      expect((await report('verifications', '&group_by=country')).data).toEqual([
        {
          ...{ country: 'FR', starts: 4, sends: 4, delivered: 3, approved: 2, conversion: 0.5 },
          attempts_per_approval: 2,
          cost: [
            { amount: '0.07', currency: 'EUR' },
            { amount: '0.2', currency: 'USD' },
          ],
          seconds_to_approve: p(12, 20),
        },
        {
          ...{ country: 'DE', starts: 1, sends: 2, delivered: 2, approved: 1, conversion: 1 },
          ...{ attempts_per_approval: 2, cost: [{ amount: '0.2', currency: 'EUR' }], seconds_to_approve: p(100, 100) },
        },
      ]);
    });

    it('by hour and channel: an approval is of the channel that was sent by last', async () => {
      const { data } = await report('verifications', '&group_by=hour,channel');
      const [eight, nine] = ['2027-02-01T08:00:00.000Z', '2027-02-01T09:00:00.000Z'];
      expect(data).toMatchObject([
        { hour: eight, channel: 'sms', starts: 3, sends: 3, delivered: 2, approved: 2, conversion: 0.6667 },
        { hour: nine, channel: 'sms', starts: 2, sends: 2, delivered: 2, approved: 0, conversion: 0 },
        { hour: nine, channel: 'voice', starts: 1, sends: 1, delivered: 1, approved: 1, conversion: 1 },
      ]);
      expect(data[1]).toMatchObject({ attempts_per_approval: null, seconds_to_approve: p(null, null) });
    });

    it('by provider', async () => {
      const { data } = await report('verifications', '&group_by=provider');
      expect(data).toMatchObject([{ provider: 'sandbox', starts: 5, sends: 6, approved: 3 }]);
    });

    it('who failed, why and from where', async () => {
      const { hash: _, ...recipient } = (await recipientOf(french[1])) as { masked: string; hash: string };
      const body = await report('attempts');
      expect(body).toMatchObject({ failures: 8, reasons: { wrong_code: 8 }, prefixes: [], undercount: 0 });
      expect(body.recipients).toEqual([
        { recipient: await recipientOf(french[1]), failures: 5 },
        { recipient: await recipientOf(french[0]), failures: 2 },
        { recipient: await recipientOf(german), failures: 1 },
      ]);
      expect(body.ips).toEqual([{ ip: '203.0.113.7', failures: 3 }]);
      expect(JSON.stringify(body)).not.toContain(french[1].slice(3, -2));
      expect((await report('attempts', '&limit=1')).recipients).toMatchObject([{ recipient, failures: 5 }]);
    });

    const recipientOf = async (to: string) =>
      (await api.call('GET', `/v1/events?to=${encodeURIComponent(to)}&limit=1`)).body.data[0].recipient;

    it('a block of numbers is named once three of them fail', async () => {
      api.clock.now = NINE + 7_200_000;
      const block = newNumber().slice(0, -4);
      for (const ending of ['1111', '2222', '3333']) {
        expect((await report('attempts')).prefixes).toEqual([]);
        const id = await start(block + ending);
        await check(id, await wrong(block + ending));
        await api.recorded();
      }
      expect((await report('attempts')).prefixes).toEqual([{ prefix: block, failures: 3 }]);
    });

    it('without a range, of the last day', async () => {
      const { body } = await api.call('GET', '/v1/reports/verifications');
      expect(Date.parse(body.until)).toBe(api.clock.now);
      expect(Date.parse(body.until) - Date.parse(body.since)).toBe(86_400_000);
    });

    describe('refuses', () => {
      it.each([
        ['a dimension that is none', 'verifications?group_by=planet', 'group_by'],
        ['a dimension twice', 'verifications?group_by=hour,hour', 'group_by'],
        ['more than a month', 'verifications?since=2027-01-01T00:00:00Z&until=2027-02-01T00:00:01Z', 'since'],
        ['a range that ends before it begins', `attempts?since=${until}&until=${since}`, 'since'],
        ['too many', 'attempts?limit=101', 'limit'],
      ])('%s', async (_, url, pointer) => {
        const { status, body } = await api.call('GET', `/v1/reports/${url}`);
        expect([status, body.errors?.[0].pointer]).toEqual([422, pointer]);
      });

      it('a key with neither events:read nor audit:read', async () => {
        const { body } = await api.call('POST', '/v1/keys', { name: 'n', scopes: ['messages:read'] });
        expect((await api.call('GET', '/v1/reports/attempts', undefined, { key: body.key })).status).toBe(403);
        const auditor = await api.call('POST', '/v1/keys', { name: 'n', scopes: ['audit:read'] });
        for (const path of ['reports/attempts', 'reports/verifications', 'events']) {
          expect((await api.call('GET', `/v1/${path}`, undefined, { key: auditor.body.key })).status).toBe(200);
        }
      });
    });
  });
}
