import { describe, expect, it } from 'vitest';
import { openAppointments } from '../../../src/messaging/appointments/open-appointments.ts';
import { PROFILES } from '../../service.ts';
import { HOUR, openDiaries } from './diary.ts';

const at = (ms: number) => new Date(ms).toISOString();

describe.each(PROFILES)('reminders on the %s profile', (profile) => {
  const diaries = openDiaries(profile);

  it('go out when they are due, each once, and never after the time', async () => {
    const diary = diaries.open();
    const { body, status } = await diary.create();
    expect(status, JSON.stringify(body)).toBe(201);
    expect(body.reminders).toMatchObject([
      { rule: '24h', status: 'planned' },
      { rule: '2h', status: 'planned' },
    ]);
    await diary.pass(6 * HOUR - 1);
    expect(await diary.inbox()).toEqual([]);
    await diary.pass(1);
    await diary.work();
    expect(await diary.inbox()).toEqual([
      'See you on samedi 16 janvier at 14:00. Reply 1 to confirm, 2 to cancel, 3 to move.',
    ]);
    await diary.pass(22 * HOUR);
    expect(await diary.inbox()).toHaveLength(2);
    await diary.pass(3 * HOUR);
    expect(await diary.inbox()).toHaveLength(2);
    const read = await diary.read(body.id);
    expect(read).toMatchObject({ status: 'expired', reminders: [{ status: 'sent' }, { status: 'sent' }] });
    expect(await diary.told()).toEqual(['created', 'reminded', 'reminded', 'expired']);
  });

  it('that nobody could send in time are left out and say so; of two that are late the later one goes', async () => {
    const diary = diaries.open();
    const made = await diary.create({
      reminders: [{ hours_before: 40 }, { hours_before: 24 }, { minutes_before: 90 }],
    });
    const late = await diary.create({ starts_at: at(diary.service.clock.now + 50 * HOUR) });
    await diary.pass(29 * HOUR);
    expect((await diary.read(made.body.id)).reminders).toMatchObject([
      { rule: '40h', status: 'skipped', reason: 'past' },
      { rule: '24h', status: 'skipped', reason: 'overtaken' },
      { rule: '90m', status: 'sent' },
    ]);
    // Every process was down until after the time.
    await diary.pass(30 * HOUR);
    expect(await diary.read(late.body.id)).toMatchObject({
      status: 'expired',
      reminders: [
        { rule: '24h', status: 'sent' },
        { rule: '2h', status: 'skipped', reason: 'too_late' },
      ],
    });
  });

  it('of two workers at once go out once', async () => {
    const diary = diaries.open();
    const other = profile === 'embedded' ? diary.service : await diaries.beside();
    await Promise.all(Array.from({ length: 5 }, () => diary.create()));
    diary.service.clock.now += 6 * HOUR;
    const workers = [diary.service, other].map(({ services }) => services.messaging.appointments.worker);
    await Promise.all([...workers, ...workers].map((worker) => worker.runDue()));
    await diary.work();
    expect(await diary.told()).toEqual([...Array(5).fill('created'), ...Array(5).fill('reminded')]);
    const { body } = await diary.service.call('GET', `/v1/messages?to=${encodeURIComponent(diary.to)}`);
    expect(body.data).toHaveLength(5);
  });

  it('by a worker that has slept too long, or beside a change, do not go out', async () => {
    const diary = diaries.open();
    const { services, clock, call } = diary.service;
    const { db, messaging, templateReader: reader, delivery } = services;
    /** What happens while the worker has the reminder in hand. */
    const workerDuring = (meanwhile: () => Promise<unknown>) => {
      let first = true;
      const deps = { db, messages: messaging.messages, reader, outgoing: delivery.queue, now: () => clock.now };
      return openAppointments({
        ...deps,
        async callerOf(project) {
          if (first) await meanwhile();
          first = false;
          return messaging.callerOf(project);
        },
        onError(error) {
          throw error;
        },
      }).worker;
    };
    const slept = await diary.create();
    clock.now += 6 * HOUR;
    await workerDuring(async () => {
      clock.now += 31_000;
      await diary.work();
    }).runDue();
    await diary.work();
    expect(await diary.inbox()).toHaveLength(1);
    expect(await diary.told()).toEqual(['created', 'reminded']);
    await call('POST', `/v1/appointments/${slept.body.id}/complete`, {});

    const moved = await diary.create();
    const url = `/v1/appointments/${moved.body.id}`;
    clock.now += 6 * HOUR;
    await workerDuring(() => call('PATCH', url, { starts_at: at(clock.now + 72 * HOUR) })).runDue();
    await diary.work();
    expect(await diary.inbox()).toHaveLength(1);
    expect((await diary.read(moved.body.id)).reminders).toMatchObject([{ status: 'planned' }, { status: 'planned' }]);
  });

  it('move with the time, and are not repeated when something else changes', async () => {
    const diary = diaries.open();
    const { body } = await diary.create();
    const { call, clock } = diary.service;
    const url = `/v1/appointments/${body.id}`;
    await diary.pass(6 * HOUR);
    expect((await call('PATCH', url, { text: 'Floor 2.' })).status).toBe(200);
    const same = await call('PATCH', url, {
      starts_at: body.starts_at,
      reminders: [{ hours_before: 24 }, { hours_before: 1 }],
    });
    expect(same.body.reminders).toMatchObject([
      { rule: '24h', status: 'sent' },
      { rule: '1h', status: 'planned' },
    ]);
    await call('POST', `${url}/confirm`, {});
    const moved = await call('PATCH', url, { starts_at: at(clock.now + 48 * HOUR) });
    expect(moved.body).toMatchObject({ status: 'scheduled', text: 'Floor 2.' });
    expect(moved.body.reminders).toMatchObject([
      { rule: '24h', status: 'sent', earlier_time: true },
      { rule: '24h', status: 'planned', earlier_time: false },
      { rule: '1h', status: 'planned' },
    ]);
    await diary.pass(47 * HOUR);
    expect(await diary.inbox()).toHaveLength(2);
    await diary.work();
    expect((await diary.inbox()).at(-1)).toBe('Floor 2.');
    expect(await diary.told()).toEqual([
      'created',
      'reminded',
      'updated',
      'updated',
      'confirmed',
      'rescheduled',
      'reminder_skipped',
      'reminded',
    ]);
  });

  it('that wait for a carrier are called off with the appointment', async () => {
    const diary = diaries.open();
    const { body } = await diary.create();
    const { services, clock, call } = diary.service;
    clock.now += 6 * HOUR;
    await services.messaging.appointments.worker.runDue();
    expect((await call('POST', `/v1/appointments/${body.id}/cancel`, {})).body.status).toBe('canceled');
    await services.messaging.appointments.worker.runDue();
    await diary.work();
    expect(await diary.inbox()).toEqual([]);
    const [reminder] = (await diary.read(body.id)).reminders;
    expect((await call('GET', `/v1/messages/${reminder.message_id}`)).body.status).toBe('canceled');
  });

  it('keep to quiet hours, and to who wants nothing', async () => {
    const diary = diaries.open();
    const { call, clock } = diary.service;
    clock.now = Date.parse('2027-06-14T08:00:00Z');
    const rules = { time_zone: 'Europe/Paris', windows: [{ from: '08:00', to: '21:00', purposes: ['transactional'] }] };
    const put = await call('PUT', '/v1/sending-rules', { ...rules, frequency_caps: [] });
    expect(put.status, JSON.stringify(put.body)).toBe(200);
    // 08:30 in Paris: the evening before is open, half past six in the morning is not.
    const zone = { time_zone: 'Europe/Paris', starts_at: '2027-06-15T08:30' };
    const made = await diary.create({ ...zone, reminders: [{ days_before: 1, at: '18:00' }, { hours_before: 2 }] });
    const early = await diary.create({ ...zone, starts_at: '2027-06-15T07:30', reminders: [{ hours_before: 1 }] });
    expect(made.body.reminders).toMatchObject([
      { due_at: '2027-06-14T16:00:00.000Z' },
      { due_at: '2027-06-15T04:30:00.000Z' },
    ]);
    await diary.pass(Date.parse('2027-06-15T04:30:00Z') - clock.now);
    expect((await diary.read(made.body.id)).reminders[1]).toMatchObject({
      ...{ status: 'planned', reason: 'quiet_hours', due_at: '2027-06-15T06:00:00.000Z' },
    });
    expect((await diary.read(early.body.id)).reminders[0]).toMatchObject({ status: 'skipped', reason: 'quiet_hours' });
    await call('POST', '/v1/suppressions', { to: diary.to, purpose: 'messages', reason: 'complaint' });
    await diary.pass(1.5 * HOUR);
    expect((await diary.read(made.body.id)).reminders[1]).toMatchObject({ status: 'blocked', reason: 'suppressed' });
  });
});
