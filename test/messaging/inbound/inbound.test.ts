import { describe, expect, it } from 'vitest';
import { keepInbound } from '../../../src/delivery/messages/keep-inbound.ts';
import { newNumber } from '../../service.ts';
import { OURS, openTalk } from './phone.ts';

// With Redis nothing of it is elsewhere.
describe.each(['embedded', 'postgres'] as const)('messages from phones on the %s profile', (profile) => {
  it('each is told of once, masked and with its text, however often the carrier reports it', async () => {
    const { service, from, work, events, inbound } = await openTalk(profile);
    const { project, mode } = { project: service.services.firstProject.id, mode: 'test' as const };
    const mo = { providerId: 'mo-1', channel: 'sms' as const, from, to: OURS, text: 'Is it open today?' };
    for (let times = 0; times < 3; times += 1) {
      await service.services.delivery.takeInbound('sandbox', [mo], { project, mode });
      await work();
    }
    const told = await events('message.received');
    expect(told).toMatchObject([{ data: { channel: 'sms', to: OURS, text: mo.text } }]);
    expect(JSON.stringify(told)).not.toContain(from);
    expect(await inbound()).toMatchObject([{ from, to: OURS, text: mo.text, status: 'handled' }]);
  });

  it('a rule answers its word by the number that was written to, however the word is written', async () => {
    const { make, write, inbox, inbound, from, call } = await openTalk(profile);
    await make('/v1/keywords', {
      keywords: ['Öffnungszeiten', 'hours'],
      action: { type: 'reply', text: 'From 9 to 5.' },
    });
    await make('/v1/keywords', {
      keywords: ['order'],
      match: 'first',
      number: `+${OURS}`,
      action: { type: 'reply', text: 'Thank you.' },
    });
    await make('/v1/keywords', { keywords: [], action: { type: 'reply', text: 'Pardon?' } });
    await write('  HOURS! ');
    await write('offnungszeiten');
    await write('Order 12 roses');
    await write('order 12', { to: '+33755550199' });
    await write('hours please');
    expect(await inbox()).toEqual(['From 9 to 5.', 'From 9 to 5.', 'Thank you.', 'Pardon?', 'Pardon?']);
    expect(await inbound()).toMatchObject(Array(5).fill({ handled_by: 'keyword', status: 'handled' }));
    const { body } = await call('GET', `/v1/messages?to=${encodeURIComponent(from)}&limit=5`);
    expect(body.data.map(({ sender }: { sender: string }) => sender)).toContain('+33755550199');
  });

  it('a rule answers in a template, in the language and with the attributes of whoever wrote', async () => {
    const { make, call, write, inbox, inbound } = await openTalk(profile);
    const [carla, stranger] = [newNumber(), newNumber()];
    await call('PUT', '/v1/contact-attributes', { attributes: { name: 'string' } });
    await make('/v1/contacts', { phone: carla, locale: 'de', attributes: { name: 'Carla' } });
    const { id: template } = await make('/v1/templates', {
      ...{ name: 'hours', default_locale: 'en', variables: { name: { type: 'string' }, until: { type: 'number' } } },
      locales: { en: { sms: { text: '{{name}}: to {{until}}' } }, de: { sms: { text: '{{name}}: bis {{until}}' } } },
    });
    const action = { type: 'reply', template, variables: { name: { attribute: 'name', default: 'You' }, until: 17 } };
    await make('/v1/keywords', { keywords: ['hours'], action });
    await write('hours', { from: carla });
    await write('hours', { from: stranger });
    expect([await inbox(carla), await inbox(stranger)]).toEqual([['Carla: bis 17'], ['You: to 17']]);
    const { variables: _, ...bare } = action;
    await make('/v1/keywords', { keywords: ['bare'], action: bare });
    await write('bare', { from: carla });
    expect(await inbound('?limit=1')).toMatchObject([{ handled_by: 'keyword', reason: 'reply_invalid_words' }]);
    const errorsOf = async (change: object) =>
      (await call('POST', '/v1/keywords', { keywords: ['x'], action: { ...action, ...change } })).body.errors;
    const nobodys = template.replace(/.$/, (last: string) => (last === '0' ? '1' : '0'));
    expect(await errorsOf({ template: nobodys })).toMatchObject([{ pointer: '/action/template' }]);
    expect(await errorsOf({ template_version: 9 })).toMatchObject([{ pointer: '/action/template_version' }]);
    expect(await errorsOf({ variables: { nom: 'x' } })).toMatchObject([{ pointer: '/action/variables/nom' }]);
  });

  it('two at once on one message answer it once, and a person’s messages are handled in the order they came', async () => {
    const { make, service, from, inbox, events } = await openTalk(profile);
    await make('/v1/keywords', { keywords: ['hours'], action: { type: 'reply', text: 'From 9 to 5.' } });
    const owner = { project: service.services.firstProject.id, mode: 'test' as const };
    const texts = ['hours', 'one', 'two', 'three', 'four'];
    const report = texts.map((text, at) => ({ providerId: `mo-${at}`, channel: 'sms' as const, from, to: OURS, text }));
    await service.services.delivery.takeInbound('sandbox', report, owner);
    const { worker } = service.services.inbound;
    await Promise.all([worker.runDue(), worker.runDue(), worker.runDue()]);
    await service.sendMessages();
    expect(await inbox()).toEqual(['From 9 to 5.']);
    const told = (await events('message.received')).toReversed();
    expect(told.map(({ data }) => data.text)).toEqual(texts);
  });

  it('STOP comes before every rule, and a word of consent cannot be one', async () => {
    const { make, write, call, from, inbound, inbox } = await openTalk(profile);
    await make('/v1/keywords', { keywords: [], action: { type: 'reply', text: 'Pardon?' } });
    const refused = await call('POST', '/v1/keywords', { keywords: ['stop'], action: { type: 'forward' } });
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ pointer: '/keywords/0' }] } });
    await make('/v1/consents', { to: from, source: 'website' });
    await write('STOP');
    expect(await inbound()).toMatchObject([{ handled_by: 'consent' }]);
    expect(await inbox()).toHaveLength(1);
    const message = await make('/v1/messages', { to: from, text: 'Ten percent off.', purpose: 'marketing' });
    expect(message).toMatchObject({ status: 'blocked', reason: 'opted_out' });
  });

  it('STOP is acted upon once: by whoever finds it when its process has died, and not again after START', async () => {
    const { make, service, from, work } = await openTalk(profile);
    const { services, clock } = service;
    const owner = { project: services.firstProject.id, mode: 'test' as const };
    const say = (id: string, text: string) => ({ providerId: id, channel: 'sms' as const, from, to: OURS, text });
    const offer = () => make('/v1/messages', { to: from, text: 'Ten percent off.', purpose: 'marketing' });
    await make('/v1/consents', { to: from, source: 'website' });
    await keepInbound(
      services.db,
      services.hashKey,
      'sandbox',
      [say('mo-1', 'STOP')],
      clock.now,
      new Map([[OURS, owner]]),
    );
    await work();
    expect(await offer()).toMatchObject({ status: 'accepted' });
    clock.now += 10_000;
    await work();
    expect(await offer()).toMatchObject({ status: 'blocked', reason: 'opted_out' });
    clock.now += 1_000;
    await services.delivery.takeInbound('sandbox', [say('mo-2', 'START')], owner);
    expect(await offer()).toMatchObject({ status: 'accepted' });
    clock.now += 1_000;
    await services.delivery.takeInbound('sandbox', [say('mo-1', 'STOP')], owner);
    expect(await offer()).toMatchObject({ status: 'accepted' });
  });

  it('a word of the project opts in and another one out, in the ledger with what was written', async () => {
    const { make, write, call, from } = await openTalk(profile);
    await make('/v1/keywords', { keywords: ['join'], action: { type: 'opt_in', text: 'Welcome.' } });
    await make('/v1/keywords', { keywords: ['leave'], action: { type: 'opt_out' } });
    const offer = () => make('/v1/messages', { to: from, text: 'Ten percent off.', purpose: 'marketing' });
    expect(await offer()).toMatchObject({ status: 'blocked', reason: 'no_consent' });
    await write('JOIN');
    expect(await offer()).toMatchObject({ status: 'accepted' });
    await write('leave');
    expect(await offer()).toMatchObject({ status: 'blocked', reason: 'opted_out' });
    await write('join');
    expect(await offer()).toMatchObject({ status: 'accepted' });
    const { body } = await call('GET', `/v1/consents/history?to=${encodeURIComponent(from)}`);
    expect(body.data.map(({ state }: { state: string }) => state)).toEqual(['granted', 'revoked', 'granted']);
  });

  it('an answer that the project’s policy does not let out is not sent, and the message says why', async () => {
    const { make, write, inbox, inbound, call, service } = await openTalk(profile);
    await make('/v1/keywords', { keywords: ['hours'], action: { type: 'reply', text: 'From 9 to 5.' } });
    const { id } = service.services.firstProject;
    const { status } = await call('PATCH', `/v1/projects/${id}`, { policy: { template_review: 'all' } });
    expect(status).toBe(200);
    await write('hours');
    expect(await inbox()).toEqual([]);
    expect(await inbound()).toMatchObject([{ status: 'handled', reason: 'reply_forbidden' }]);
  });

  it('a number belongs to whom it is claimed by; what is written to nobody’s is kept and nothing done about it', async () => {
    const { service, call, make, work, inbound, events } = await openTalk(profile);
    const { services } = service;
    const report = (id: string, from: string) =>
      services.delivery.takeInbound('main', [{ providerId: id, channel: 'sms', from, to: OURS, text: 'Hello' }]);
    await report('mo-1', newNumber());
    await work();
    const lost = await services.db.kysely.selectFrom('inbound_messages').selectAll().executeTakeFirstOrThrow();
    expect(lost).toMatchObject({ project_id: null, due_at: null, reason: 'unowned' });
    expect(await inbound()).toEqual([]);
    service.clock.now += 7 * 86_400_000;
    expect((await call('PUT', `/v1/numbers/%2B${OURS}`)).status).toBe(200);
    await report('mo-2', newNumber());
    await work();
    expect(await inbound()).toMatchObject([{ to: OURS, text: 'Hello' }]);
    expect(await events('message.received')).toHaveLength(1);
    const other = await make('/v1/projects', { name: 'other' });
    const scopes = ['settings:write', 'messages:read', 'conversations:read'];
    const { key } = await make('/v1/keys', { name: 'k', scopes, project: other.id });
    expect((await call('PUT', `/v1/numbers/${OURS}`, undefined, { key })).status).toBe(409);
    expect((await call('GET', '/v1/inbound', undefined, { key })).body.data).toEqual([]);
    expect((await call('DELETE', `/v1/numbers/${OURS}`, undefined, { key })).status).toBe(404);
    expect((await call('DELETE', `/v1/numbers/${OURS}`)).status).toBe(204);
    expect((await call('GET', '/v1/numbers')).body.data).toEqual([]);
  });

  it('what was written to a number in the week before it was claimed is told of; STOP holds, and nothing is answered', async () => {
    const { service, call, make, work, inbound, inbox, events } = await openTalk(profile);
    const [curious, weary] = [newNumber(), newNumber()];
    const report = (from: string, text: string) =>
      service.services.delivery.takeInbound('main', [
        { providerId: `${from} ${text}`, channel: 'sms', from, to: OURS, text },
      ]);
    await make('/v1/keywords', { keywords: ['hours'], action: { type: 'reply', text: 'From 9 to 5.' } });
    await report(curious, 'hours');
    service.clock.now += 1_000;
    await report(weary, 'STOP');
    await work();
    service.clock.now += 6 * 86_400_000;
    expect((await call('PUT', `/v1/numbers/%2B${OURS}`)).status).toBe(200);
    await work();
    expect(await inbound()).toMatchObject([
      { text: 'STOP', status: 'handled', handled_by: 'consent' },
      { text: 'hours', status: 'handled', handled_by: null, conversation_id: expect.stringMatching(/^cnv_/) },
    ]);
    expect((await events('number.claimed')).map(({ data }) => data)).toMatchObject([{ offered: 2 }]);
    expect(await events('message.received')).toHaveLength(2);
    expect(await inbox(curious)).toEqual([]);
    const offer = await make('/v1/messages', { to: weary, text: 'Offer', purpose: 'marketing' });
    expect(offer).toMatchObject({ status: 'blocked', reason: 'opted_out' });
    await report(curious, 'hours?');
    await work();
    expect(await inbox(curious)).toEqual(['From 9 to 5.']);
  });

  it('two machines that answer each other are quiet after twenty answers in an hour', async () => {
    const { make, write, writeAll, inbox, inbound, service } = await openTalk(profile);
    await make('/v1/keywords', { keywords: [], action: { type: 'reply', text: 'I am out of office.' } });
    await writeAll(Array(20).fill('I am out of office.'));
    await writeAll(Array(3).fill('I am out of office.'));
    expect(await inbox()).toHaveLength(20);
    expect((await inbound('?limit=3')).map(({ reason }) => reason)).toEqual([
      'reply_limit',
      'reply_limit',
      'reply_limit',
    ]);
    service.clock.now += 3_600_001;
    await write('Are you back?');
    expect(await inbox()).toHaveLength(21);
  });

  it('control characters are kept and neither hide a word nor get into an answer', async () => {
    const { make, writeAll, inbox, events } = await openTalk(profile);
    await make('/v1/keywords', { keywords: ['hours'], action: { type: 'reply', text: 'From 9 to 5.' } });
    const text = '\u0007ho\u0000urs\u001b\r\n';
    await writeAll([text]);
    expect(await inbox()).toEqual(['From 9 to 5.']);
    expect(await events('message.received')).toMatchObject([{ data: { text: text.replace('\0', '') } }]);
  });

  it('a failing handler is asked again, and what it had written is not there; what is given up says so', async () => {
    const talk = await openTalk(profile);
    const { make, write, inbound, service, inbox, events, work } = talk;
    const { id } = await make('/v1/keywords', { keywords: ['hours'], action: { type: 'reply', text: 'From 9 to 5.' } });
    const { kysely } = service.services.db;
    const broken = (action: string) => kysely.updateTable('keywords').set({ action }).where('id', '=', id).execute();
    const { action } = await kysely.selectFrom('keywords').select('action').executeTakeFirstOrThrow();
    await broken('{');
    await write('hours');
    expect(await inbound()).toMatchObject([{ status: 'waiting', handled_by: null }]);
    expect(await events('message.received')).toEqual([]);
    await broken(action);
    service.clock.now += 3_600_000;
    await work();
    expect(await inbox()).toEqual(['From 9 to 5.']);
    await broken('{');
    await write('hours');
    for (let times = 0; times < 8; times += 1) {
      service.clock.now += 3_600_000;
      await work();
    }
    expect(await inbound('?limit=1')).toMatchObject([{ status: 'failed', reason: 'failed' }]);
    await broken(action);
    await write('hours');
    expect(await inbox()).toEqual(['From 9 to 5.', 'From 9 to 5.']);
  });
});
