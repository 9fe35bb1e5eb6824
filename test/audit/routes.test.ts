import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { insertEvents } from '../../src/audit/insert-events.ts';
import { writeTransaction } from '../../src/db/transaction.ts';
import { newId } from '../../src/lib/ids.ts';
import { newSecret } from '../projects/new-secret.ts';
import { describeWith } from '../rig/stores.ts';
import { newNumber, openTestService, type TestService } from '../service.ts';

interface Event {
  id: string;
  type: string;
  created_at: string;
  verification_id: string;
  message_id?: string;
  log_index?: number;
}

for (const profile of ['embedded', 'postgres'] as const) {
  await describeWith(profile === 'postgres' ? ['postgres'] : [], `GET /v1/events (${profile})`, () => {
    let api: TestService;

    beforeAll(async () => {
      api = await openTestService(profile, { key: newSecret('live') });
    });
    beforeEach(() => {
      api.clock.now += 3_600_000;
    });
    afterAll(() => api?.close());

    async function list(query: string, key = api.key): Promise<Event[]> {
      const { status, body } = await api.call('GET', `/v1/events?${query}`, undefined, { key });
      expect(status, JSON.stringify(body)).toBe(200);
      return body.data;
    }

    const idsOf = (events: Event[]) => events.map(({ id }) => id);
    const typesOf = (events: Event[]) => events.map(({ type }) => type);

    async function start(to = newNumber(), key = api.key): Promise<string> {
      const body = { to, client: { ip: '203.0.113.7', device_id: 'phone-1' } };
      const answer = await api.call('POST', '/v1/verifications', body, { key });
      expect(answer.status, JSON.stringify(answer.body)).toBe(201);
      await api.settled();
      return answer.body.id;
    }

    const cancel = (id: string) => api.call('POST', `/v1/verifications/${id}/cancel`);

    it('an event says what happened, when, to whom and by whom, and no number in full', async () => {
      const to = newNumber();
      const id = await start(to);
      const created = (await list(`verification_id=${id}&type=verification.created`))[0];
      expect(created).toEqual({
        id: expect.stringMatching(/^evt_/),
        type: 'verification.created',
        created_at: new Date(api.clock.now).toISOString(),
        project: api.services.firstProject.id,
        mode: 'live',
        actor: expect.stringMatching(/^key_/),
        verification_id: id,
        sequence: 1,
        recipient: { masked: `+33*******${to.slice(-2)}`, hash: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) },
        client: { ip: '203.0.113.7', device_id: expect.stringMatching(/^[A-Za-z0-9_-]{27}$/) },
        data: expect.objectContaining({ purpose: 'login' }),
      });
      expect(JSON.stringify(await list('limit=100'))).not.toContain(to.slice(3));
    });

    it('newest first, each page going on where the last one ended, whatever happens in between', async () => {
      await writeTransaction(api.services.db, {}, (trx) =>
        insertEvents(
          trx,
          Array.from({ length: 25 }, () => ({
            id: newId('evt'),
            type: 'token.redeemed',
            at: api.clock.now,
            project: api.services.firstProject.id,
            mode: 'live',
            actor: 'system',
            data: {},
          })),
        ),
      );
      const all = idsOf(await list('type=token.redeemed&limit=100'));
      const seen: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const query: string = `type=token.redeemed&limit=10${cursor && `&cursor=${cursor}`}`;
        const { body } = await api.call('GET', `/v1/events?${query}`);
        seen.push(...idsOf(body.data));
        cursor = body.next_cursor;
        await start();
      }
      expect(seen).toHaveLength(25);
      expect(seen).toEqual(all);
      const times = (await list('limit=100')).map((event) => event.created_at);
      expect(times).toEqual(times.toSorted().reverse());
    });

    it('of one type, or of a family of types', async () => {
      const id = await start();
      await cancel(id);
      expect(typesOf(await list(`verification_id=${id}&type=verification.canceled`))).toEqual([
        'verification.canceled',
      ]);
      const family = typesOf(await list(`verification_id=${id}&type=verification.*`));
      expect(family).toContain('verification.canceled');
      expect(family).toContain('verification.created');
      expect(await list(`verification_id=${id}&type=key.*`)).toEqual([]);
      expect(await list(`verification_id=${id}&type=verification.unheard_of`)).toEqual([]);
    });

    it('of one number, however it is written', async () => {
      const to = newNumber();
      const id = await start(to);
      await start();
      const spellings = [
        to,
        `00${to}`.replace('00+', '+'),
        `+33 (0)${to.slice(3)}`,
        `+33-${to.slice(3, 6)}.${to.slice(6)}`,
      ];
      for (const spelling of spellings) {
        const events = await list(`to=${encodeURIComponent(spelling)}`);
        expect(new Set(events.map((event) => event.verification_id))).toEqual(new Set([id]));
      }
      // A plus sign that was not percent-encoded.
      expect(await list(`to=${to}`)).not.toEqual([]);
      expect(await list(`to=${encodeURIComponent(newNumber())}`)).toEqual([]);
    });

    it('of one e-mail address, however it is written', async () => {
      const send = (to: string) =>
        api.call('POST', '/v1/messages', { to, channel: 'email', text: 'Hello', subject: 'Hi' });
      const { body } = await send('Ann@example.com');
      await send('bob@example.com');
      const about = async () =>
        new Set(
          (await list(`to=${encodeURIComponent('ann+x@EXAMPLE.com')}&limit=100`)).map(
            (event) => event.verification_id ?? event.message_id,
          ),
        );
      expect(await about()).toEqual(new Set([body.id]));
      const start = { to: newNumber(), channel: 'sms' };
      const { body: own } = await api.call('POST', '/v1/verifications', { ...start, email: 'ANN@example.com' });
      await api.call('POST', '/v1/verifications', { ...start, to: newNumber(), email: 'bob@example.com' });
      await api.settled();
      expect(await about()).toEqual(new Set([body.id, own.id]));
    });

    it('with its place in the audit log, once it has one', async () => {
      const { sealer } = api.services.auditLog;
      while (await sealer.sealPortion());
      const id = await start();
      expect((await list(`verification_id=${id}`)).map(({ log_index }) => log_index)).not.toContainEqual(
        expect.anything(),
      );
      while (await sealer.sealPortion());
      const [last, ...before] = (await list(`verification_id=${id}`)).map(({ log_index = -1 }) => log_index);
      expect(before.map((index, at) => index + at + 1)).toEqual(before.map(() => last));
      expect(last).toBeGreaterThan(0);
    });

    it('from a time on, and before a time', async () => {
      const at = (ms: number) => encodeURIComponent(new Date(ms).toISOString());
      const { now } = api.clock;
      const first = await start();
      api.clock.now = now + 1_000;
      const second = await start();
      const started = async (query: string) =>
        (await list(`type=verification.created&${query}`)).map((event) => event.verification_id);
      expect(await started(`since=${at(now)}`)).toEqual([second, first]);
      expect(await started(`since=${at(now + 1)}`)).toEqual([second]);
      expect(await started(`since=${at(now)}&until=${at(now + 1_000)}`)).toEqual([first]);
      const offset = new Date(now + 1_000 + 2 * 3_600_000).toISOString().replace('Z', '%2B02:00');
      expect(await started(`since=${offset}`)).toEqual([second]);
    });

    it('never of another project or mode', async () => {
      const { body: project } = await api.call('POST', '/v1/projects', { name: 'other' });
      const make = async (body: object) => (await api.call('POST', '/v1/keys', { name: 'n', ...body })).body.key;
      const theirs = await make({ project: project.id });
      const test = await make({ mode: 'test' });
      const to = newNumber();
      const own = await start(to);
      for (const key of [theirs, test]) {
        expect(await list(`verification_id=${own}`, key)).toEqual([]);
        expect(await list(`to=${encodeURIComponent(to)}`, key)).toEqual([]);
        const id = await start(newNumber(), key);
        expect(await list(`verification_id=${id}`)).toEqual([]);
        expect(await list(`verification_id=${id}`, key)).not.toEqual([]);
      }
    });

    describe('refuses', () => {
      const now = '2027-01-15T08:00:00Z';
      it.each<[string, string, string]>([
        ['too many at once', 'limit=101', 'limit'],
        ['none at all', 'limit=0', 'limit'],
        ['half an event', 'limit=1.5', 'limit'],
        ['a type that is none', 'type=%25', 'type'],
        ['a family within a family', 'type=*.*', 'type'],
        ['a number that is none', 'to=12345', 'to'],
        ['an address that is none', 'to=a@b', 'to'],
        ['a time that is none', 'since=yesterday', 'since'],
        ['a day that is none', 'since=2027-02-32T00:00:00Z', 'since'],
        ['30 February', 'since=2027-02-30T00:00:00Z', 'since'],
        ['a time without a zone', 'since=2027-01-15T08:00:00', 'since'],
        ['a time before all time', 'since=0000-01-01T00:00:00Z', 'since'],
        ['a time after all time', 'until=9999-12-31T23:59:59Z', 'until'],
        ['a range that ends before it begins', `since=${now}&until=2027-01-15T07:59:59Z`, 'since'],
        ['a range of nothing', `since=${now}&until=${now}`, 'since'],
        ['a parameter that is none', 'verification=ver_1', 'verification'],
        ['a parameter twice', 'type=key.created&type=key.revoked', 'type'],
        ['a cursor that is none', 'cursor=abc', 'cursor'],
      ])('%s', async (_, query, pointer) => {
        const { status, body } = await api.call('GET', `/v1/events?${query}`);
        expect(status).toBe(422);
        expect(body.errors[0].pointer).toBe(pointer);
      });

      it('the cursor of another list', async () => {
        await api.call('POST', '/v1/keys', { name: 'n' });
        const { next_cursor } = (await api.call('GET', '/v1/keys?limit=1')).body;
        expect(next_cursor).not.toBeNull();
        expect((await api.call('GET', `/v1/events?cursor=${next_cursor}`)).status).toBe(422);
      });

      it.each(['POST', 'PATCH', 'DELETE'] as const)('AUD-06: %s', async (method) => {
        for (const url of ['/v1/events', `/v1/events/${newId('evt')}`]) {
          expect((await api.call(method, url, {})).status).toBe(url.endsWith('/v1/events') ? 405 : 404);
        }
      });
    });
  });
}
