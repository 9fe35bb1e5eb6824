import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertEvents } from '../../../src/audit/insert-events.ts';
import { parseNoteKey } from '../../../src/audit/verify/note.ts';
import { verifyLog } from '../../../src/audit/verify/verify-log.ts';
import { writeTransaction } from '../../../src/db/transaction.ts';
import { newId } from '../../../src/lib/ids.ts';
import { newSecret } from '../../projects/new-secret.ts';
import { describeWith } from '../../rig/stores.ts';
import { newNumber, openTestService, PROFILES, type TestService } from '../../service.ts';
import { readCsv } from './read-csv.ts';

const NEEDS = { embedded: [], postgres: ['postgres'], scaled: ['postgres', 'redis'] } as const;

for (const profile of PROFILES) {
  await describeWith(NEEDS[profile], `GET /v1/audit/export (${profile})`, () => {
    let api: TestService;
    let testKey: string;
    beforeAll(async () => {
      api = await openTestService(profile, { key: newSecret('live') });
      const { body } = await api.call('POST', '/v1/keys', {
        name: 'test',
        mode: 'test',
        scopes: ['audit:read', 'verifications:write'],
      });
      testKey = body.key;
    });
    afterAll(() => api?.close());

    async function start(key = api.key): Promise<string> {
      const body = { to: newNumber(), client: { ip: '203.0.113.7', user_agent: 'a browser' } };
      const answer = await api.call('POST', '/v1/verifications', body, { key });
      expect(answer.status, JSON.stringify(answer.body)).toBe(201);
      await api.work();
      await sealed();
      return answer.body.id;
    }

    async function sealed(): Promise<void> {
      await api.recorded();
      await api.services.auditLog.sealer.sealAll();
    }

    async function get(query: string, key = api.key): Promise<string> {
      const { status, body } = await api.call('GET', `/v1/audit/export?${query}`, undefined, { key });
      expect(status, JSON.stringify(body)).toBe(200);
      return body;
    }

    const linesOf = (text: string) =>
      text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line));
    const at = (ms: number) => encodeURIComponent(new Date(ms).toISOString());

    it('has all events of the project and mode, oldest first, as the API shows them, no number in full', async () => {
      const id = await start();
      const own = await start(testKey);
      const lines = linesOf(await get('since=2027-01-01T00:00:00Z'));
      const indexes = lines.map(({ log_index }) => log_index);
      expect(indexes).toEqual(indexes.toSorted((a, b) => a - b));
      const { body } = await api.call('GET', `/v1/events?verification_id=${id}`);
      const shown = lines.filter((line) => line.verification_id === id);
      expect(shown.map(({ leaf, ...event }) => event)).toEqual(body.data.toReversed());
      expect(lines.filter((line) => line.mode !== 'live' || line.verification_id === own)).toEqual([]);
      expect(linesOf(await get('', testKey)).map(({ verification_id }) => verification_id)).toContain(own);
    });

    it('is itself an event, of whom, from where and of what', async () => {
      await get('format=csv&since=2027-01-01T00:00:00Z&until=2028-01-01T00:00:00Z');
      const { body } = await api.call('GET', '/v1/events?type=audit.exported&limit=1');
      expect(body.data[0]).toMatchObject({
        actor: expect.stringMatching(/^key_/),
        client: { ip: '127.0.0.1' },
        data: { format: 'csv', proof: false, since: '2027-01-01T00:00:00.000Z', until: '2028-01-01T00:00:00.000Z' },
      });
    });

    it('goes on after any row that arrived', async () => {
      await start();
      await sealed();
      const whole = (await get('')).split('\n').slice(0, -1);
      for (const part of [1, 2, Math.floor(whole.length / 2)]) {
        const { log_index } = JSON.parse(whole[part - 1] ?? '');
        const rest = (await get(`cursor=${log_index}`)).split('\n');
        expect(rest.slice(0, whole.length - part)).toEqual(whole.slice(part));
      }
    });

    it('of a time: since is inclusive, until exclusive, however late an event was sealed', async () => {
      api.clock.now += 3_600_000;
      const from = api.clock.now;
      const event = {
        type: 'token.redeemed',
        project: api.services.firstProject.id,
        mode: 'live',
        actor: 'system',
      } as const;
      const insert = (...times: number[]) =>
        writeTransaction(api.services.db, {}, (trx) =>
          insertEvents(
            trx,
            times.map((ms) => ({ ...event, id: newId('evt'), at: from + ms, data: { ms } })),
          ),
        );
      await insert(0, 1_000, 2_000, 3_000);
      await sealed();
      for (let more = 0; more < 5; more += 1) {
        api.clock.now += 3_600_000;
        await api.services.auditLog.checkpointer.signIfDue(api.clock.now);
      }
      await insert(1_500);
      await sealed();
      const times = async (query: string) => linesOf(await get(query)).map(({ data }) => data.ms);
      expect(await times(`since=${at(from + 1_000)}&until=${at(from + 3_000)}`)).toEqual([1_000, 2_000, 1_500]);
      expect(await times(`since=${at(from + 3_000)}&until=${at(from + 3_001)}`)).toEqual([3_000]);
      expect(await times(`since=${at(api.clock.now - 1)}&until=${at(api.clock.now)}`)).toEqual([]);
      // By a clock that is ahead of the one that signs.
      const ahead = api.clock.now - from + 600_000;
      await insert(ahead);
      await sealed();
      api.clock.now += 60_000;
      await api.services.auditLog.checkpointer.signIfDue(api.clock.now);
      expect(await times(`since=${at(from + ahead)}`)).toEqual([ahead]);
    });

    it('with proof, an auditor of one project proves its events by a checkpoint and a key alone', async () => {
      await start();
      await start(testKey);
      api.clock.now += 60_000;
      const checkpoint = await api.services.auditLog.checkpointer.signIfDue(api.clock.now);
      const { body: keys } = await api.call('GET', '/v1/audit/keys');
      const verify = async (text: string) => {
        const report = await verifyLog({
          open: async function* () {
            yield Buffer.from(text);
          },
          checkpoints: [checkpoint?.note ?? ''],
          keys: keys.data.flatMap(({ verifier }: { verifier: string }) => parseNoteKey(verifier) ?? []),
          partial: true,
        });
        return { report, hidden: report.rows.hidden };
      };
      for (const key of [api.key, testKey]) {
        const whole = await get('proof=true', key);
        const { report, hidden } = await verify(whole);
        expect(report).toMatchObject({ verdict: 'proven', checkpoints: { agree: 1 } });
        expect(hidden).toBeGreaterThan(0);
        // Of a time, and put together from two parts.
        const late = await get(`proof=true&since=${at(api.clock.now - 120_000)}`, key);
        expect((await verify(late)).report).toMatchObject({ verdict: 'proven' });
        const lines = whole.split('\n').slice(0, 3);
        const last = JSON.parse(lines[2] ?? '');
        const rest = await get(`proof=true&cursor=${last.log_index + (last.leaves ?? 1) - 1}`, key);
        expect((await verify(`${lines.join('\n')}\n${rest}`)).report).toMatchObject({ verdict: 'proven' });
        expect((await verify(whole.replace('"sms"', '"voice"'))).report).toMatchObject({ verdict: 'changed' });
      }
    });

    it('each format has its type and a name for its file', async () => {
      await start();
      for (const [format, type, name] of [
        ['ndjson', 'application/x-ndjson', 'ndjson'],
        ['ocsf', 'application/x-ndjson', 'ocsf.ndjson'],
        ['cef', 'text/plain; charset=utf-8', 'cef'],
        ['csv', 'text/csv; charset=utf-8; header=present', 'csv'],
      ]) {
        const { headers, body } = await api.call('GET', `/v1/audit/export?format=${format}`);
        expect(headers['content-type']).toBe(type);
        expect(headers['content-disposition']).toBe(`attachment; filename="countersign-events.${name}"`);
        const count = format === 'csv' ? readCsv(body).length - 1 : body.split('\n').length - 1;
        expect(count).toBeGreaterThan(2);
      }
    });

    it.each([
      'format=xml',
      'format=',
      'since=yesterday',
      'since=2027-01-02T00:00:00Z&until=2027-01-01T00:00:00Z',
      'since=2027-01-01T00:00:00Z&until=2027-01-01T00:00:00Z',
      'since=0001-01-01T00:00:00Z',
      'cursor=-1',
      'cursor=abc',
      'cursor=1.5',
      'cursor=999999999',
      'cursor=99999999999999999999',
      'proof=maybe',
      'proof=true&format=csv',
      'limit=5',
    ])('%s is a 422 and no event', async (query) => {
      const { body: before } = await api.call('GET', '/v1/events?type=audit.exported&limit=1');
      const { status, body } = await api.call('GET', `/v1/audit/export?${query}`);
      expect([status, body.code]).toEqual([422, 'invalid_request']);
      const { body: after } = await api.call('GET', '/v1/events?type=audit.exported&limit=1');
      expect(after).toEqual(before);
    });

    it('needs audit:read', async () => {
      const { body } = await api.call('POST', '/v1/keys', { name: 'reader', scopes: ['events:read'] });
      const { status } = await api.call('GET', '/v1/audit/export', undefined, { key: body.key });
      expect(status).toBe(403);
    });
  });
}

describe('the first checkpoint', () => {
  it('is not needed for an export', async () => {
    const api = await openTestService('embedded', { key: newSecret('live') });
    const { status, body } = await api.call('GET', '/v1/audit/export?proof=true');
    expect([status, body]).toEqual([200, '']);
    await api.close();
  });
});
