import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { columnSet } from '../../src/db/column-set.ts';
import { onEachDialect } from './on-each-dialect.ts';

const TEXTS = [
  '',
  'null',
  'a"b',
  'a\\b',
  'a\\nb',
  'a\nb\tc\r',
  '{x,y}',
  "it's",
  '\\',
  '\\\\"',
  '\u0001',
  'é😀',
  '{"a":"\\n"}',
];

await onEachDialect('rows as columns', ({ open }) => {
  it('are what they were, whatever they hold', async () => {
    const db = await open('empty');
    const read = async (rows: { one: string | null; two: string | null }[]) =>
      (await sql`select one, two from ${columnSet(db.dialect, ['one', 'two'], rows)}`.execute(db.kysely)).rows;
    expect(await read([])).toEqual([]);
    for (const text of TEXTS) expect(await read([{ one: text, two: null }]), text).toEqual([{ one: text, two: null }]);
    const all = TEXTS.map((one, index) => ({ one, two: TEXTS.at(-index) ?? null }));
    expect(await read(all)).toEqual(all);
  });
});
