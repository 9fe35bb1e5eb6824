type Mode = 'live' | 'test';

export interface ConsentEntryTable {
  id: string;
  project_id: string;
  mode: Mode;
  channel: string;
  purpose: 'transactional' | 'marketing';
  address_hash: string;
  address_masked: string;
  state: 'pending' | 'granted' | 'revoked';
  source: string;
  /** 1: asked for, or confirmed, by the address itself. */
  double_opt_in: number;
  /** What the person was shown. */
  wording: string | null;
  /** JSON: what shows that it was so. */
  proof: string | null;
  actor: string;
  /** When the person said it. */
  at: number;
  recorded_at: number;
}

export interface ConsentTable {
  project_id: string;
  mode: Mode;
  address_hash: string;
  channel: string;
  purpose: 'transactional' | 'marketing';
  address: string;
  address_masked: string;
  state: 'pending' | 'granted' | 'revoked';
  /** 1: was granted before a STOP, so that START restores it. */
  resumes: number;
  /** Of the ledger. */
  entry_id: string;
  at: number;
  /** Of what is pending. */
  expires_at: number | null;
  updated_at: number;
}

export interface SuppressionTable {
  id: string;
  project_id: string;
  mode: Mode;
  address_hash: string;
  /** `*`: every one. */
  channel: string;
  /** `messages`: all but codes. */
  purpose: 'marketing' | 'messages' | 'all';
  /** As `senderKey` writes it; `*`: every one. */
  sender: string;
  reason: string;
  /** 1: somebody should look whether it was meant. */
  review: number;
  /** Null after an erasure: the refusal outlives the number. */
  address: string | null;
  note: string | null;
  /** The message that brought it about. */
  cause: string | null;
  /** JSON. */
  proof: string | null;
  actor: string;
  created_at: number;
}

export interface ConsentSchema {
  consent_entries: ConsentEntryTable;
  consents: ConsentTable;
  suppressions: SuppressionTable;
  consent_settings: {
    project_id: string;
    mode: Mode;
    help: string | null;
    stop_scope: 'project' | 'sender';
    updated_at: number;
  };
}
