import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EVENT_TYPES } from '../../src/audit/event.ts';
import { newSecret } from '../projects/new-secret.ts';
import { newNumber, openTestService, type TestService, wrongCode } from '../service.ts';

const rows = [...readFileSync('docs/guides/events.md', 'utf8').matchAll(/^\| `([a-z_.]+)` \|(.*)\|(.*)\|$/gm)];
/** Members of `data` by type. Words in brackets are values. */
const documented = new Map(
  rows.map(([, type = '', , data = '']) => [
    type,
    [...data.replaceAll(/\([^)]*\)/g, '').matchAll(/`(\w+)\??`/g)].map(([, name]) => name),
  ]),
);

describe('docs/guides/events.md', () => {
  let api: TestService;
  beforeAll(async () => {
    api = await openTestService('embedded', { key: newSecret('live') });
  });
  afterAll(() => api?.close());

  it('has every type of event once', () => {
    expect(rows.map(([, type]) => type).toSorted()).toEqual(EVENT_TYPES.toSorted());
  });

  it('names every member of what is told', async () => {
    const { call } = api;
    const { body: project } = await call('POST', '/v1/projects', { name: 'other' });
    await call('PATCH', `/v1/projects/${project.id}`, { policy: { max_attempts: 4 } });
    const { body: key } = await call('POST', '/v1/keys', { name: 'n', scopes: ['events:read'] });
    await call('POST', '/v1/messages', {}, { key: key.key });
    await call('DELETE', `/v1/keys/${key.id}`);
    await call('GET', '/v1/events', undefined, { key: newSecret('live') });
    await call('POST', '/v1/origins', { origin: 'example.com' });
    await call('POST', '/v1/origins/example.com/verify', { vouch: true });
    await call('DELETE', '/v1/origins/example.com');
    await call('PUT', '/v1/code-messages/sms/en', { text: '{{code}} is your code' });
    await call('DELETE', '/v1/code-messages/sms/en');
    await call('PUT', '/v1/routes', { rules: [], senders: [] });
    await call('POST', '/v1/messages', { to: newNumber(), text: 'Hello' });
    await api.sendMessages();
    await call('POST', '/v1/verifications', { to: newNumber(), channel: 'sms', code_length: 4 });
    const [approved, exhausted, undeliverable] = [newNumber(), newNumber(), newNumber('0001')];
    for (const to of [approved, exhausted, undeliverable, approved]) {
      const start = { to, channel: 'sms', subject: 'user-42', client: { ip: '203.0.113.7' } };
      const { body } = await call('POST', '/v1/verifications', start);
      await api.work();
      if (!body.id || to === undeliverable) continue;
      const code = await api.codeOf(to);
      const check = (attempt: string) => call('POST', `/v1/verifications/${body.id}/check`, { code: attempt });
      for (let n = 0; n < 5; n += 1) await check(to === approved ? code : wrongCode(code));
    }
    await call('POST', '/v1/recipients/rebind', { to: exhausted, subject: 'user-42' });
    await api.settled();

    const events = await api.services.db.kysely.selectFrom('events').select(['type', 'data']).execute();
    const told = events.map(({ type, data }) => ({ type, members: Object.keys(JSON.parse(data)) }));
    expect(new Set(told.map(({ type }) => type)).size).toBeGreaterThan(25);
    const everywhere = (type: string) => [
      'request_id',
      ...(type.startsWith('verification.') ? ['purpose'] : []),
      ...(type.startsWith('message.') ? ['channel', 'purpose'] : []),
    ];
    const missing = told.flatMap(({ type, members }) =>
      members
        .filter((name) => ![...(documented.get(type) ?? []), ...everywhere(type)].includes(name))
        .map((name) => `${type}: ${name}`),
    );
    expect([...new Set(missing)]).toEqual([]);
  });
});
