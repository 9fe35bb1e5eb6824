import { createHmac, timingSafeEqual } from 'node:crypto';
import { Type } from 'typebox';
import { Problem } from '../lib/errors.ts';
import type { Keyring } from '../lib/keyring.ts';

export const MAX_LIMIT = 100;
export const DEFAULT_LIMIT = 20;

/** Spread into the query schema of a list. */
export const pageQuery = {
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT, description: 'How many at most.' }),
  ),
  cursor: Type.Optional(
    Type.String({ maxLength: 512, pattern: '^[A-Za-z0-9_.-]+$', description: '`next_cursor` of the page before.' }),
  ),
};

/** Where a page begins: the sort key of the last row before it. */
export type Position = (string | number)[];

export interface Cursors {
  encode(position: Position): string;
  /** Null for the first page. Throws the 422 for anything that `encode` did not make. */
  decode(cursor: string | undefined): Position | null;
}

const MAC_BYTES = 16;

/** Cursors are opaque and signed; `list` names the list they belong to (and its order), so that none fits another. */
export function createCursors(keyring: Keyring, list: string): Cursors {
  const mac = (keyId: string, payload: string): Buffer | undefined => {
    const key = keyring.key('cursor', keyId);
    return key && createHmac('sha256', key).update(`${list}\0${payload}`).digest().subarray(0, MAC_BYTES);
  };
  return {
    encode(position) {
      const payload = Buffer.from(JSON.stringify(position)).toString('base64url');
      return `${keyring.current}.${payload}.${mac(keyring.current, payload)?.toString('base64url')}`;
    },
    decode(cursor) {
      if (cursor === undefined) return null;
      const [keyId = '', payload = '', given = ''] = cursor.split('.');
      const expected = mac(keyId, payload);
      const bytes = Buffer.from(given, 'base64url');
      if (expected?.length !== bytes.length || !timingSafeEqual(expected, bytes)) throw unknownCursor();
      return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Position;
    },
  };
}

function unknownCursor(): Problem {
  return new Problem('invalid_request', { errors: [{ pointer: 'cursor', message: 'is not a cursor of this list' }] });
}

/** One row more than `limit` was asked for: it tells whether there is a next page. */
export function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  cursors: Cursors,
  positionOf: (row: Row) => Position,
  view: (row: Row) => Item,
): { data: Item[]; next_cursor: string | null } {
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  return { data: shown.map(view), next_cursor: last === undefined ? null : cursors.encode(positionOf(last)) };
}
