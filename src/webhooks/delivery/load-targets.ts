import type { Database } from '../../db/open.ts';
import type { Keyring } from '../../lib/keyring.ts';
import type { EndpointRow } from '../endpoints/endpoint.ts';
import { createSigningKeys, openHeaders, openSecrets } from '../endpoints/secrets.ts';
import type { ApiVersion } from '../render.ts';
import type { Target } from './attempt.ts';

/** Null: its secrets do not open. */
export function toTarget(keyring: Keyring, row: EndpointRow): Target | null {
  const secrets = openSecrets(keyring, row);
  const headers = openHeaders(keyring, row);
  if (secrets === null || headers === null) return null;
  return {
    id: row.id,
    project: row.project_id,
    mode: row.mode,
    url: row.url,
    events: JSON.parse(row.events),
    headers,
    format: row.format,
    apiVersion: row.api_version as ApiVersion,
    ordered: row.ordering === 'per_object',
    keys: createSigningKeys(secrets),
    revision: row.updated_at,
  };
}

/** Of those that are enabled. */
export type LoadTargets = (ids: readonly string[]) => Promise<Map<string, Target | null>>;

export function createLoadTargets({ kysely }: Pick<Database, 'kysely'>, keyring: Keyring): LoadTargets {
  return async (ids) => {
    if (ids.length === 0) return new Map();
    const rows = await kysely
      .selectFrom('webhook_endpoints')
      .selectAll()
      .where('id', 'in', ids)
      .where('status', '=', 'enabled')
      .execute();
    return new Map(rows.map((row) => [row.id, toTarget(keyring, row)]));
  };
}
