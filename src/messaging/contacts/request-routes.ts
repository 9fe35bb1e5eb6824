import type { FastifyRequest } from 'fastify';
import { actorOf } from '../../audit/admin-event.ts';
import type { Cursors } from '../../http/pagination.ts';
import { type FieldError, Problem } from '../../lib/errors.ts';
import type { By } from './change-contacts.ts';
import type { Owner } from './contact.ts';
import type { Place } from './contacts-table.ts';

/** What routes of contacts read from a request. */

export function ownerOf({ auth }: FastifyRequest): Owner {
  return { project: auth.projectId, mode: auth.mode };
}

export function byOf(request: FastifyRequest): By {
  return { owner: ownerOf(request), actor: actorOf(request) };
}

export function placeOf(cursors: Cursors, cursor: string | undefined): Place | null {
  const [at, id] = cursors.decode(cursor) ?? [];
  return at === undefined ? null : { at: Number(at), id: String(id) };
}

export function found<T>(row: T | null | undefined): T {
  if (row === null || row === undefined) throw new Problem('not_found');
  return row;
}

export function refuseErrors(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw new Problem('invalid_request', { errors: errors.slice(0, 20) });
}
