import { expect, it } from 'vitest';
import type { Database } from '../../src/db/open.ts';
import type { Challenge } from '../../src/verify/challenge.ts';
import { getRecord, listRecords, type RecordFilter } from '../../src/verify/records.ts';
import { createSqlStore } from '../../src/verify/sql-store.ts';
import { createEvents, eventOf, newChallenge, newPerson } from '../contract/build.ts';
import { onEachDialect } from '../db/on-each-dialect.ts';

const NOW = Date.UTC(2026, 0, 1);

await onEachDialect('records', ({ open }) => {
  async function store(db: Database, challenges: Challenge[]): Promise<void> {
    for (const one of challenges) await createSqlStore(db).create(one, [], createEvents(one, NOW), NOW);
  }
  const mine = { project: 'prj_one', mode: 'live' } as const;
  const list = async (db: Database, filter: Partial<RecordFilter> = {}) =>
    (await listRecords(db, { ...mine, limit: 100, ...filter })).map(({ id }) => id);

  it('tell everything about a verification but its secrets, to its project and mode only', async () => {
    const db = await open();
    const challenge = newChallenge(NOW);
    await store(db, [challenge]);
    const { id } = challenge;
    expect(await getRecord(db, { ...mine, id })).toEqual({ ...challenge, secrets: null });
    expect(await listRecords(db, { ...mine, limit: 1 })).toEqual([{ ...challenge, secrets: null }]);
    expect(await getRecord(db, { ...mine, id, project: 'prj_two' })).toBeNull();
    expect(await getRecord(db, { ...mine, id, mode: 'test' })).toBeNull();
    expect(await getRecord(db, { ...mine, id: newChallenge(NOW).id })).toBeNull();
    expect(await list(db, { mode: 'test' })).toEqual([]);
    expect(await list(db, { project: 'prj_two' })).toEqual([]);
  });

  it('are listed newest first, page by page, even when many are of the same time', async () => {
    const db = await open();
    const challenges = Array.from({ length: 12 }, (_, i) => newChallenge(NOW, { createdAt: NOW + Math.floor(i / 5) }));
    await store(db, challenges);
    const expected = challenges
      .toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))
      .map(({ id }) => id);
    expect(await list(db)).toEqual(expected);
    const pages: string[] = [];
    let cursor: { createdAt: number; id: string } | undefined;
    for (let page = 0; page < 5; page += 1) {
      const rows = await listRecords(db, { ...mine, limit: 3, ...(cursor && { cursor }) });
      pages.push(...rows.map(({ id }) => id));
      cursor = rows.at(-1) ?? cursor;
    }
    expect(pages).toEqual(expected);
  });

  it('are found by recipient and by status', async () => {
    const db = await open();
    const [ada, ben] = [newPerson(), newPerson()];
    const [first, second, other] = [
      newChallenge(NOW, {}, ada),
      newChallenge(NOW + 1, {}, ada),
      newChallenge(NOW, {}, ben),
    ];
    await store(
      db,
      [first, second, other].map((one) => ({ ...one, createdAt: one === second ? NOW + 1 : NOW })),
    );
    await createSqlStore(db).consume(second.id, 'a', eventOf('verification.approved', second, NOW), NOW);
    expect(await list(db, { to: ada.hash })).toEqual([second.id, first.id]);
    expect(await list(db, { to: ada.hash, status: 'approved' })).toEqual([second.id]);
    expect(await list(db, { status: 'pending' })).toEqual([first.id, other.id].toSorted().reverse());
    expect(await list(db, { to: 'nobody' })).toEqual([]);
  });
});
