import { describe, expect, it } from 'vitest';
import { PROFILES } from '../../service.ts';
import { HOUR, openDiary } from './diary.ts';

describe.each(PROFILES)('reminders on the %s profile', (profile) => {
  it('go out when they are due, each once, and never after the time', async () => {
    const diary = await openDiary(profile);
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
    expect(await diary.inbox()).toHaveLength(1);
    await diary.pass(22 * HOUR);
    expect(await diary.inbox()).toHaveLength(2);
    await diary.pass(3 * HOUR);
    expect(await diary.inbox()).toHaveLength(2);
    const read = await diary.read(body.id);
    expect(read).toMatchObject({ status: 'expired', reminders: [{ status: 'sent' }, { status: 'sent' }] });
    expect(await diary.told()).toEqual(['created', 'reminded', 'reminded', 'expired']);
  });
});
