import { describe, expect, it } from 'vitest';
import { newNumber, PROFILES } from '../../service.ts';
import { openPhone } from './phone.ts';

const url = (path: string, to: string) => `${path}?to=${encodeURIComponent(to)}`;

describe.each(PROFILES)('the ledger on the %s profile', (profile) => {
  it('keeps every word with what shows it; the newest by its own time holds, not the one recorded last', async () => {
    const phone = await openPhone(profile);
    const { service, to } = phone;
    const proof = { ip: '203.0.113.7', url: 'https://example.com/signup', user_agent: 'Browser/1' };
    await phone.consent({ wording: 'News once a week.', proof });
    await phone.consent({ state: 'revoked', source: 'paper', at: '2027-01-15T07:59:00Z' });
    const { body: history } = await service.call('GET', url('/v1/consents/history', to));
    expect(history.data).toHaveLength(2);
    expect(history.data).toContainEqual(
      expect.objectContaining({ state: 'granted', wording: 'News once a week.', proof, source: 'website' }),
    );
    expect(await phone.send()).toMatchObject({ status: 'delivered' });
    service.clock.now += 1000;
    await phone.consent({ state: 'revoked', source: 'paper' });
    expect(await phone.send()).toMatchObject({ status: 'blocked', reason: 'opted_out' });
    const { body: now } = await service.call('GET', url('/v1/consents', to));
    expect(now.data).toMatchObject([{ to, channel: 'sms', purpose: 'marketing', state: 'revoked' }]);
    expect(await phone.events('consent.*')).toHaveLength(3);
    const other = await service.call('GET', url('/v1/consents', newNumber()));
    expect(other.body.data).toEqual([]);
  });

  it('takes a thousand at once, leaves out what cannot be read, and a repeated request adds nothing', async () => {
    const { service, to } = await openPhone(profile);
    const data = Array.from({ length: 999 }, () => ({ to: newNumber(), source: 'import' }));
    const body = { data: [{ to: 'nobody', source: 'import' }, ...data.slice(1), { to, source: 'import' }] };
    const headers = { 'idempotency-key': 'import-1' };
    for (let times = 0; times < 2; times += 1) {
      const answer = await service.call('POST', '/v1/consents/bulk', body, { headers });
      expect(answer).toMatchObject({ status: 200, body: { recorded: 999, errors: [{ index: 0, pointer: '/to' }] } });
    }
    const { body: history } = await service.call('GET', url('/v1/consents/history', to));
    expect(history.data).toHaveLength(1);
    const page = (await service.call('GET', '/v1/consents?limit=100&state=granted')).body;
    expect(page.data).toHaveLength(100);
    const next = (await service.call('GET', `/v1/consents?limit=100&cursor=${page.next_cursor}`)).body;
    const ids = [...page.data, ...next.data].map(({ entry_id }: { entry_id: string }) => entry_id);
    expect(new Set(ids).size).toBe(200);
  });

  it('refuses what nobody can have said', async () => {
    const phone = await openPhone(profile);
    expect(await phone.consent({ at: '2030-01-01T00:00:00Z' })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/at' }] },
    });
    expect(await phone.consent({ to: 'nobody' })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/to' }] },
    });
    expect(await phone.consent({ channel: 'email' })).toMatchObject({ status: 422 });
    expect(await phone.consent({ channel: 'voice', double_opt_in: 'link' })).toMatchObject({ status: 422 });
    expect(await phone.consent({ proof: {} })).toMatchObject({ status: 422 });
  });

  it('another project’s consents and suppressions are its own', async () => {
    const phone = await openPhone(profile);
    const { service, to } = phone;
    await phone.consent();
    const { body: kept } = await service.call('POST', '/v1/suppressions', { to });
    const project = (await service.call('POST', '/v1/projects', { name: 'Other' })).body.id;
    const scopes = ['messages:send', 'contacts:read', 'contacts:write'];
    const created = await service.call('POST', '/v1/keys', { name: 'k', scopes, project, mode: 'test' });
    const options = { key: created.body.key as string };
    expect((await service.call('GET', url('/v1/consents', to), undefined, options)).body.data).toEqual([]);
    expect((await service.call('GET', url('/v1/suppressions', to), undefined, options)).body.data).toEqual([]);
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/confirm'],
    ] as const)
      expect((await service.call(method, `/v1/suppressions/${kept.id}${path}`, undefined, options)).status).toBe(404);
    const sent = await service.call('POST', '/v1/messages', { to, text: 'x', purpose: 'marketing' }, options);
    expect(sent.body).toMatchObject({ status: 'blocked', reason: 'no_consent' });
  });
});

describe.each(PROFILES)('suppressions on the %s profile', (profile) => {
  it('reach as far as they say: one sender, one channel, marketing, messages', async () => {
    const phone = await openPhone(profile);
    const { service, to } = phone;
    await phone.consent();
    const add = async (body: object) => (await service.call('POST', '/v1/suppressions', { to, ...body })).body;
    const lift = ({ id }: { id: string }) => service.call('DELETE', `/v1/suppressions/${id}`);
    const sender = await add({ sender: '+33755555555' });
    expect(await phone.send({ sender: '+33755555555' })).toMatchObject({ status: 'blocked', reason: 'suppressed' });
    expect(await phone.send({ sender: '+33766666666' })).toMatchObject({ status: 'delivered' });
    await lift(sender);
    const voice = await add({ channel: 'voice', purpose: 'messages' });
    expect(await phone.send({ channel: 'voice', purpose: 'transactional' })).toMatchObject({ status: 'blocked' });
    expect(await phone.send()).toMatchObject({ status: 'delivered' });
    await lift(voice);
    const everything = await add({ purpose: 'messages', reason: 'complaint' });
    expect(await phone.send({ purpose: 'transactional' })).toMatchObject({ status: 'blocked', reason: 'suppressed' });
    await lift(everything);
    expect(await phone.send()).toMatchObject({ status: 'delivered' });
    const types = (await phone.events('suppression.*')).map((event) => (event as unknown as { type: string }).type);
    expect(types.filter((type) => type === 'suppression.added')).toHaveLength(3);
    expect(types.filter((type) => type === 'suppression.removed')).toHaveLength(3);
  });

  it('one that is added while a message waits at its carrier’s rate stops the message', async () => {
    const phone = await openPhone(profile);
    const { service, to } = phone;
    await phone.consent();
    const { id } = await phone.send({ send_at: new Date(service.clock.now + 60_000).toISOString() });
    await service.call('POST', '/v1/suppressions', { to, sender: 'ACME' });
    await service.call('POST', '/v1/suppressions', { to });
    service.clock.now += 60_000;
    await service.sendMessages();
    expect(await phone.read(id)).toMatchObject({ status: 'blocked', reason: 'suppressed' });
    expect(await phone.inbox()).toEqual([]);
  });

  it('are imported once, exported whole, and added twice are one', async () => {
    const { service, to } = await openPhone(profile);
    const data = [{ to }, { to: newNumber(), note: 'from the old system' }, { to: '?!?' }];
    expect((await service.call('POST', '/v1/suppressions/import', { data })).body).toMatchObject({
      added: 2,
      known: 0,
      errors: [{ index: 2 }],
    });
    expect((await service.call('POST', '/v1/suppressions/import', { data })).body).toMatchObject({
      added: 0,
      known: 2,
    });
    const { body } = await service.call('GET', '/v1/suppressions/export');
    const lines = String(body)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(2);
    expect(lines).toContainEqual(expect.objectContaining({ to, reason: 'imported', channel: null, sender: null }));
    const first = await service.call('POST', '/v1/suppressions', { to, note: 'asked by letter' });
    const second = await service.call('POST', '/v1/suppressions', { to });
    expect(second.body.id).toBe(first.body.id);
  });

  it('outlive the person’s erasure without the number; consents go with them', async () => {
    const phone = await openPhone(profile);
    const { service, to } = phone;
    await phone.consent({ wording: 'News once a week.' });
    await phone.write('stop it now please');
    await service.call('POST', '/v1/privacy/erasures', { to });
    service.clock.now += 1000;
    await service.services.privacy.worker.runDue();
    expect((await service.call('GET', url('/v1/consents/history', to))).body.data).toEqual([]);
    expect((await service.call('GET', url('/v1/suppressions', to))).body.data).toMatchObject([
      { to: null, proof: null, reason: 'stop' },
    ]);
    await phone.consent();
    expect(await phone.send()).toMatchObject({ status: 'blocked', reason: 'opted_out' });
  });
});
