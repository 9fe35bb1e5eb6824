import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../../src/db/open.ts';
import { newId } from '../../../src/lib/ids.ts';
import { purgeFrequency, takeFrequency } from '../../../src/messaging/windows/frequency.ts';
import type { FrequencyCap } from '../../../src/messaging/windows/sending-rules.ts';
import { describeWith, freshDatabase } from '../../rig/stores.ts';

const DAY = 86_400_000;
const START = Date.parse('2027-01-15T08:00:00Z');
const QUARTER = 900_000;

for (const dialect of ['sqlite', 'postgres'] as const) {
  await describeWith(dialect === 'postgres' ? ['postgres'] : [], `frequency caps (${dialect})`, () => {
    let db: Database;
    beforeAll(async () => {
      db = await openDatabase((await freshDatabase(dialect)).url);
    });
    afterAll(() => db?.close());

    const twoAWeek: FrequencyCap[] = [{ purpose: 'marketing', max: 2, days: 7 }];
    const people = (count: number) => Array.from({ length: count }, () => newId('con'));
    const take = (caps: FrequencyCap[], contacts: string[], now: number, id = newId('cmp')) =>
      takeFrequency(db, caps, { purpose: 'marketing', id }, contacts, now);

    it('no more than that within any so many days, whichever campaigns they are of', async () => {
      const [contact = ''] = people(1);
      expect((await take(twoAWeek, [contact], START)).size).toBe(0);
      expect((await take(twoAWeek, [contact], START + 3 * DAY)).size).toBe(0);
      const until = (await take(twoAWeek, [contact], START + 6 * DAY)).get(contact) ?? 0;
      expect(until).toBe(Math.ceil((START + 7 * DAY) / QUARTER) * QUARTER);
      expect((await take(twoAWeek, [contact], until)).size).toBe(0);
      // The second of them still counts.
      expect((await take(twoAWeek, [contact], until)).get(contact)).toBe(START + 10 * DAY);
    });

    it('every cap holds, those of other purposes do not', async () => {
      const [contact = ''] = people(1);
      const caps: FrequencyCap[] = [
        { purpose: 'marketing', max: 1, days: 1 },
        { purpose: 'marketing', max: 2, days: 30 },
        { purpose: 'transactional', max: 1, days: 90 },
      ];
      expect((await take(caps, [contact], START)).size).toBe(0);
      expect((await take(caps, [contact], START + 1)).get(contact)).toBe(START + DAY);
      expect((await take(caps, [contact], START + DAY)).size).toBe(0);
      expect((await take(caps, [contact], START + 3 * DAY)).get(contact)).toBe(START + 30 * DAY);
    });

    it('what is asked again for the same campaign, after a crash, does not count again', async () => {
      const contacts = people(3);
      const id = newId('cmp');
      for (let again = 0; again < 4; again += 1) expect((await take(twoAWeek, contacts, START, id)).size).toBe(0);
      expect((await take(twoAWeek, contacts, START)).size).toBe(0);
      expect((await take(twoAWeek, contacts, START)).size).toBe(3);
    });

    it('of campaigns at once only one has the last that is allowed', async () => {
      const contacts = people(40);
      const one: FrequencyCap[] = [{ purpose: 'marketing', max: 1, days: 1 }];
      const refused = await Promise.all(
        Array.from({ length: 6 }, (_, index) => take(one, index % 2 ? contacts : contacts.toReversed(), START)),
      );
      const granted = refused.flatMap((those) => contacts.filter((contact) => !those.has(contact)));
      expect(granted.toSorted()).toEqual(contacts.toSorted());
    });

    it('what no cap looks back to any more goes', async () => {
      const [old = '', fresh = ''] = people(2);
      await take(twoAWeek, [old], START);
      await take(twoAWeek, [fresh], START + 200 * DAY);
      while ((await purgeFrequency(db, START + 200 * DAY)) > 0);
      const left = await db.kysely.selectFrom('contact_frequency').select('contact_id').execute();
      expect(left).toEqual([{ contact_id: fresh }]);
    });
  });
}
