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
  contact_attributes: { project_id: string; mode: Mode; name: string; type: string; created_at: number };
  lists: { id: string; project_id: string; mode: Mode; name: string; created_at: number; updated_at: number };
  list_members: { list_id: string; contact_id: string; added_at: number };
  segments: SegmentTable;
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
