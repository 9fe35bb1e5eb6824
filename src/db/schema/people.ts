type Mode = 'live' | 'test';

export interface ContactTable {
  id: string;
  project_id: string;
  mode: Mode;
  /** The app's own id of the person. */
  external_id: string | null;
  /** JSON object of typed values. */
  attributes: string;
  /** BCP 47. */
  locale: string | null;
  /** ISO 3166-1 alpha-2, of the phone number or as given. */
  country: string | null;
  /** IANA name. */
  time_zone: string | null;
  time_zone_source: 'given' | 'inferred' | null;
  created_at: number;
  updated_at: number;
}

export interface ContactAddressTable {
  project_id: string;
  mode: Mode;
  /** `phone` (SMS and calls), `email`, `whatsapp`, `telegram`. */
  kind: string;
  address_hash: string;
  address: string;
  contact_id: string;
  created_at: number;
}

export interface PeopleSchema {
  contacts: ContactTable;
  contact_addresses: ContactAddressTable;
  contact_tags: { project_id: string; mode: Mode; tag: string; contact_id: string };
  contact_attributes: {
    project_id: string;
    mode: Mode;
    name: string;
    type: AttributeType;
    created_at: number;
    archived_at: number | null;
  };
  lists: { id: string; project_id: string; mode: Mode; name: string; created_at: number; updated_at: number };
  list_members: { list_id: string; contact_id: string; added_at: number };
  segments: SegmentTable;
  contact_imports: ContactImportTable;
  contact_import_chunks: { import_id: string; position: number; body: Uint8Array };
  contact_import_errors: ContactImportErrorTable;
}

export type AttributeType = 'string' | 'number' | 'boolean' | 'date';

export interface ContactImportTable {
  id: string;
  project_id: string;
  mode: Mode;
  /** Who asked for it. */
  actor: string;
  status: 'uploading' | 'queued' | 'running' | 'completed' | 'failed' | 'canceled';
  reason: string | null;
  /** JSON of ImportOptions. */
  options: string;
  /** JSON of ImportFormat; null while it is being uploaded. */
  format: string | null;
  /** Of the text, as UTF-8. */
  bytes: number;
  /** How many of them are worked in. */
  position: number;
  rows: number;
  created: number;
  updated: number;
  skipped: number;
  failed: number;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
  updated_at: number;
}

export interface ContactImportErrorTable {
  import_id: string;
  /** From 1, the header not counted. */
  row: number;
  /** Of several in a row. */
  number: number;
  field: string;
  reason: string;
  /** What was there, shortened. */
  value: string | null;
}

export interface SegmentTable {
  id: string;
  project_id: string;
  mode: Mode;
  name: string;
  /** JSON. */
  filter: string;
  created_at: number;
  updated_at: number;
}
