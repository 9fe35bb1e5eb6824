import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { newSecret } from '../projects/new-secret.ts';
import { privateFolder } from '../rig/stores.ts';
import { newNumber, openTestService, type TestService } from '../service.ts';

const HASH = 'FA+9qCX9VSu';

/**
 * Every call that changes something, in an order in which each can succeed, and the event that tells of it. `<name>`
 * is the id that an earlier call answered.
 */
const ACTS: [call: string, type: string, body?: object, keep?: string][] = [
  ['POST /v1/projects', 'project.created', { name: 'other' }, 'project'],
  ['PATCH /v1/projects/<project>', 'project.updated', { policy: { max_attempts: 4 } }],
  ['POST /v1/keys', 'key.created', { name: 'n', scopes: ['events:read'] }, 'key'],
  ['DELETE /v1/keys/<key>', 'key.revoked'],
  ['PUT /v1/routes', 'routes.updated', { rules: [], senders: [] }],
  ['PUT /v1/code-messages/sms/en', 'code_message.updated', { text: '{{code}} is your code' }],
  ['DELETE /v1/code-messages/sms/en', 'code_message.deleted'],
  ['POST /v1/origins', 'origin.added', { origin: 'example.com' }],
  ['POST /v1/origins/example.com/verify', 'origin.verified', { vouch: true }],
  ['DELETE /v1/origins/example.com', 'origin.deleted'],
  [`PUT /v1/android-apps/${encodeURIComponent(HASH)}`, 'android_app.added'],
  [`DELETE /v1/android-apps/${encodeURIComponent(HASH)}`, 'android_app.deleted'],
  [
    'POST /v1/webhook-endpoints',
    'webhook_endpoint.created',
    { url: 'https://example.com/', events: ['key.*'] },
    'hook',
  ],
  ['PATCH /v1/webhook-endpoints/<hook>', 'webhook_endpoint.updated', { description: 'mine' }],
  ['POST /v1/webhook-endpoints/<hook>/disable', 'webhook_endpoint.disabled', {}],
  ['POST /v1/webhook-endpoints/<hook>/enable', 'webhook_endpoint.enabled', {}],
  ['POST /v1/webhook-endpoints/<hook>/rotate-secret', 'webhook_endpoint.secret_rotated', {}],
  ['POST /v1/webhook-endpoints/<hook>/replay', 'webhook_endpoint.replayed', { since: '2027-01-01T00:00:00Z' }],
  ['DELETE /v1/webhook-endpoints/<hook>', 'webhook_endpoint.deleted'],
  ['PUT /v1/sending-rules', 'sending_rules.updated', { time_zone: 'UTC', windows: [], frequency_caps: [] }],
  ['PUT /v1/numbers/33755550100', 'number.claimed'],
  ['DELETE /v1/numbers/33755550100', 'number.released'],
  ['POST /v1/keywords', 'keyword.created', { keywords: ['hours'], action: { type: 'forward' } }, 'keyword'],
  ['PUT /v1/keywords/<keyword>', 'keyword.updated', { keywords: ['open'], action: { type: 'forward' } }],
  ['DELETE /v1/keywords/<keyword>', 'keyword.deleted'],
  ['POST /v1/links', 'link.created', { url: 'https://example.com/' }],
  [
    'POST /v1/automations',
    'automation.created',
    { name: 'a', trigger: { type: 'api' }, steps: [{ type: 'add_tag', tag: 'x' }] },
    'automation',
  ],
  ['PATCH /v1/automations/<automation>', 'automation.updated', { name: 'b' }],
  ['POST /v1/automations/<automation>/start', 'automation.started'],
  ['POST /v1/automations/<automation>/pause', 'automation.paused'],
  ['POST /v1/automations/<automation>/resume', 'automation.resumed'],
  ['POST /v1/automations/<automation>/rotate-secret', 'automation.secret_rotated'],
  ['POST /v1/automations/<automation>/stop', 'automation.stopped'],
  ['DELETE /v1/automations/<automation>', 'automation.deleted'],
  ['POST /v1/recipients/rebind', 'recipient.rebound', { to: newNumber() }],
  ['POST /v1/privacy/erasures', 'erasure.requested', { to: newNumber() }],
  ['POST /v1/privacy/unmaskings', 'recipient.unmasked', { hashes: ['<hash>'], reason: 'a test' }],
];

/** Shown by tests of their own: they need a file, a proof, or a receiver. */
const ELSEWHERE = [
  ...['POST /v1/automations/{id}/runs', 'POST /v1/automations/{id}/runs/{run}/stop'],
  ...['POST /v1/recordings', 'DELETE /v1/recordings/{id}', 'POST /v1/tokens/introspect'],
  ...['POST /v1/webhook-endpoints/{id}/test', 'POST /v1/webhook-endpoints/{id}/deliveries/{delivery}/retry'],
];
/** Told by the events of their verification or message. */
const OPERATION = /^POST \/v1\/(?:verifications|messages)(?:\/|$)/;
/** What messages are sent by and to: the tests of messaging show its events. */
const MESSAGING =
  /^\w+ \/v1\/(?:appointments|campaigns|contacts|contact-attributes|conversations|lists|segments|templates|consents|suppressions)(?:\/|$)/;
/** Change nothing, or the sandbox only. */
const NOTHING = ['POST /v1/routes/simulate', 'POST /v1/code-messages/preview', 'POST /v1/sandbox/messages'];

describe('administrative acts', () => {
  let api: TestService;
  beforeAll(async () => {
    const file = join(privateFolder('administrative-acts'), 'countersign.json');
    writeFileSync(file, JSON.stringify({ links: { base_url: 'https://go.example' } }));
    api = await openTestService('embedded', { key: newSecret('live'), env: { COUNTERSIGN_CONFIG: file } });
  });
  afterAll(() => api?.close());

  it('none is forgotten here', () => {
    const { paths } = parse(readFileSync('openapi.yaml', 'utf8')) as { paths: Record<string, object> };
    const described = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const asked = described.filter(
      (call) => !call.startsWith('GET ') && !OPERATION.test(call) && !MESSAGING.test(call),
    );
    const known = new Set([...ELSEWHERE, ...NOTHING]);
    const pathOf = (call: string) => call.replaceAll(/\{\w+\}/g, '[^/]+');
    const missing = asked.filter(
      (call) => !known.has(call) && !ACTS.some(([act]) => new RegExp(`^${pathOf(call)}$`).test(act)),
    );
    expect(missing).toEqual([]);
  });

  it('AUD-19: each is one event that says who, from where and by which request', async () => {
    await api.call('POST', '/v1/verifications', { to: newNumber() });
    await api.settled();
    const { body: listed } = await api.call('GET', '/v1/events?type=verification.created');
    const ids: Record<string, string> = { hash: listed.data[0].recipient.hash };
    const ownKey = (await api.call('GET', '/v1/keys')).body.data[0].id;
    for (const [call, type, body, keep] of ACTS) {
      const before = await count();
      const [method, path = ''] = call.split(' ') as ['POST', string];
      const fill = (text: string) => text.replaceAll(/<(\w+)>/g, (_, name: string) => ids[name] ?? name);
      const headers = { 'user-agent': `console/2 ${'x'.repeat(600)}` };
      const answer = await api.call(method, fill(path), body && JSON.parse(fill(JSON.stringify(body))), { headers });
      expect(answer.status, `${call}: ${JSON.stringify(answer.body)}`).toBeLessThan(300);
      if (keep !== undefined) ids[keep] = answer.body.id;
      await api.settled();
      const added = (await events()).slice(before);
      expect(
        added.map((event) => event.type),
        call,
      ).toContain(type);
      const event = added.find((one) => one.type === type);
      expect(event, call).toMatchObject({ actor: ownKey, mode: 'live' });
      expect(JSON.parse(event?.client ?? '{}'), call).toEqual({
        ...{ ip: '127.0.0.1', user_agent: headers['user-agent'].slice(0, 512), user_agent_truncated: true },
      });
      expect(JSON.parse(event?.data ?? '{}').request_id, call).toBe(answer.headers['x-request-id']);
    }
  });

  const events = () => api.services.db.kysely.selectFrom('events').selectAll().orderBy('position').execute();
  const count = async () => (await events()).length;
});
