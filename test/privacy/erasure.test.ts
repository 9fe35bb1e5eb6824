import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashPhone } from '../../src/lib/phone.ts';
import { newSecret } from '../projects/new-secret.ts';
import { describeWith } from '../rig/stores.ts';
import { newNumber, openTestService, PROFILES, type Profile, type TestService, wrongCode } from '../service.ts';
import { dumpEverything, whereIs } from './dump-everything.ts';
import { expectLogHolds } from './expect-log-holds.ts';
import { verifyExport } from './verify-export.ts';

const DAY = 86_400_000;
/** Counters by keyed hash, which stay for their window. */
const GUARDS = /^(?:limits|budgets|known_devices)$|\}[lb]:/;

for (const profile of PROFILES) {
  const suite = () => erasures(profile);
  if (profile === 'embedded') describe(`erasures, ${profile}`, suite);
  else {
    const needs = profile === 'scaled' ? (['postgres', 'redis'] as const) : (['postgres'] as const);
    await describeWith(needs, `erasures, ${profile}`, suite);
  }
}

function erasures(profile: Profile): void {
  let service: TestService;
  beforeAll(async () => {
    service = await openTestService(profile, {
      key: newSecret('live'),
      policy: { resend_cooldown_seconds: 0, allowed_channels: ['sms', 'voice', 'email'] },
    });
  });
  afterAll(() => service?.close());

  const seal = async () => {
    await service.recorded();
    await service.services.auditLog.sealer.sealAll();
  };
  async function erase(to: string, body: object = {}): Promise<string> {
    const { status, body: erasure } = await service.call('POST', '/v1/privacy/erasures', { to, ...body });
    expect(status).toBe(202);
    await run();
    return erasure.id;
  }
  const run = async () => {
    await service.services.privacy.worker.runDue();
    await service.recorded();
    await service.services.privacy.worker.runDue();
    await seal();
  };
  const hashOf = (number: string) => hashPhone(service.services.hashKey, number);

  /** One verification approved, one open, one failed; messages sent and waiting; one received. */
  async function fill(to: string): Promise<{ open: string }> {
    const client = { ip: '203.0.113.77', user_agent: 'a telling browser', device_id: 'd-1' };
    const start = async (more: object = {}) =>
      (await service.call('POST', '/v1/verifications', { to, client, metadata: { name: 'Telling Name' }, ...more }))
        .body.id;
    const approved = await start();
    const code = await service.codeOf(to);
    await service.call('POST', `/v1/verifications/${approved}/check`, { code: wrongCode(code) });
    await service.call('POST', `/v1/verifications/${approved}/check`, { code });
    const open = await start({ email: 'telling.person@example.com', workflow: [{ channel: 'email' }] });
    const headers = { 'idempotency-key': `key-${to}` };
    await service.call('POST', '/v1/messages', { to, text: 'a telling text' }, { headers });
    await service.call('POST', '/v1/messages', {
      ...{ to, text: 'a telling text for later', metadata: { name: 'Telling Name' } },
      send_at: new Date(service.clock.now + 3_600_000).toISOString(),
    });
    await service.sendMessages();
    await service.services.delivery.takeInbound('sandbox', [
      {
        providerId: `mo-${to}`,
        from: to,
        to: '36000',
        text: 'a telling answer',
        channel: 'sms',
        at: undefined,
      } as never,
    ]);
    await service.call('POST', '/v1/privacy/unmaskings', { hashes: [hashOf(to)], reason: 'a case' });
    await seal();
    await answerWebhook(to);
    return { open };
  }

  /** A receiver that answers with what it was told. */
  async function answerWebhook(to: string): Promise<void> {
    const { kysely } = service.services.db;
    const { body: endpoint } = await service.call('POST', '/v1/webhook-endpoints', {
      url: 'https://hooks.example.com/',
      events: ['verification.*'],
    });
    const { log_index, event_id } = await kysely
      .selectFrom('audit_leaves')
      .innerJoin('events', 'events.id', 'audit_leaves.event_id')
      .where('recipient_hash', '=', hashOf(to))
      .select(['log_index', 'event_id'])
      .executeTakeFirstOrThrow();
    const history = JSON.stringify([{ at: 0, status: 200, excerpt: `thanks for ${to}` }]);
    await kysely
      .insertInto('webhook_deliveries')
      .values({
        ...{
          endpoint_id: endpoint.id,
          log_index,
          id: `dlv_${log_index}`,
          event_id,
          event_type: 'verification.created',
        },
        ...{ object_id: null, status: 'delivered', attempts: 1, step: 1, history, next_at: null, asked: 0 },
        ...{ created_at: service.clock.now, updated_at: service.clock.now },
      })
      .execute();
  }

  it('leaves neither number nor hash nor texts in any table or key, but for counters in their window', async () => {
    const [to, other] = [newNumber(), newNumber()];
    const { open } = await fill(to);
    await fill(other);
    const telling = [to, to.slice(1), hashOf(to)];
    expect(whereIs(await dumpEverything(service), telling).length).toBeGreaterThan(3);
    const before = await expectLogHolds(service);

    const id = await erase(to);
    const dump = await dumpEverything(service);
    expect(whereIs(dump, telling).filter((name) => !GUARDS.test(name))).toEqual([]);
    // Another person's texts are alike, and stay.
    expect(whereIs(dump, [hashOf(other)])).toContain('verifications');
    const after = await expectLogHolds(service);
    expect(after.slice(0, before.length)).toEqual(before);
    const { findings, rows } = await verifyExport(service);
    expect(findings).toEqual([]);
    expect(rows.erased).toBeGreaterThan(5);

    const { body: erasure } = await service.call('GET', `/v1/privacy/erasures/${id}`);
    expect(erasure).toMatchObject({
      status: 'completed',
      erased: { verifications: 2, inbound_messages: 1, idempotent_answers: 1, webhook_attempts: 1 },
    });
    expect(erasure.erased.messages).toBeGreaterThanOrEqual(3);
    expect((await service.call('GET', `/v1/verifications/${open}`)).status).toBe(404);
    expect((await service.call('GET', `/v1/events?to=${encodeURIComponent(to)}`)).body.data).toEqual([]);
    const list = await service.call('GET', `/v1/verifications?to=${encodeURIComponent(to)}`);
    expect(list.body.data).toEqual([]);
    expect(await service.phone(to)).toEqual([]);
    expect((await service.phone(other)).length).toBeGreaterThan(0);
  });

  it('is an event that names the places in the log, and nobody', async () => {
    const to = newNumber();
    await fill(to);
    const id = await erase(to);
    const { body } = await service.call('GET', '/v1/events?type=erasure.*&limit=100');
    const events = body.data.filter((event: { data: { erasure: string } }) => event.data.erasure === id);
    expect(events.map(({ type }: { type: string }) => type)).toEqual(
      expect.arrayContaining(['erasure.requested', 'erasure.applied', 'erasure.completed']),
    );
    expect(events.every((event: object) => !('recipient' in event))).toBe(true);
    const named: [number, number][] = events.flatMap(
      (event: { data: { log_indexes?: [] } }) => event.data.log_indexes ?? [],
    );
    const stripped = await service.services.db.kysely
      .selectFrom('audit_leaves')
      .innerJoin('erased_objects', 'erased_objects.object_id', 'audit_leaves.event_id')
      .where('erased_objects.erasure_id', '=', id)
      .where('commitment', 'is not', null)
      .select(['log_index', 'salt'])
      .execute();
    expect(stripped.length).toBeGreaterThan(5);
    for (const { log_index, salt } of stripped) {
      expect(salt).toBeNull();
      expect(named.some(([first, last]) => first <= log_index && log_index <= last)).toBe(true);
    }
  });

  it('an open verification ends: its code is refused', async () => {
    const to = newNumber();
    const { body } = await service.call('POST', '/v1/verifications', { to });
    const code = await service.codeOf(to);
    await erase(to);
    const { status } = await service.call('POST', `/v1/verifications/${body.id}/check`, { code });
    expect(status).toBe(404);
  });

  it('a message that waits is never sent', async () => {
    const to = newNumber();
    await service.call('POST', '/v1/messages', {
      ...{ to, text: 'later' },
      send_at: new Date(service.clock.now + 3_600_000).toISOString(),
    });
    await erase(to);
    service.clock.now += 3_700_000;
    await service.sendMessages();
    expect(await service.phone(to)).toEqual([]);
  });

  it('failed guesses stay counted, and are forgotten when no window can be open any more', async () => {
    const to = newNumber();
    const { body } = await service.call('POST', '/v1/verifications', { to });
    const code = await service.codeOf(to);
    for (let guess = 0; guess < 5; guess += 1) {
      await service.call('POST', `/v1/verifications/${body.id}/check`, { code: wrongCode(code) });
    }
    const id = await erase(to);
    expect(whereIs(await dumpEverything(service), [hashOf(to)]).some((name) => GUARDS.test(name))).toBe(true);
    const { body: erasure } = await service.call('GET', `/v1/privacy/erasures/${id}`);
    service.clock.now = Date.parse(erasure.watched_until) - 1;
    await run();
    const read = () => service.services.db.kysely.selectFrom('budgets').select('failures');
    expect(
      await read()
        .where('key', 'like', `%${hashOf(to)}`)
        .execute(),
    ).toEqual([{ failures: 5 }]);
    service.clock.now += 1;
    await run();
    expect(
      await read()
        .where('key', 'like', `%${hashOf(to)}`)
        .execute(),
    ).toEqual([]);
    const over = await service.call('GET', `/v1/privacy/erasures/${id}`);
    expect(over.body).toMatchObject({ watched_until: null, erased: { guess_states: 1 } });
    const row = await service.services.db.kysely
      .selectFrom('erasures')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    expect(row?.subject).toBeNull();
  });

  it('who comes back afterwards is not erased again', async () => {
    const to = newNumber();
    await fill(to);
    await erase(to);
    service.clock.now += 61_000;
    const { body } = await service.call('POST', '/v1/verifications', { to });
    await service.settled();
    await run();
    expect((await service.call('GET', `/v1/verifications/${body.id}`)).body.to).toBe(to);
    const events = await service.events(body.id);
    expect(events[0]).toMatchObject({ recipient: { hash: hashOf(to) } });
    service.clock.now += DAY + 3_600_000;
    await run();
    expect((await service.events(body.id))[0]).toMatchObject({ recipient: { hash: hashOf(to) } });
  });

  it('a retry of a request whose answer named the person is not carried out again', async () => {
    const to = newNumber();
    const headers = { 'idempotency-key': `again-${to}` };
    await service.call('POST', '/v1/messages', { to, text: 'once' }, { headers });
    await service.sendMessages();
    await erase(to);
    const { status, body } = await service.call('POST', '/v1/messages', { to, text: 'once' }, { headers });
    expect([status, body.code]).toEqual([409, 'idempotency_conflict']);
    await service.sendMessages();
    expect(await service.phone(to)).toEqual([]);
  });
}
