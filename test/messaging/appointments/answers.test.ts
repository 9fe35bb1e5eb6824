import { describe, expect, it } from 'vitest';
import { PROFILES } from '../../service.ts';
import { HOUR, openDiaries } from './diary.ts';

const at = (ms: number) => new Date(ms).toISOString();

describe.each(PROFILES)('answers to reminders on the %s profile', (profile) => {
  const diaries = openDiaries(profile);

  it('confirm, cancel and ask for another time, in the person’s language, and are answered once', async () => {
    const diary = diaries.open();
    const first = await diary.create({ time_zone: 'Europe/Paris' });
    await diary.pass(6 * HOUR);
    await diary.write('Oui !');
    expect(await diary.read(first.body.id)).toMatchObject({
      status: 'confirmed',
      answered_at: at(diary.service.clock.now),
    });
    await diary.write('1');
    await diary.write('Je viens avec mon fils, est-ce que cela va ?');
    expect((await diary.read(first.body.id)).status).toBe('confirmed');
    await diary.write('Je ne viens pas, merci');
    expect((await diary.read(first.body.id)).status).toBe('canceled');
    // Nothing is open any more.
    await diary.write('1');
    expect((await diary.inbox()).slice(1)).toEqual([
      'Merci. Votre rendez-vous du samedi 16 janvier à 15:00 est confirmé.',
      'Votre rendez-vous du samedi 16 janvier à 15:00 est annulé.',
    ]);
    expect(await diary.told()).toEqual(['created', 'reminded', 'confirmed', 'canceled']);
  });

  it('are for the next appointment that the sender has reminded of; nobody else’s words count', async () => {
    const diary = diaries.open();
    const { service } = diary;
    const later = await diary.create({ starts_at: at(service.clock.now + 31 * HOUR) });
    const next = await diary.create();
    const far = await diary.create({ starts_at: at(service.clock.now + 90 * HOUR) });
    const other = await diary.create({ sender: 'OTHER', starts_at: at(service.clock.now + 29 * HOUR) });
    await diary.write('1');
    expect((await diary.read(next.body.id)).status).toBe('scheduled');
    await diary.pass(7 * HOUR);
    await diary.write('3');
    expect((await diary.read(next.body.id)).status).toBe('reschedule_requested');
    await diary.write('1');
    await diary.write('1');
    const statusOf = async (id: string) => (await diary.read(id)).status;
    expect(await statusOf(next.body.id)).toBe('confirmed');
    expect(await statusOf(later.body.id)).toBe('confirmed');
    expect(await statusOf(far.body.id)).toBe('scheduled');
    expect(await statusOf(other.body.id)).toBe('scheduled');
    await diary.write('2', 'OTHER');
    expect(await statusOf(other.body.id)).toBe('canceled');
  });

  it('are for that of the newest reminder, not for an earlier appointment that was answered long ago', async () => {
    const diary = diaries.open();
    const { clock } = diary.service;
    const first = await diary.create({ reminders: [{ hours_before: 24 }] });
    const reminders = [{ hours_before: 60 }];
    const second = await diary.create({ starts_at: at(clock.now + 72 * HOUR), reminders });
    await diary.pass(6 * HOUR);
    await diary.write('1');
    await diary.pass(6 * HOUR);
    await diary.write('2');
    expect((await diary.read(first.body.id)).status).toBe('confirmed');
    expect((await diary.read(second.body.id)).status).toBe('canceled');
  });

  it('a “no” that is sent twice cancels one appointment, until another one is reminded of', async () => {
    const diary = diaries.open();
    const { clock } = diary.service;
    const first = await diary.create({ reminders: [{ hours_before: 24 }] });
    const reminders = [{ hours_before: 60 }];
    const second = await diary.create({ starts_at: at(clock.now + 72 * HOUR), reminders });
    const third = await diary.create({ starts_at: at(clock.now + 80 * HOUR), reminders });
    await diary.pass(6 * HOUR);
    await diary.pass(6 * HOUR);
    await diary.write('2');
    await diary.write('2');
    const statuses = async () =>
      Promise.all([first, second, third].map(async ({ body }) => (await diary.read(body.id)).status));
    expect(await statuses()).toEqual(['scheduled', 'canceled', 'scheduled']);
    await diary.pass(8 * HOUR);
    await diary.write('2');
    expect(await statuses()).toEqual(['scheduled', 'canceled', 'canceled']);
  });

  it('to a time that has moved since count for nothing until the new one was told', async () => {
    const diary = diaries.open();
    const { body } = await diary.create();
    await diary.pass(6 * HOUR);
    await diary.service.call('PATCH', `/v1/appointments/${body.id}`, {
      starts_at: at(diary.service.clock.now + 60 * HOUR),
    });
    await diary.write('1');
    expect((await diary.read(body.id)).status).toBe('scheduled');
    await diary.pass(36 * HOUR);
    await diary.write('1');
    expect((await diary.read(body.id)).status).toBe('confirmed');
  });

  it('STOP stops marketing and no appointment; CANCEL does both', async () => {
    const diary = diaries.open();
    const { body } = await diary.create({ locale: 'en' });
    await diary.pass(6 * HOUR);
    await diary.write('STOP');
    expect((await diary.read(body.id)).status).toBe('scheduled');
    await diary.write('CANCEL');
    expect((await diary.read(body.id)).status).toBe('canceled');
    expect(await diary.inbox()).toHaveLength(3);
  });

  it('in the project’s own words count too, and are answered as the project says', async () => {
    const diary = diaries.open();
    const { call } = diary.service;
    const url = '/v1/appointments/settings';
    const words = { confirm: ['bin dabei'], cancel: [], reschedule: [] };
    expect((await call('PUT', url, { words: { ...words, cancel: ['Bin dabei!'] }, answers: {} })).status).toBe(422);
    expect((await call('PUT', url, { words: { ...words, cancel: ['stop'] }, answers: {} })).status).toBe(422);
    const answers = { confirm: 'Bis {time}!', cancel: null };
    expect((await call('PUT', url, { words, answers })).status).toBe(200);
    expect((await call('GET', url)).body).toEqual({ words, answers });
    const { body } = await diary.create();
    await diary.pass(6 * HOUR);
    await diary.write('Bin dabei');
    expect((await diary.read(body.id)).status).toBe('confirmed');
    await diary.write('2');
    expect((await diary.inbox()).slice(1)).toEqual([expect.stringMatching(/^Bis \d\d:00!$/)]);
  });
});
