import type { KeyObject } from 'node:crypto';
import type { Database } from '../db/open.ts';
import { type Cursors, DEFAULT_LIMIT, toPage } from '../http/pagination.ts';
import { Problem } from '../lib/errors.ts';
import { hashPhone, parsePhone } from '../lib/phone.ts';
import type { Status } from './challenge.ts';
import type { Caller } from './deps.ts';
import { listRecords } from './records.ts';
import { viewVerification } from './view.ts';

export interface ListQuery {
  to?: string;
  status?: Status;
  limit?: number;
  cursor?: string;
}

export type ListVerifications = ReturnType<typeof createListVerifications>;

/** From the records, which are the store itself on SQL and follow it by a moment on Redis. */
export function createListVerifications(db: Database, hashKey: KeyObject, cursors: Cursors) {
  return async (caller: Caller, query: ListQuery) => {
    const limit = query.limit ?? DEFAULT_LIMIT;
    const position = cursors.decode(query.cursor);
    const rows = await listRecords(db, {
      project: caller.project,
      mode: caller.mode,
      ...(query.to !== undefined && { to: hashPhone(hashKey, phoneOf(query.to)) }),
      ...(query.status !== undefined && { status: query.status }),
      ...(position && { cursor: { createdAt: Number(position[0]), id: String(position[1]) } }),
      limit: limit + 1,
    });
    return toPage(rows, limit, cursors, (row) => [row.createdAt, row.id], viewVerification);
  };
}

function phoneOf(text: string): string {
  // A `+` that was not percent-encoded arrives as a space.
  const phone = parsePhone(text.replace(/^ /, '+'));
  if (!phone)
    throw new Problem('invalid_phone_number', { errors: [{ pointer: 'to', message: 'is not a valid phone number' }] });
  return phone.e164;
}
