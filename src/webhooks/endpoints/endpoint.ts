import type { Selectable } from 'kysely';
import type { WebhookEndpointTable } from '../../db/schema/webhooks.ts';
import type { Keyring } from '../../lib/keyring.ts';
import type { ApiVersion, WebhookFormat } from '../render.ts';
import type { SignatureKind } from '../sign.ts';
import { type EndpointPublicKey, isLive, openHeaders } from './secrets.ts';

export type EndpointRow = Selectable<WebhookEndpointTable>;

/** Whose endpoints: those of a project for test keys and for live ones do not know each other. */
export interface EndpointOwner {
  project: string;
  mode: 'live' | 'test';
}

export const ORDERINGS = ['none', 'per_object'] as const;
export type Ordering = (typeof ORDERINGS)[number];

/** What a caller says of an endpoint. */
export interface EndpointSettings {
  url: string;
  /** Types, `verification.*` and `*` among them. */
  events: string[];
  description: string | null;
  format: WebhookFormat;
  apiVersion: ApiVersion;
  ordering: Ordering;
}

export interface Endpoint extends EndpointSettings {
  id: string;
  project: string;
  mode: 'live' | 'test';
  /** Their values are shown to nobody. */
  headerNames: string[];
  status: 'enabled' | 'disabled';
  disabledReason: string | null;
  disabledAt: number | null;
  signature: SignatureKind;
  publicKeys: EndpointPublicKey[];
  createdAt: number;
  updatedAt: number;
}

export function toEndpoint(keyring: Keyring, row: EndpointRow, now: number): Endpoint {
  const publicKeys: EndpointPublicKey[] = JSON.parse(row.public_keys ?? '[]');
  return {
    id: row.id,
    project: row.project_id,
    mode: row.mode,
    url: row.url,
    events: JSON.parse(row.events),
    description: row.description,
    headerNames: Object.keys(openHeaders(keyring, row) ?? {}),
    format: row.format,
    apiVersion: row.api_version as ApiVersion,
    ordering: row.ordering,
    status: row.status,
    disabledReason: row.disabled_reason,
    disabledAt: row.disabled_at,
    signature: row.signature,
    publicKeys: publicKeys.filter((key) => isLive(key, now)),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
