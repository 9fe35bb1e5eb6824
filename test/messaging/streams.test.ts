import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestService, type TestService } from '../service.ts';

let service: TestService;
let url: string;
beforeAll(async () => {
  service = await openTestService('embedded');
  url = await service.app.listen({ port: 0, host: '127.0.0.1' });
});
afterAll(() => service.close());

async function openStream(path: string, key: string) {
  const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${key}` } });
  expect(answer.status).toBe(200);
  const reader = answer.body?.getReader();
  await reader?.read();
  return async () => {
    while ((await reader?.read())?.done === false);
    return true;
  };
}

async function importId() {
  const { app, key } = service;
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'text/csv' };
  const answer = await app.inject({
    method: 'POST',
    url: '/v1/contacts/import',
    headers,
    payload: 'phone\n+33612345678\n',
  });
  return answer.json().id;
}

async function campaignId() {
  const { id: list } = (await service.call('POST', '/v1/lists', { name: 'People' })).body;
  const campaign = { name: 'News', purpose: 'transactional', audience: { lists: [list] }, text: 'Hello' };
  return (await service.call('POST', '/v1/campaigns', campaign)).body.id;
}

test.each([
  ['an import', 'contacts:read', async () => `/v1/contacts/imports/${await importId()}/stream`],
  ['a campaign', 'campaigns:read', async () => `/v1/campaigns/${await campaignId()}/stream`],
  ['conversations', 'conversations:read', async () => '/v1/conversations/stream'],
])('the stream of %s ends once its key is revoked, and no other', async (_what, scope, pathOf) => {
  const path = await pathOf();
  const made = await service.call('POST', '/v1/keys', { name: 'Looks on', scopes: [scope] });
  const ended = await openStream(path, made.body.key);
  let hasEnded = false;
  const otherEnded = await openStream(path, service.key);
  otherEnded().then(() => {
    hasEnded = true;
  });
  expect((await service.call('DELETE', `/v1/keys/${made.body.id}`)).status).toBe(200);
  // What was known of the key half a second ago does not count any more.
  service.clock.now += 500;
  expect(await ended()).toBe(true);
  expect(hasEnded).toBe(false);
});
