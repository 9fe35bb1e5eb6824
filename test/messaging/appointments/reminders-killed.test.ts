import { expect, it } from 'vitest';
import { openDatabase } from '../../../src/db/open.ts';
import { prepareSending } from '../../chaos/prepare-sending.ts';
import { eventually } from '../../countersign-process.ts';
import { describeWith, freshDatabase } from '../../rig/stores.ts';
import { newNumber } from '../../service.ts';

const HOUR_MS = 3_600_000;
const LEASE_MS = 31_000;
const APPOINTMENTS = 200;
const KILLS = 2;

await describeWith(['postgres'], 'reminders whose processes are killed', () => {
  it('each become one message', { timeout: 120_000 }, async () => {
    const { url } = await freshDatabase('postgres');
    const start = prepareSending(url);
    /** Past the hour at which all are due, and past the leases of those killed before. */
    const startLater = (round: number) => start(2 * HOUR_MS + round * LEASE_MS);
    const db = await openDatabase(url);
    const reminded = async () => {
      const { count } = await db.kysely
        .selectFrom('appointment_reminders')
        .select((eb) => eb.fn.countAll<string>().as('count'))
        .where('status', '=', 'sent')
        .executeTakeFirstOrThrow();
      return Number(count);
    };

    const first = await start(0);
    const starts_at = new Date(Date.now() + 3 * HOUR_MS).toISOString();
    for (let made = 0; made < APPOINTMENTS; made += 50) {
      const body = { starts_at, text: 'At {{appointment_time}}.', reminders: [{ hours_before: 2 }] };
      const create = () => first.call('POST', '/v1/appointments', { ...body, to: newNumber() });
      const answers = await Promise.all(Array.from({ length: 50 }, create));
      for (const { status } of answers) expect(status).toBe(201);
    }
    await first.stop();

    for (let round = 0, before = 0; round < KILLS && before < APPOINTMENTS; round += 1) {
      const both = await Promise.all([startLater(round), startLater(round)]);
      before = await eventually(async () => {
        const now = await reminded();
        return now > before && now;
      }, 30);
      await Promise.all(both.map((service) => service.stop('SIGKILL')));
    }
    const last = await startLater(KILLS);
    await eventually(async () => (await reminded()) === APPOINTMENTS, 60);
    const messages = await db.kysely.selectFrom('messages').select(['id', 'recipient_hash']).execute();
    expect(messages).toHaveLength(APPOINTMENTS);
    expect(new Set(messages.map(({ recipient_hash }) => recipient_hash)).size).toBe(APPOINTMENTS);
    const told = await db.kysely
      .selectFrom('events')
      .select('message_id')
      .where('type', '=', 'appointment.reminded')
      .execute();
    expect(told.map(({ message_id }) => message_id).sort()).toEqual(messages.map(({ id }) => id).sort());
    await last.stop();
    await db.close();
  });
});
