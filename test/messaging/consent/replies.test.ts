import { describe, expect, it } from 'vitest';
import { PROFILES } from '../../service.ts';
import { openPhone } from './phone.ts';

describe.each(PROFILES)('consent on the %s profile', (profile) => {
  it('marketing goes to nobody who has not consented, and everything else does', async () => {
    const phone = await openPhone(profile);
    expect(await phone.send()).toMatchObject({ status: 'blocked', reason: 'no_consent', attempts: [] });
    expect(await phone.send({ purpose: 'transactional' })).toMatchObject({ status: 'delivered' });
    expect((await phone.consent()).status).toBe(201);
    expect(await phone.send()).toMatchObject({ status: 'delivered' });
    // Consent to one channel is none to another.
    expect(await phone.send({ channel: 'voice' })).toMatchObject({ status: 'blocked', reason: 'no_consent' });
    expect(await phone.inbox()).toEqual(['Ten percent off.', 'Ten percent off.']);
    expect(await phone.events('message.blocked')).toHaveLength(2);
  });

  it('STOP from the phone holds for the next send, for what waits, and for calls; codes still go out', async () => {
    const phone = await openPhone(profile);
    const { service, to } = phone;
    await phone.consent();
    await phone.consent({ channel: 'voice' });
    const waiting = await phone.send({ send_at: new Date(service.clock.now + 60_000).toISOString() });
    expect(waiting.status).toBe('scheduled');
    await phone.write('STOP');
    expect(await phone.send()).toMatchObject({ status: 'blocked', reason: 'opted_out', attempts: [] });
    expect(await phone.send({ channel: 'voice' })).toMatchObject({ status: 'blocked', reason: 'opted_out' });
    service.clock.now += 60_000;
    await service.sendMessages();
    expect(await phone.read(waiting.id)).toMatchObject({ status: 'blocked', reason: 'opted_out' });
    expect(await phone.send({ purpose: 'transactional', text: 'Shipped.' })).toMatchObject({ status: 'delivered' });
    const started = await service.call('POST', '/v1/verifications', { to });
    expect(started.status).toBe(201);
    expect(await service.codeOf(to)).toMatch(/^\d{6}$/);
  });

  it('STOP is confirmed once, by the number it was sent to and in the language of the country; a second one is not', async () => {
    const phone = await openPhone(profile);
    await phone.consent();
    await phone.write('Arrêt !');
    await phone.write('STOP');
    const texts = await phone.inbox();
    expect(texts).toHaveLength(1);
    expect(texts[0]).toContain('vous ne recevrez plus de messages publicitaires');
    const { body } = await phone.service.call('GET', `/v1/messages?to=${encodeURIComponent(phone.to)}`);
    expect(body.data).toMatchObject([{ sender: 'ACME', purpose: 'transactional' }]);
    expect(await phone.events('recipient.opted_out')).toMatchObject([
      { data: { by: 'keyword', rule: 'keyword', channel: 'sms', review: false } },
    ]);
  });

  it('ten STOPs at once are one, confirmed once', async () => {
    const phone = await openPhone(profile);
    const { service, to: from } = phone;
    await phone.consent();
    const project = (await service.call('GET', '/v1/events?limit=1')).body.data[0].project;
    const bring = (at: number) =>
      service.services.delivery.takeInbound(
        'sandbox',
        [{ providerId: `at-once-${at}`, channel: 'sms', from, to: 'ACME', text: 'STOP' }],
        { project, mode: 'test' },
      );
    await Promise.all(Array.from({ length: 10 }, (_, at) => bring(at)));
    await service.sendMessages();
    expect(await phone.inbox()).toHaveLength(1);
    expect(await phone.events('recipient.opted_out')).toHaveLength(1);
    const history = await service.call('GET', `/v1/consents/history?to=${encodeURIComponent(from)}`);
    expect(history.body.data).toHaveLength(2);
  });

  it('START takes STOP back and restores what had been granted, and no more', async () => {
    const phone = await openPhone(profile);
    await phone.consent();
    await phone.write('stop');
    phone.service.clock.now += 1000;
    await phone.write('START');
    expect(await phone.send()).toMatchObject({ status: 'delivered' });
    expect((await phone.inbox())[1]).toContain('à nouveau');
    expect(await phone.send({ channel: 'voice' })).toMatchObject({ status: 'blocked', reason: 'no_consent' });
    // Who has not stopped starts nothing.
    const other = await openPhone(profile);
    await other.write('START');
    expect(await other.send()).toMatchObject({ status: 'blocked', reason: 'no_consent' });
    expect(await other.inbox()).toEqual([]);
  });

  it('HELP is answered and changes nothing; any other text is not answered', async () => {
    const phone = await openPhone(profile);
    await phone.consent();
    await phone.write('aide');
    expect(await phone.inbox()).toEqual([expect.stringContaining('STOP')]);
    await phone.write('See you on Friday');
    expect(await phone.inbox()).toHaveLength(1);
    expect(await phone.send()).toMatchObject({ status: 'delivered' });
  });

  it('a project may answer HELP in its own words, and have STOP end one sender only', async () => {
    const phone = await openPhone(profile);
    const settings = { help: 'ACME, 1 rue de la Paix. 01 23 45 67 89. STOP to end.', stop_scope: 'sender' };
    expect((await phone.service.call('PUT', '/v1/consents/settings', settings)).status).toBe(200);
    expect((await phone.service.call('GET', '/v1/consents/settings')).body).toEqual(settings);
    await phone.consent();
    await phone.write('HELP', '+33755555555');
    expect(await phone.inbox()).toEqual([settings.help]);
    await phone.write('STOP', '+33755555555');
    expect(await phone.send({ sender: '+33755555555' })).toMatchObject({ status: 'blocked', reason: 'opted_out' });
    expect(await phone.send({ sender: '+33766666666' })).toMatchObject({ status: 'delivered' });
    await phone.write('START', '+33766666666');
    expect(await phone.send({ sender: '+33755555555' })).toMatchObject({ status: 'blocked' });
    await phone.write('START', '+33755555555');
    expect(await phone.send({ sender: '+33755555555' })).toMatchObject({ status: 'delivered' });
    expect(await phone.events('consent_settings.updated')).toHaveLength(1);
  });

  it('a sentence that means it counts, and one that probably does waits for somebody to look', async () => {
    const phone = await openPhone(profile);
    const { service, to } = phone;
    await phone.consent();
    await phone.write('leave me alone');
    expect(await phone.send()).toMatchObject({ status: 'blocked', reason: 'opted_out' });
    const list = () => service.call('GET', '/v1/suppressions?review=true');
    const [found] = (await list()).body.data;
    expect(found).toMatchObject({ to, reason: 'stop', review: true, proof: { text: 'leave me alone' } });
    await phone.write('please stop texting me');
    expect((await list()).body.data).toEqual([]);
    expect((await service.call('DELETE', `/v1/suppressions/${found.id}`)).status).toBe(204);
  });
});
