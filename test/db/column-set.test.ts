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
    const read = async (rows: { one: string | null; two: string | null }[]) => {
      const columns = { one: 'text', two: 'text' } as const;
      return (await sql`select one, two from ${columnSet(db.dialect, columns, rows)}`.execute(db.kysely)).rows;
    };
    expect(await read([])).toEqual([]);
    for (const text of TEXTS) expect(await read([{ one: text, two: null }]), text).toEqual([{ one: text, two: null }]);
    const all = TEXTS.map((one, index) => ({ one, two: TEXTS.at(-index) ?? null }));
    expect(await read(all)).toEqual(all);
  });

  it('hold numbers as wide as times in milliseconds, and none', async () => {
    const db = await open('empty');
    const columns = { at: 'bigint', text: 'text' } as const;
    const rows = [
      { at: 1_795_432_395_595, text: 'a\nb' },
      { at: null, text: '1' },
      { at: -1, text: null },
    ];
    const { rows: read } = await sql`select at, text from ${columnSet(db.dialect, columns, rows)}`.execute(db.kysely);
    expect(read).toEqual(rows);
  });
});
