import { describe, expect, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import { createChangeStreams } from '../../../src/messaging/conversations/change-streams.ts';
import { changedAfter } from '../../../src/messaging/conversations/conversations-table.ts';
import { newNumber, PROFILES } from '../../service.ts';
import { OURS, openTalk } from '../inbound/phone.ts';

describe.each(PROFILES)('conversations on the %s profile', (profile) => {
  it('a person’s messages and all answers of one number are one thread, and replies come from that number', async () => {
    const talk = await openTalk(profile);
    const { make, write, work, call, inbox, from, service } = talk;
    await write('Is it open today?');
    await write('Hello?');
    await write('Something else', { to: '+33755550199' });
    const { data } = (await call('GET', `/v1/conversations?from=${encodeURIComponent(from)}`)).body;
    expect(data).toMatchObject([
      { from, to: '+33755550199', unread: 1 },
      { from, to: `+${OURS}`, unread: 2, status: 'open', assignee: null, reply_until: null },
    ]);
    const { id } = data[1];
    service.clock.now += 1_000;
    const reply = await make(`/v1/conversations/${id}/messages`, { text: 'From 9 to 5.', author: 'kim' });
    expect(reply).toMatchObject({ sender: `+${OURS}`, to: from, purpose: 'transactional' });
    await work();
    expect(await inbox()).toEqual(['From 9 to 5.']);
    const thread = (await call('GET', `/v1/conversations/${id}/messages?limit=2`)).body;
    expect(thread.data).toMatchObject([
      { direction: 'out', text: 'From 9 to 5.', author: 'kim', status: 'delivered' },
      { direction: 'in', text: 'Hello?', author: null },
    ]);
    const rest = (await call('GET', `/v1/conversations/${id}/messages?cursor=${thread.next_cursor}`)).body;
    expect(rest.data).toMatchObject([{ direction: 'in', text: 'Is it open today?' }]);
    expect((await call('GET', `/v1/conversations/${id}`)).body).toMatchObject({ unread: 0 });
    expect((await call('GET', '/v1/conversations/unread')).body).toEqual({ conversations: 1, messages: 1 });
  });

  it('is assigned, read and closed, opens again when the person writes, and is listed by each of it', async () => {
    const { make, write, call, service, events } = await openTalk(profile);
    await write('Hello?');
    await write('Hello too', { from: newNumber() });
    const ids = async (query: string) =>
      (await call('GET', `/v1/conversations?${query}`)).body.data.map(({ id }: { id: string }) => id);
    const [second, first] = await ids('');
    expect((await call('PATCH', `/v1/conversations/${first}`, { assignee: 'kim', unread: 0 })).body).toMatchObject({
      assignee: 'kim',
      unread: 0,
    });
    expect(await ids('assignee=kim')).toEqual([first]);
    expect(await ids('unassigned=true')).toEqual([second]);
    expect(await ids('unread=true')).toEqual([second]);
    await call('PATCH', `/v1/conversations/${first}`, { status: 'closed' });
    expect(await ids('status=closed')).toEqual([first]);
    await write('One more thing');
    expect(await ids('status=open')).toEqual([first, second]);
    expect(await events('conversation.opened')).toHaveLength(3);
    expect(await events('conversation.updated')).toHaveLength(2);
    const other = await make('/v1/projects', { name: 'other' });
    const scopes = ['conversations:read', 'conversations:write'];
    const { key } = await make('/v1/keys', { name: 'k', scopes, project: other.id });
    expect((await call('GET', `/v1/conversations/${first}`, undefined, { key })).status).toBe(404);
    const reply = await call('POST', `/v1/conversations/${first}/messages`, { text: 'Hi' }, { key });
    expect(reply.status).toBe(404);
    expect(service.services.firstProject.id).not.toBe(other.id);
  });

  it('STOP in a conversation opts out, and stays in the thread; what a rule answers begins none', async () => {
    const { make, write, call, from } = await openTalk(profile);
    await make('/v1/keywords', { keywords: ['hours'], action: { type: 'reply', text: 'From 9 to 5.' } });
    await make('/v1/consents', { to: from, source: 'website' });
    await write('hours');
    expect((await call('GET', '/v1/conversations')).body.data).toEqual([]);
    await write('I have a question');
    await write('STOP');
    const [{ id, unread }] = (await call('GET', '/v1/conversations')).body.data;
    expect(unread).toBe(1);
    const { data } = (await call('GET', `/v1/conversations/${id}/messages`)).body;
    expect(data.map(({ text }: { text: string }) => text)).toEqual(
      expect.arrayContaining(['STOP', 'I have a question', 'From 9 to 5.']),
    );
    const offer = await make('/v1/messages', { to: from, text: 'Ten percent off.', purpose: 'marketing' });
    expect(offer).toMatchObject({ status: 'blocked', reason: 'opted_out' });
  });

  it('by WhatsApp words of one’s own are taken for a day after the person wrote, then an approved template only', async () => {
    const { make, call, service, from, work } = await openTalk(profile);
    const owner = { project: service.services.firstProject.id, mode: 'test' as const };
    const mo = { providerId: 'wa-1', channel: 'whatsapp' as const, from, to: OURS, text: 'Hello?' };
    await service.services.delivery.takeInbound('sandbox', [mo], owner);
    await work();
    const [conversation] = (await call('GET', '/v1/conversations?channel=whatsapp')).body.data;
    const until = new Date(service.clock.now + 86_400_000).toISOString();
    expect(conversation.reply_until).toBe(until);
    const replies = `/v1/conversations/${conversation.id}/messages`;
    service.clock.now += 86_400_000;
    expect(await make(replies, { text: 'Good morning.' })).toMatchObject({ channel: 'whatsapp', sender: OURS });
    service.clock.now += 1;
    expect(await call('POST', replies, { text: 'Still there?' })).toMatchObject({
      status: 409,
      body: { code: 'reply_window_closed' },
    });
    const text = 'Are you still there?';
    const approved = { text, template: { name: 'follow_up', language: 'en', parameters: [] } };
    const templateOf = (name: string, whatsapp: object) =>
      make('/v1/templates', { name, variables: {}, default_locale: 'en', locales: { en: { whatsapp } } });
    const { id: own } = await templateOf('own', { text });
    expect((await call('POST', replies, { template: own })).body.code).toBe('reply_window_closed');
    const { id: template } = await templateOf('follow_up', approved);
    expect(await make(replies, { template })).toMatchObject({ channel: 'whatsapp', template: { id: template } });
  });
});

it('changes are streamed as they happen, to whoever may read them', async () => {
  const { service, write } = await openTalk('embedded');
  const address = await service.app.listen({ port: 0, host: '127.0.0.1' });
  const headers = { authorization: `Bearer ${service.key}` };
  const answer = await fetch(`${address}/v1/conversations/stream`, { headers });
  expect(answer.headers.get('content-type')).toContain('text/event-stream');
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const until = async (part: string) => {
    while (!text.includes(part)) {
      const { value, done } = (await reader?.read()) ?? { value: undefined, done: true };
      if (done) throw new Error(`the stream ended: ${text}`);
      text += value;
    }
  };
  await until('retry');
  await write('Hello?');
  await until('"unread":1');
  await write('Hello again?');
  await until('"unread":2');
  expect(text.match(/event: conversation/g)).toHaveLength(2);
  await reader?.cancel();
});

it('more changes at a time than are read at once are all streamed', async () => {
  const { service } = await openTalk('embedded');
  const { db, firstProject } = service.services;
  const rows = Array.from({ length: 1_100 }, (_, index) => ({
    ...{ id: newId('cnv'), project_id: firstProject.id, mode: 'test' as const, channel: 'sms' },
    ...{ address_hash: `hash ${index}`, address: newNumber(), address_masked: '+336…', number: OURS, number_key: OURS },
    ...{ status: 'open' as const, assignee: null, unread: 1, last_inbound_at: 1, last_at: 1, created_at: 1 },
    updated_at: 10_000 + (index % 3),
  }));
  for (let from = 0; from < rows.length; from += 100) {
    await db.kysely
      .insertInto('conversations')
      .values(rows.slice(from, from + 100))
      .execute();
  }
  const owner = { project: firstProject.id, mode: 'test' as const };
  const streams = createChangeStreams();
  const stream = streams.open(
    10_000,
    (after) => changedAfter(db.kysely, owner, after),
    async (changed) => changed.map(({ id }) => ({ id })),
    async () => true,
  );
  const told = new Set<string>();
  for await (const chunk of stream ?? []) {
    const [, id] = /"id":"([^"]+)"/.exec(String(chunk)) ?? [];
    if (id !== undefined) told.add(id);
    if (told.size === rows.length || String(chunk).startsWith(':')) break;
  }
  expect(told.size).toBe(rows.length);
  streams.closeAll();
});
