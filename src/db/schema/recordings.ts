export interface RecordingTable {
  id: string;
  project_id: string;
  mode: 'live' | 'test';
  name: string;
  /** Of the file that was uploaded. */
  format: string;
  duration_ms: number;
  actor: string;
  created_at: number;
  /** What calls play: WAV, PCM of 16 bit, 8 kHz, mono. */
  audio: Uint8Array;
}

/** Found by the keyed hash alone: no number is kept here. */
export interface OptOutTable {
  project_id: string;
  mode: 'live' | 'test';
  channel: string;
  recipient_hash: string;
  /** By which it was said. */
  message_id: string;
  created_at: number;
}

export interface RecordingsSchema {
  recordings: RecordingTable;
  opt_outs: OptOutTable;
}
