import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newSecret } from '../projects/new-secret.ts';
import { newNumber, openTestService, type TestService } from '../service.ts';

let service: TestService;
/** Of a second project. */
let other: string;
beforeAll(async () => {
  service = await openTestService('embedded', {
    key: newSecret('live'),
    policy: { resend_cooldown_seconds: 0, allowed_channels: ['sms', 'voice', 'email'] },
  });
  const project = await service.call('POST', '/v1/projects', { name: 'other' });
  other = await keyWith(['verifications:write', 'verifications:read', 'privacy:write', 'audit:unmask'], {
    project: project.body.id,
  });
});
afterAll(() => service?.close());

async function keyWith(scopes: string[], more: object = {}): Promise<string> {
  const { body } = await service.call('POST', '/v1/keys', { name: 'a key', scopes, mode: 'live', ...more });
  return body.key;
}
const erase = async (body: object, key?: string) => {
  const answer = await service.call('POST', '/v1/privacy/erasures', body, key === undefined ? {} : { key });
  await service.services.privacy.worker.runDue();
  return answer;
};
const start = async (to: string, key?: string, more: object = {}) => {
  const { body } = await service.call('POST', '/v1/verifications', { to, ...more }, key === undefined ? {} : { key });
  await service.settled();
  return body.id as string;
};
const statusOf = async (id: string, key?: string) =>
  (await service.call('GET', `/v1/verifications/${id}`, undefined, key === undefined ? {} : { key })).status;

describe('an erasure', () => {
  it('reaches its own project only, and is seen by no other', async () => {
    const to = newNumber();
    const [ours, theirs] = [await start(to), await start(to, other)];
    const { body } = await erase({ to }, other);
    expect(await statusOf(theirs, other)).toBe(404);
    expect(await statusOf(ours)).toBe(200);
    expect((await service.call('GET', `/v1/privacy/erasures/${body.id}`)).status).toBe(404);
    const { body: list } = await service.call('GET', '/v1/privacy/erasures', undefined, { key: other });
    expect(list.data.map(({ id }: { id: string }) => id)).toEqual([body.id]);
  });

  it('reaches all projects when an administrator asks for it', async () => {
    const to = newNumber();
    const [ours, theirs] = [await start(to), await start(to, other)];
    const refused = await erase({ to, all_projects: true }, other);
    expect([refused.status, refused.body.required_scope]).toEqual([403, 'admin']);
    expect(await statusOf(ours)).toBe(200);
    expect((await erase({ to, all_projects: true })).status).toBe(202);
    expect([await statusOf(ours), await statusOf(theirs, other)]).toEqual([404, 404]);
  });

  it('of a test key leaves live data alone; one of a live key takes test data too', async () => {
    const to = newNumber();
    const test = await keyWith(['verifications:write', 'verifications:read', 'privacy:write'], { mode: 'test' });
    const [live, tested] = [await start(to), await start(to, test)];
    await erase({ to }, test);
    expect([await statusOf(live), await statusOf(tested, test)]).toEqual([200, 404]);
    const again = await start(to, test);
    await erase({ to });
    expect([await statusOf(live), await statusOf(again, test)]).toEqual([404, 404]);
  });

  it('by an address finds verifications that had it beside a number', async () => {
    const [to, stranger] = [newNumber(), newNumber()];
    const workflow = { workflow: [{ channel: 'sms', wait_seconds: 30 }, { channel: 'email' }] };
    const [theirs, unused, another] = [
      await start(to, undefined, { email: 'Some.One@example.com', channel: 'email' }),
      await start(to, undefined, { email: 'some.one@example.com', ...workflow }),
      await start(stranger, undefined, { email: 'another@example.com', channel: 'email' }),
    ];
    const mail = { channel: 'email', to: 'some.one@example.com', subject: 'news', text: 'hello' };
    await service.call('POST', '/v1/messages', mail);
    await erase({ to: 'some.one@example.com' });
    expect([await statusOf(theirs), await statusOf(unused), await statusOf(another)]).toEqual([404, 404, 200]);
    const events = await service.services.db.kysely
      .selectFrom('events')
      .selectAll()
      .where('verification_id', 'in', [theirs, unused])
      .execute();
    expect(events.length).toBeGreaterThan(2);
    expect(events.every(({ recipient_hash }) => recipient_hash === null)).toBe(true);
    expect(JSON.stringify(events)).not.toContain('email":{');
  });

  it('that fails in the middle goes on where it was', async () => {
    const { kysely } = service.services.db;
    const id = await start(newNumber(), undefined, { email: 'halfway@example.com', channel: 'email' });
    await sql`create trigger halfway before delete on messages begin select raise(abort, 'halfway'); end`.execute(
      kysely,
    );
    const { body } = await service.call('POST', '/v1/privacy/erasures', { to: 'halfway@example.com' });
    await expect(service.services.privacy.worker.runDue()).rejects.toThrow('halfway');
    const find = async () => (await service.call('GET', `/v1/privacy/erasures/${body.id}`)).body.status;
    // By now nothing but the erasure knows which events were theirs.
    expect([await find(), await statusOf(id)]).toEqual(['pending', 404]);
    await sql`drop trigger halfway`.execute(kysely);
    service.clock.now += 15_000;
    await service.services.privacy.worker.runDue();
    expect(await find()).toBe('completed');
    const events = await kysely.selectFrom('events').selectAll().where('verification_id', '=', id).execute();
    expect(events.length).toBeGreaterThan(0);
    expect(events.every(({ recipient_hash }) => recipient_hash === null)).toBe(true);
  });

  it('is refused for what is neither number nor address', async () => {
    expect((await erase({ to: '+331' })).body.code).toBe('invalid_phone_number');
    expect((await erase({ to: 'a@b' })).body.errors).toEqual([{ pointer: '/to', message: 'is not an e-mail address' }]);
  });

  it('asked for twice by one key of idempotency is one', async () => {
    const headers = { 'idempotency-key': 'erase-once' };
    const to = newNumber();
    const [first, second] = [
      await service.call('POST', '/v1/privacy/erasures', { to }, { headers }),
      await service.call('POST', '/v1/privacy/erasures', { to }, { headers }),
    ];
    expect(second.body.id).toBe(first.body.id);
  });
});

describe('unmasking', () => {
  const unmask = (hashes: string[], key?: string) =>
    service.call(
      'POST',
      '/v1/privacy/unmaskings',
      { hashes, reason: 'fraud case 118' },
      key === undefined ? {} : { key },
    );

  async function hashOf(id: string): Promise<string> {
    const [event] = (await service.call('GET', `/v1/events?verification_id=${id}`)).body.data;
    return event.recipient.hash;
  }

  it('shows the number, and each number shown is an event that says who and why', async () => {
    const to = newNumber();
    const hash = await hashOf(await start(to));
    expect((await unmask([hash])).body.data).toEqual([{ hash, to }]);
    const [event] = (await service.call('GET', '/v1/events?type=recipient.unmasked')).body.data;
    expect(event).toMatchObject({
      recipient: { hash },
      data: { reason: 'fraud case 118' },
      client: { ip: '127.0.0.1' },
    });
    expect(JSON.stringify(event)).not.toContain(to);
  });

  it('wants its own scope: who may read the log may not', async () => {
    const reader = await keyWith(['audit:read', 'events:read']);
    const { status, body } = await unmask([await hashOf(await start(newNumber()))], reader);
    expect([status, body.required_scope]).toEqual([403, 'audit:unmask']);
  });

  it('shows no other project’s numbers, and none that was erased', async () => {
    const to = newNumber();
    const hash = await hashOf(await start(to));
    expect((await unmask([hash], other)).body.data).toEqual([{ hash, to: null }]);
    await erase({ to });
    expect((await unmask([hash])).body.data).toEqual([{ hash, to: null }]);
  });
});
