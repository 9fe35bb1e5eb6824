type Mode = 'live' | 'test';

export interface TemplateTable {
  id: string;
  project_id: string;
  mode: Mode;
  name: string;
  created_at: number;
  updated_at: number;
  /** Null: in use. */
  archived_at: number | null;
}

export interface TemplateVersionTable {
  template_id: string;
  /** From 1. */
  version: number;
  /** JSON of TemplateContent. */
  content: string;
  status: 'draft' | 'submitted' | 'approved' | 'rejected';
  /** API key id, as are the next ones. */
  author: string;
  submitted_by: string | null;
  submitted_at: number | null;
  reviewed_by: string | null;
  reviewed_at: number | null;
  /** Why it was rejected. */
  reason: string | null;
  created_at: number;
}

export interface LinkTable {
  /** `lnk_` and what stands in the short URL. */
  id: string;
  project_id: string;
  mode: Mode;
  url: string;
  message_id: string | null;
  campaign_id: string | null;
  recipient_hash: string | null;
  recipient_masked: string | null;
  created_at: number;
  expires_at: number;
  /** All requests, machines' too. */
  clicks: number;
  human_clicks: number;
  /** Different people, as far as they can be told apart. */
  visitors: number;
  /** Of a human. */
  first_click_at: number | null;
  last_click_at: number | null;
}

export interface TemplatesSchema {
  templates: TemplateTable;
  template_versions: TemplateVersionTable;
  links: LinkTable;
  /** `visitor`: a keyed hash of network and user agent. */
  link_visitors: { link_id: string; visitor: string; at: number };
}
