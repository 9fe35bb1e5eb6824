import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCursors, toPage } from '../../src/http/pagination.ts';
import { Problem } from '../../src/lib/errors.ts';
import { createKeyring } from '../../src/lib/keyring.ts';

const [old, young] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const cursors = createCursors(createKeyring([old]), 'events');
const position = fc.array(fc.oneof(fc.integer(), fc.string()), { maxLength: 4 });

describe('cursors', () => {
  it('come back as they went', () => {
    fc.assert(
      fc.property(position, (values) => {
        expect(cursors.decode(cursors.encode(values))).toEqual(values);
      }),
    );
    expect(cursors.decode(undefined)).toBeNull();
  });

  it('survive the rotation of the master secret', () => {
    const cursor = cursors.encode([1, 'evt_1']);
    expect(createCursors(createKeyring([young, old]), 'events').decode(cursor)).toEqual([1, 'evt_1']);
    expect(() => createCursors(createKeyring([young]), 'events').decode(cursor)).toThrow(Problem);
  });

  it('of another list, or changed in any place, are refused', () => {
    const cursor = cursors.encode([1, 'evt_1']);
    expect(() => createCursors(createKeyring([old]), 'verifications').decode(cursor)).toThrow(Problem);
    for (let i = 0; i < cursor.length; i++) {
      const changed = `${cursor.slice(0, i)}${cursor[i] === 'A' ? 'B' : 'A'}${cursor.slice(i + 1)}`;
      let decoded: unknown = null;
      try {
        decoded = cursors.decode(changed);
      } catch (error) {
        expect((error as Problem).code).toBe('invalid_request');
      }
      // The last character of base64url has spare bits: other spellings of the same signature are no harm.
      if (decoded !== null) expect(decoded).toEqual([1, 'evt_1']);
    }
  });

  it('are 422 when they are nonsense', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => cursors.decode(text)).toThrow(Problem);
      }),
    );
  });
});

describe('pages', () => {
  it('lead to every row once', () => {
    const rows = Array.from({ length: 45 }, (_, i) => ({ at: i, id: `evt_${i}` }));
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const from: number = cursor === null ? 0 : Number(cursors.decode(cursor)?.[0]) + 1;
      const page: ReturnType<typeof toPage<(typeof rows)[0], string>> = toPage(
        rows.slice(from, from + 21),
        20,
        cursors,
        ({ at, id }) => [at, id],
        ({ id }) => id,
      );
      expect(page.data.length).toBeLessThanOrEqual(20);
      seen.push(...page.data);
      cursor = page.next_cursor;
    } while (cursor !== null);
    expect(seen).toEqual(rows.map(({ id }) => id));
  });
});
