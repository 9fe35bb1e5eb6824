import type { Actor } from '../../audit/admin-event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { EndpointDeps } from './create-endpoint.ts';
import { endCursor, startAnew, startCursor } from './cursor.ts';
import type { EndpointOwner, EndpointRow, EndpointSettings } from './endpoint.ts';
import { endpointEvent, originOfUrl } from './endpoint-event.ts';
import { lockEndpoint, updateEndpoint } from './endpoints-table.ts';
import { sealHeaders } from './secrets.ts';

export type EndpointPatch = Partial<EndpointSettings> & { headers?: Record<string, string> };

/** Null when there is none. What changes nothing is no event. */
export async function changeEndpoint(
  { db, keyring }: EndpointDeps,
  owner: EndpointOwner,
  id: string,
  { headers, events, apiVersion, ...same }: EndpointPatch,
  actor: Actor,
  now: number,
): Promise<EndpointRow | null> {
  return writeTransaction(db, {}, async (trx) => {
    const before = await lockEndpoint(db.dialect, trx, owner, id);
    if (!before) return null;
    const patch = {
      ...same,
      ...(events && { events: JSON.stringify(events) }),
      ...(apiVersion && { api_version: apiVersion }),
      ...(headers && { sealed_headers: sealHeaders(keyring, id, headers) }),
    };
    const changed = (Object.keys(patch) as (keyof typeof patch)[]).filter((name) => patch[name] !== before[name]);
    if (changed.length === 0) return before;
    const after = await updateEndpoint(trx, before, patch, now);
    if (after.url !== before.url) await startAnew(trx, id, now);
    const data = {
      changed: changed.map((name) => (name === 'sealed_headers' ? 'headers' : name)),
      before: tellable(before),
      after: tellable(after),
    };
    await insertEvents(trx, [endpointEvent('webhook_endpoint.updated', before, actor, now, data)]);
    return after;
  });
}

/** Null when there is none. From enabling on events are delivered; what came before is for a replay. */
export async function switchEndpoint(
  { db }: Pick<EndpointDeps, 'db'>,
  owner: EndpointOwner,
  id: string,
  status: EndpointRow['status'],
  actor: Actor,
  now: number,
): Promise<EndpointRow | null> {
  return writeTransaction(db, {}, async (trx) => {
    const before = await lockEndpoint(db.dialect, trx, owner, id);
    if (!before || before.status === status) return before ?? null;
    const off = status === 'disabled';
    await (off ? endCursor(trx, id) : startCursor(trx, before, now));
    const change = { status, disabled_reason: off ? 'asked' : null, disabled_at: off ? now : null };
    const after = await updateEndpoint(trx, before, change, now);
    const data = off ? { reason: change.disabled_reason } : { reason_before: before.disabled_reason };
    await insertEvents(trx, [endpointEvent(`webhook_endpoint.${status}`, before, actor, now, data)]);
    return after;
  });
}

/** What an event tells of an endpoint: nothing that is a secret, or may be one. */
export function tellable({ url, events, format, ordering, api_version }: EndpointRow) {
  return { origin: originOfUrl(url), events: JSON.parse(events), format, ordering, api_version };
}
