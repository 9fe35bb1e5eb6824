export interface ErasureTable {
  id: string;
  /** Of the key that asked for it. */
  project_id: string;
  mode: 'live' | 'test';
  actor: string;
  /** 1: of every project. */
  everywhere: number;
  status: 'pending' | 'completed';
  /** Sealed hash of the person's number or address; null after the last sweep. */
  subject: string | null;
  /** Sweeps done. */
  sweeps: number;
  /** JSON: how many rows of what. */
  counts: string;
  requested_at: number;
  completed_at: number | null;
  /** Of the next sweep, or the end of the lease of the running one; null: nothing of theirs can come any more. */
  due_at: number | null;
  /** Raised by each claim. */
  claim: number;
}

export interface PrivacySchema {
  erasures: ErasureTable;
  /** Verifications and messages that were erased, for as long as something may still be written of them. */
  erased_objects: { erasure_id: string; object_id: string; proof: string };
  /** How far retention has come, by what it looks after; `run`: when it is due. */
  retention_cursors: { name: string; value: number };
  /** What retention has destroyed and not told yet. */
  retention_tallies: RetentionTallyTable;
}

export interface RetentionTallyTable {
  class: string;
  project_id: string;
  mode: 'live' | 'test';
  /** JSON, sealed: what the service has not counted itself is told of by nobody. */
  sealed: string;
}
