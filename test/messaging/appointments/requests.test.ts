import { describe, expect, it } from 'vitest';
import { PROFILES } from '../../service.ts';
import { HOUR, openDiaries } from './diary.ts';

const at = (ms: number) => new Date(ms).toISOString();
const DAY = 24 * HOUR;

describe.each(PROFILES)('appointments on the %s profile', (profile) => {
  const diaries = openDiaries(profile);

  it('that could not remind are refused, with the member that is wrong', async () => {
    const diary = diaries.open();
    const { call, clock } = diary.service;
    const unknown = `con_${'0'.repeat(26)}`;
    const template = `tpl_${'0'.repeat(26)}`;
    for (const [body, pointer] of [
      [{ starts_at: at(clock.now) }, '/starts_at'],
      [{ starts_at: '2027-03-28T02:30', time_zone: 'Europe/Paris' }, '/starts_at'],
      [{ starts_at: '2027-06-28T02:30' }, '/starts_at'],
      [{ starts_at: '9999-12-31T23:59:59-23:59' }, '/starts_at'],
      [{ time_zone: 'Mars/Olympus' }, '/time_zone'],
      [{ to: undefined }, '/to'],
      [{ contact_id: unknown }, '/to'],
      [{ to: undefined, contact_id: unknown }, '/contact_id'],
      [{ to: '+33123' }, '/to'],
      [{ text: undefined }, '/text'],
      [{ template }, '/text'],
      [{ text: undefined, template }, '/template'],
      [{ text: 'x'.repeat(1_700) }, '/text'],
      [{ channel: 'email', to: 'a@example.com', sender: undefined }, '/subject'],
    ] as const) {
      const answer = await diary.create(body);
      expect([answer.status, answer.body.errors?.[0]?.pointer], JSON.stringify(body)).toEqual([422, pointer]);
    }
    for (const reminders of [
      [{ hours_before: 0 }],
      [{ days_before: 1 }],
      [{ days_before: 1, at: '25:00' }],
      Array(11).fill({ hours_before: 1 }),
    ]) {
      expect((await diary.create({ reminders })).status, JSON.stringify(reminders)).toBe(422);
    }
    const { body } = await call('GET', `/v1/appointments?to=${encodeURIComponent(diary.to)}`);
    expect(body.data).toEqual([]);
  });

  it('are listed by their time, filtered, page by page, and are nobody else’s', async () => {
    const diary = diaries.open();
    const { call, clock } = diary.service;
    for (const hours of [50, 30, 40]) await diary.create({ starts_at: at(clock.now + hours * HOUR) });
    const list = async (query: string) =>
      (await call('GET', `/v1/appointments?to=${encodeURIComponent(diary.to)}${query}`)).body;
    const first = await list('&limit=2');
    const rest = await list(`&limit=2&cursor=${first.next_cursor}`);
    const times = [...first.data, ...rest.data].map(({ starts_at }) => (Date.parse(starts_at) - clock.now) / HOUR);
    expect(times).toEqual([30, 40, 50]);
    expect(rest.next_cursor).toBeNull();
    const [{ id }] = first.data;
    await call('POST', `/v1/appointments/${id}/confirm`, {});
    expect((await list('&status=confirmed')).data).toMatchObject([{ id }]);
    expect(
      (await list(`&starts_from=${at(clock.now + 35 * HOUR)}&starts_before=${at(clock.now + 50 * HOUR)}`)).data,
    ).toHaveLength(1);
    const live = await call('POST', '/v1/keys', {
      name: 'live',
      mode: 'live',
      scopes: ['messages:read', 'messages:send'],
    });
    const key = live.body.key ?? live.body.secret;
    expect((await call('GET', `/v1/appointments/${id}`, undefined, { key })).status).toBe(404);
    expect((await call('POST', `/v1/appointments/${id}/cancel`, {}, { key })).status).toBe(404);
    expect((await call('PATCH', `/v1/appointments/${id}`, { text: 'x' }, { key })).status).toBe(404);
  });

  it('keep what a change does not name', async () => {
    const diary = diaries.open();
    const { call } = diary.service;
    const made = await diary.create({ validity_seconds: 600, metadata: { room: '7' }, locale: 'de' });
    const url = `/v1/appointments/${made.body.id}`;
    expect((await call('PATCH', url, {})).status).toBe(422);
    const { updated_at: _then, ...before } = made.body;
    const { updated_at: _now, ...after } = (await call('PATCH', url, { reminders: [{ hours_before: 3 }] })).body;
    expect(after).toEqual({
      ...before,
      reminders: [{ ...before.reminders[1], rule: '3h', due_at: expect.any(String) }],
    });
    expect((await diary.create()).body.validity_seconds).toBeNull();
    // Each finds what the other has changed.
    const rules = (hours: number) => ({ reminders: [{ hours_before: hours }] });
    await Promise.all([
      call('PATCH', url, { text: 'New.' }),
      call('PATCH', url, { shorten_links: false }),
      call('PATCH', url, rules(4)),
    ]);
    expect(await diary.read(made.body.id)).toMatchObject({ text: 'New.', reminders: [{ rule: '4h' }] });
    for (const change of [{ variables: {} }, { template: `tpl_${'0'.repeat(26)}` }, { subject: 'x', text: 'x' }]) {
      expect((await call('PATCH', url, change)).status, JSON.stringify(change)).toBe(422);
    }
  });

  it('are one for one Idempotency-Key, and go through their states', async () => {
    const diary = diaries.open();
    const { call } = diary.service;
    const body = { to: diary.to, starts_at: at(diary.service.clock.now + 3 * DAY), text: 'Soon.' };
    const headers = { 'idempotency-key': `apt-${diary.to}` };
    const [one, two] = [
      await call('POST', '/v1/appointments', body, { headers }),
      await call('POST', '/v1/appointments', body, { headers }),
    ];
    expect(two.body).toEqual(one.body);
    const url = `/v1/appointments/${one.body.id}`;
    const act = async (name: string) => {
      const { status, body: said } = await call('POST', `${url}/${name}`, {});
      return status === 200 ? said.status : `${said.code} ${said.appointment_status}`;
    };
    expect(await act('confirm')).toBe('confirmed');
    expect(await act('confirm')).toBe('confirmed');
    expect(await act('miss')).toBe('missed');
    expect(await act('complete')).toBe('completed');
    expect(await act('cancel')).toBe('appointment_ended completed');
    expect((await call('PATCH', url, { text: 'x' })).body).toMatchObject({ code: 'appointment_ended' });
    expect(await diary.told()).toEqual(['created', 'confirmed', 'missed', 'completed']);
    await diary.pass(3 * DAY);
    expect(await diary.inbox()).toEqual([]);
  });

  it('of a contact take its address, language and zone; a template is filled in with the time that holds', async () => {
    const diary = diaries.open();
    const { call, clock } = diary.service;
    const contact = await call('POST', '/v1/contacts', { phone: diary.to, locale: 'de', time_zone: 'Europe/Berlin' });
    const template = await call('POST', '/v1/templates', {
      name: `reminder ${diary.to}`,
      variables: {
        name: { type: 'string' },
        appointment_date: { type: 'string' },
        appointment_time: { type: 'string' },
      },
      default_locale: 'en',
      locales: {
        en: { sms: { text: '{{name}}: {{appointment_date}} {{appointment_time}}' } },
        de: { sms: { text: '{{name}}, Termin am {{appointment_date}} um {{appointment_time}}' } },
      },
    });
    expect(template.status, JSON.stringify(template.body)).toBe(201);
    const day = at(clock.now + 4 * DAY).slice(0, 10);
    const words = { template: template.body.id, variables: { name: 'Ada' } };
    const { text: _, ...given } = { ...words, text: undefined };
    const made = await call('POST', '/v1/appointments', {
      ...{ contact_id: contact.body.id, starts_at: `${day}T15:00`, reminders: [{ days_before: 1, at: '18:00' }] },
      ...given,
    });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    expect(made.body).toMatchObject({ to: diary.to, locale: 'de', time_zone: 'Europe/Berlin' });
    const moved = await call('PATCH', `/v1/appointments/${made.body.id}`, { starts_at: `${day}T16:30` });
    expect(moved.status, JSON.stringify(moved.body)).toBe(200);
    await diary.pass(Date.parse(moved.body.reminders.at(-1).due_at) - clock.now);
    const [text] = await diary.inbox();
    expect(text).toMatch(/^Ada, Termin am \w+, \d+\. \w+ um 16:30$/);
    // What can no longer be said is told, and the appointment goes on.
    const late = await call('POST', '/v1/appointments', {
      ...{ contact_id: contact.body.id, starts_at: at(clock.now + 4 * HOUR), ...given },
    });
    await call('DELETE', `/v1/templates/${template.body.id}`);
    await diary.pass(2 * HOUR);
    expect((await diary.read(late.body.id)).reminders).toMatchObject([
      { rule: '24h', status: 'skipped', reason: 'past' },
      { rule: '2h', status: 'failed', reason: 'invalid_words' },
    ]);
  });

  it('go with the person, and after their time', async () => {
    const diary = diaries.open();
    const { call, services, clock } = diary.service;
    const erased = await diary.create();
    const other = diaries.open();
    const kept = await other.create();
    const copy = await call('GET', `/v1/privacy/exports?to=${encodeURIComponent(diary.to)}`);
    expect(JSON.stringify(copy.body)).toContain(erased.body.id);
    expect((await call('POST', '/v1/privacy/erasures', { to: diary.to })).status).toBe(202);
    await services.privacy.worker.runDue();
    expect((await call('GET', `/v1/appointments/${erased.body.id}`)).status).toBe(404);
    await diary.pass(29 * HOUR);
    expect(await diary.inbox()).toEqual([]);
    expect((await other.read(kept.body.id)).reminders).toMatchObject([{ status: 'skipped' }, { status: 'sent' }]);
    clock.now += 92 * DAY;
    await other.work();
    await services.privacy.worker.runDue();
    expect((await call('GET', `/v1/appointments/${kept.body.id}`)).status).toBe(404);
    const left = await services.db.kysely
      .selectFrom('appointment_reminders')
      .select('rule')
      .where('appointment_id', '=', kept.body.id)
      .execute();
    expect(left).toEqual([]);
  });
});
